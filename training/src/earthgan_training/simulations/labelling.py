"""Labels the variables of a source as it or a mapping describes them, and says how each is read in its unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from earthgan.errors import BadInput
from earthgan.variables import VX, VY, VZ, Variable
from earthgan_training.simulations.checks import is_absolute_temperature
from earthgan_training.simulations.contest import CONTEST
from earthgan_training.simulations.layout import SourceVariable
from earthgan_training.simulations.mapping import CONTEST_MAPPING, VariableSaid
from earthgan_training.simulations.mapping import Mapping as Said
from earthgan_training.simulations.naming import described, long_name_of, refuse_inconvertible, unit_of
from earthgan_training.simulations.reading import Fields, Turned
from earthgan_training.simulations.stores import Stored
from earthgan_training.simulations.units import Conversion, conversion, is_dimensionless
from earthgan_training.simulations.vectors import SAY_SPHERICAL, Components, direction

_CARTESIAN = (VX, VY, VZ)


def label(
    stored: Mapping[str, Stored],
    components: Components | None,
    said: Said,
    fields: Fields,
    where: str,
) -> tuple[tuple[SourceVariable, ...], tuple[str, str, str] | None, Fields]:
    """The variables as the source or the mapping describes them, the velocity among them, and the reader for them."""
    wishes = {each.source: each for each in said.variables}
    contest = {each.source: each for each in CONTEST.variables} if said is CONTEST_MAPPING else {}
    turned = components is not None and not components.is_cartesian
    shown: list[SourceVariable] = []
    conversions: dict[str, Conversion] = {}
    order = [name for name in wishes if name in stored] or list(stored)
    first = next(iter(fields.places.values()))

    def sampler(name: str) -> Callable[[], np.ndarray[Any, Any]]:
        middle = int(fields.shells[len(fields.shells) // 2])
        return lambda: first[name].read(slice(middle, middle + 1))

    for name in order:
        if turned and components is not None and name in components.names:
            continue
        if name in contest:
            ours = contest[name]
            if unit_of(stored[name]) and is_dimensionless(unit_of(stored[name])):
                ours = replace(ours, variable=replace(ours.variable, unit="1"))
            shown.append(ours)
        else:
            wish = _of_component(stored[name], components, said) or wishes.get(name)
            found = described(stored[name], wish, said, where, sampler(name))
            found = _named_apart(_named_honestly(found, stored[name], wish, where), shown, said)
            shown.append(found)
            _convert(stored[name], found.variable, wish, f"{where}: {name}", conversions)
    vector = None
    if components is not None and not turned:
        by_source = {each.source: each.variable.name for each in shown}
        if all(name in by_source for name in components.names):
            x, y, z = (by_source[name] for name in components.names)
            vector = (x, y, z)
    if components is not None and turned:
        unit = _one_unit(stored, components, wishes, where, conversions)
        source = ", ".join(components.names)
        taken = {each.variable.name for each in shown} & {each.name for each in _CARTESIAN}
        if taken:
            raise BadInput(f"{where}: {source} are turned to vx, vy and vz, but a variable {min(taken)} exists already")
        shown += [SourceVariable(source, replace(each, unit=unit)) for each in _CARTESIAN]
        vector = (VX.name, VY.name, VZ.name)
        fields = replace(fields, turned=Turned(components.names, components.along, vector))
    names = {each.variable.name: each.source for each in shown if each.source in stored}
    temperatures = {
        each.variable.name: each.variable
        for each in shown
        if is_absolute_temperature(each.variable, each.source, each.standard_name)
    }
    fields = replace(fields, names=names, conversions=conversions, temperatures=temperatures)
    return tuple(shown), vector, fields


def _of_component(stored: Stored, components: Components | None, said: Said) -> VariableSaid | None:
    """How to describe a Cartesian component that no mapping describes: as vx, vy or vz, whatever its name is."""
    name = stored.name
    if components is None or said.variables or name not in components.names:
        return None
    ours = _CARTESIAN[components.names.index(name)]
    words = long_name_of(stored) or ours.long_name
    return VariableSaid(source=name, name=ours.name, long_name=words, colormap=ours.colormap, symmetric=True)


def _named_honestly(found: SourceVariable, stored: Stored, wish: VariableSaid | None, where: str) -> SourceVariable:
    """A variable named vx, vy or vz is taken for a Cartesian component, so one along the local axes may not be."""
    told = direction(stored)
    name = found.variable.name
    if name not in {each.name for each in _CARTESIAN} or told is None or told[0].is_cartesian:
        return found
    if wish is not None:
        raise BadInput(f"{where}: {stored.name} is named {name}, but {told[1]} says {told[0].value}: {SAY_SPHERICAL}")
    return replace(found, variable=replace(found.variable, name=f"stored_{name}"))


def _named_apart(found: SourceVariable, shown: Sequence[SourceVariable], said: Said) -> SourceVariable:
    """Two variables may be cleaned to one name. The second gets a number."""
    taken = {each.variable.name for each in shown}
    name, i = found.variable.name, 2
    while name in taken:
        name, i = f"{found.variable.name}_{i}", i + 1
    return replace(found, variable=replace(found.variable, name=name))


def _convert(
    stored: Stored, variable: Variable, wish: VariableSaid | None, where: str, conversions: dict[str, Conversion]
) -> None:
    stated = unit_of(stored)
    if wish is None or wish.unit is None or not stated:
        return
    refuse_inconvertible(stated, wish.unit, variable.symmetric, where)
    found = conversion(stated, wish.unit, difference=variable.symmetric)
    if found is not None and found != Conversion():
        conversions[stored.name] = found


def _one_unit(
    stored: Mapping[str, Stored],
    components: Components,
    wishes: Mapping[str, VariableSaid],
    where: str,
    conversions: dict[str, Conversion],
) -> str:
    """The unit of a turned velocity. All components are converted to it."""
    asked = [wishes[name].unit for name in components.names if name in wishes and wishes[name].unit]
    stated = [unit_of(stored[name]) for name in components.names]
    unit = (asked or [each for each in stated if each] or ["1"])[0] or "1"
    for name, each in zip(components.names, stated, strict=True):
        if each and each != unit:
            refuse_inconvertible(each, unit, True, f"{where}: {name}")
            found = conversion(each, unit, difference=True)
            if found is not None and found != Conversion():
                conversions[name] = found
    return unit
