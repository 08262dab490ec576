"""Puts the files of a source together as steps: a file a step, many steps in a file, variables in separate files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from earthgan.errors import BadInput
from earthgan_training.simulations.axes import Axis, Role
from earthgan_training.simulations.gathering import Part
from earthgan_training.simulations.labelled import SourceStep
from earthgan_training.simulations.reading import Place
from earthgan_training.simulations.stores import Store, Stored
from earthgan_training.simulations.times import Time, steps_of_labels, times_of


@dataclass(frozen=True)
class Clock:
    """The times of a variable as they are stored: one number or text for each, and the attributes of their coordinate.

    `values` is None if the source says no time.
    """

    count: int
    name: str = ""
    values: tuple[Any, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """A variable in one part of a source: its recognised axes, and its times in the stored order.

    `clock` has one time if the variable has no time axis. `stored` describes the variable, and `coordinates` are the
    numbers and attributes of its three axes as they are stored, to tell other grids by.
    """

    file: Part
    stored: Stored
    axes: dict[Role, Axis]
    clock: Clock
    coordinates: tuple[Any, ...] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.stored.name

    @property
    def has_many(self) -> bool:
        return self.clock.count > 1

    def place(self, i: int) -> Place:
        """Where the variable is stored at its `i`-th time."""
        time = self.axes.get(Role.TIME)
        vertical, latitude, longitude = (
            self.axes[role].dimension for role in (Role.VERTICAL, Role.LATITUDE, Role.LONGITUDE)
        )
        fixed = ((time.dimension, i if self.has_many else 0),) if time is not None else ()
        return Place(self.file.address, self.name, (vertical, latitude, longitude), fixed, self.file.held)


def clock_of(store: Store, stored: Stored, axes: dict[Role, Axis], said: str | None) -> Clock:
    """The times of a variable, by its time axis, or by a time without an axis, or by our attribute `time_Myr`.

    Raises BadInput if they cannot be read.
    """
    axis = axes.get(Role.TIME)
    count = stored.shape[stored.dimensions.index(axis.dimension)] if axis is not None else 1
    name = axis.coordinate if axis is not None else _scalar_time(store, stored, said)
    if axis is not None and count == 0:
        raise BadInput(f"{store.address}: {stored.name} has no time step: its dimension {axis.dimension} is empty")
    if name is not None:
        coordinate = store.variables[name]
        return Clock(count, name, tuple(np.atleast_1d(store.read(name)).ravel()), coordinate.attributes)
    if count == 1 and "time_Myr" in store.attributes:
        return Clock(1, "time_Myr", (float(store.attributes["time_Myr"]),), {"units": "Myr"})
    return Clock(count)


def _scalar_time(store: Store, stored: Stored, said: str | None) -> str | None:
    """A time that is stored as one number beside a variable without a time axis."""
    for name in (said, "time", *stored.text("coordinates").split()):
        each = store.variables.get(name) if name else None
        if each is None or int(np.prod(each.shape)) != 1 or each.dtype.kind not in "iufUSO":
            continue
        if name == said or each.text("standard_name") == "time" or each.name.lower() == "time":
            return each.name
    return None


def assemble(held: Sequence[Held], every: Sequence[str] = ()) -> tuple[list[SourceStep], dict[int, dict[str, Place]]]:
    """The steps of a source, and where each variable is stored at each step. `every` are the texts of all its steps, if
    `held` has only some of them.

    Raises BadInput if two files hold the same variable of the same step, if the files of one step have different times,
    or if a variable is absent from some steps.
    """
    held = _told_apart(held)
    labels = list(dict.fromkeys(each.file.label for each in held if each.file.label is not None))
    bare = next((each.file.address for each in held if each.file.label is None), None)
    if labels and bare is not None:
        raise BadInput(f"{bare}: nothing in its name says its step, as in the names of the other files")
    _refuse_twice(held)
    try:
        named = {text: step for text, step in steps_of_labels(every or labels).items() if text in labels}
    except BadInput as error:
        raise BadInput(f"{held[0].file.address}: {error}") from error
    keys: list[str | None] = list(named) or [None]
    groups = {label: [each for each in held if each.file.label == label] for label in keys}
    agreed = {label: _agreed(members) for label, members in groups.items()}
    many = any(clock.count > 1 for clock in agreed.values())
    times = iter(_times(list(agreed.values()), held[0].file.address))
    steps: list[SourceStep] = []
    places: dict[int, dict[str, Place]] = {}
    for label, members in groups.items():
        for i in range(agreed[label].count):
            own = named[label] if label is not None else SourceStep(len(steps))
            time = next(times)
            text = (time.label if many else own.label or time.label) or own.label
            known = own.time_myr if time.time_myr is None else time.time_myr
            step = SourceStep(len(steps) if many else own.t, text, known)
            places[step.t] = _places(members, i)
            steps.append(step)
    _refuse_gaps(places, held)
    return steps, places


def _refuse_twice(held: Sequence[Held]) -> None:
    """Refuse two files whose names say the same number in different ways."""
    seen: dict[float, Part] = {}
    for each in held:
        try:
            number = float(each.file.label or "")
        except ValueError:
            continue
        first = seen.setdefault(number, each.file)
        if first.label != each.file.label:
            name = Path(first.address).name
            raise BadInput(f"{each.file.address}: has the same time step as {name} ({number:g})")


def _times(clocks: Sequence[Clock], where: str) -> list[Time]:
    """The times of all steps, which are read together, so that all of them become dates or none does."""
    if any(clock.values is None for clock in clocks):
        return [Time(i) for i in range(sum(clock.count for clock in clocks))]
    values = [value for clock in clocks for value in clock.values or ()]
    attributes = [clock.attributes for clock in clocks for _ in range(clock.count)]
    try:
        return times_of(np.asarray(values), attributes)
    except BadInput as error:
        raise BadInput(f"{where}: {clocks[0].name}: {error}") from error


def _told_apart(held: Sequence[Held]) -> list[Held]:
    """Files without a label that hold the same variables are steps. They are told apart by their whole names."""
    seen: dict[str, str] = {}
    for each in held:
        if each.file.label is None and seen.setdefault(each.name, each.file.address) != each.file.address:
            return [
                replace(x, file=replace(x.file, label=x.file.stem)) if x.file.label is None else x for x in held
            ]  # fmt: skip
    return list(held)


def _agreed(members: Sequence[Held]) -> Clock:
    """The times that all files of a step share. A variable without a time axis is the same at each of them."""
    longest = max(members, key=lambda each: (each.clock.count, each.clock.values is not None))
    due = longest.clock
    for each in members:
        clock = each.clock
        if not each.has_many or (clock.count == due.count and (clock.values is None or clock.values == due.values)):
            continue
        raise BadInput(
            f"{each.file.address}: {each.name} has {clock.count} times that are not the {due.count} of {longest.name}"
            + (f" in {longest.file.address}" if longest.file != each.file else "")
        )
    return due


def _places(members: Sequence[Held], i: int) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for each in members:
        place = each.place(i)
        if each.name in found:
            other = found[each.name].address.rsplit("/", 1)[-1]
            raise BadInput(f"{place.address}: has the same time step as {other} ({each.file.label})")
        found[each.name] = place
    return found


def _refuse_gaps(places: dict[int, dict[str, Place]], held: Sequence[Held]) -> None:
    everywhere = list(dict.fromkeys(each.name for each in held))
    for t, found in places.items():
        lacking = [name for name in everywhere if name not in found]
        if lacking:
            address = next(iter(found.values())).address
            raise BadInput(
                f"{address}: holds no variable {lacking[0]!r}, which other steps have (step {t}): choose the variables"
                " that all steps have"
            )
