"""Opens a source: finds its files, understands them, and refuses what cannot be true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from earthgan.errors import BadInput
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid
from earthgan_training.simulations.axes import SPATIAL, Axis, Role, find_axes, without_axes
from earthgan_training.simulations.contest import CONTEST, CORE_RADIUS_KM
from earthgan_training.simulations.gathering import Part, gather
from earthgan_training.simulations.labelled import Source, Storage, Understood
from earthgan_training.simulations.labelling import label
from earthgan_training.simulations.layout import Missing
from earthgan_training.simulations.levels import radii
from earthgan_training.simulations.mapping import CONTEST_MAPPING, read_mapping
from earthgan_training.simulations.mapping import Mapping as Said
from earthgan_training.simulations.naming import our_name, unit_of
from earthgan_training.simulations.narrowing import parts_of_steps
from earthgan_training.simulations.origin import planet_attributes, planet_of, provenance_of, title_of
from earthgan_training.simulations.placing import Placed, latitudes, longitudes
from earthgan_training.simulations.reading import Fields
from earthgan_training.simulations.stepping import Held, assemble, clock_of
from earthgan_training.simulations.stores import Store, Stored, release
from earthgan_training.simulations.vectors import direction, find_components
from earthgan_training.simulations.writing import mapping_text

__all__ = ["Missing", "open_source"]


def open_source(
    addresses: Sequence[Any] | Any,
    mapping: Path | Said | None = None,
    *,
    missing: Missing | None = None,
    variables: Iterable[str] | None = None,
    steps: Iterable[int] | None = None,
) -> Source:
    """Understand files, folders, stores, URLs or Datasets in hand as one source.

    A mapping overrides what they say themselves. `missing` says what to do with cells that have no value. If it is
    None, the mapping's word counts, and without one such cells are refused when they are read. `variables` and `steps`
    choose some, by our names and by number. A file that holds none of these steps need not be readable.

    Raises BadInput, in one line that names the file, the variable, what was found, and the way out.
    """
    if isinstance(addresses, str | Path) or not isinstance(addresses, Sequence):
        addresses = [addresses]
    said = read_mapping(mapping) if isinstance(mapping, Path) else mapping
    if said is None and _is_contest(addresses):
        said = CONTEST_MAPPING
    said = said or Said()
    name = str(addresses[0]) if isinstance(addresses[0], str | Path) else "the dataset"
    wanted = None if variables is None else tuple(variables)
    some = None if steps is None else sorted(set(steps))

    def understood(parts: Sequence[Part], labels: Sequence[str], notes: list[str]) -> Source:
        held = _wanted(_held(parts, said, notes), said, wanted)
        return _understood(name, held, labels, said, missing, notes).chosen(wanted, some)

    try:
        parts = gather(addresses, said.files)
        try:
            return understood(parts, (), [])
        except BadInput as error:
            found = parts_of_steps(parts, some, lambda part: _held([part], said, [])) if some else None
            if found is None or len(found[0]) == len(parts):
                raise
            left_out = f"files that hold none of the steps asked for are left out, because {error}"
            return understood(*found, [left_out])
    finally:
        release()


def _wanted(held: list[Held], said: Said, names: tuple[str, ...] | None) -> list[Held]:
    """The variables that a caller asks for by our names, and components that may have to be turned."""
    if names is None:
        return held
    ours = {each.source: each.name for each in said.variables}

    def is_wanted(each: Held) -> bool:
        asked = {ours.get(each.name), our_name(each.stored), each.name} & {*names}
        return bool(asked) or direction(each.stored) is not None

    return [each for each in held if is_wanted(each)] or held


def _is_contest(addresses: Sequence[Any]) -> bool:
    """Whether the addresses are one folder of files in the contest's layout."""
    if len(addresses) != 1 or not isinstance(addresses[0], str | Path):
        return False
    folder = Path(addresses[0])
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    ours = [each for each in found if re.fullmatch(CONTEST.files, each.name)]
    return any(each.suffix == ".npz" or _has_contest_layout(each) for each in ours)  # only our own runs have .npz


def _has_contest_layout(path: Path) -> bool:
    try:
        variables = Part(str(path)).store.variables
    except BadInput:
        return False  # it is refused later, unless it holds no step that is asked for
    return any(v.source in variables and variables[v.source].dimensions == CONTEST.order for v in CONTEST.variables)


class _Unfit(BadInput):
    """A variable is no field on the axes of a globe."""


def _held(parts: Sequence[Part], said: Said, notes: list[str]) -> list[Held]:
    """The variables on axes of a globe in each part, all of them or those that the mapping names."""
    wanted = [each.source for each in said.variables]
    asked = [*wanted, *_components_named(said)] if wanted else []
    found: list[Held] = []
    for part in parts:
        store = part.store
        unfit: list[_Unfit] = []
        here = 0
        for name in dict.fromkeys(asked or store.variables):
            if name not in store.variables or not (asked or _is_a_field(store.variables[name])):
                continue
            try:
                found.append(_one(part, store, store.variables[name], said))
                here += 1
            except _Unfit as error:
                if asked:
                    raise
                unfit.append(error)
        if not here and not asked:
            raise unfit[0] if len(unfit) == 1 and "more than one" in str(unfit[0]) else BadInput(without_axes(store))
        notes += [f"left out: {str(each).removeprefix(part.address + ': ')}" for each in unfit]
    labels = {each.file.label for each in found}
    for part in parts:
        # A file of the series would otherwise be a step that is left out without a word.
        if wanted and part.label not in labels:
            raise _without(part.store, wanted[0])
    for name in wanted:
        if name not in {each.name for each in found} and said is not CONTEST_MAPPING:
            raise _without(parts[0].store, name)
    return found


def _without(store: Store, name: str) -> BadInput:
    return BadInput(f"{store.address}: holds no variable {name!r}; its variables: {_fields_of(store)}")


def _fields_of(store: Store) -> str:
    return ", ".join(v for v, each in store.variables.items() if len(each.dimensions) >= 3) or "none"


def _components_named(said: Said) -> list[str]:
    if said.vector is None:
        return []
    v = said.vector
    return [name for name in (v.x, v.y, v.z, v.radial, v.south, v.north, v.east) if name is not None]


def _one(part: Part, store: Store, stored: Stored, said: Said) -> Held:
    """A variable of a part. Raises BadInput if it does not have the three axes of a globe."""
    axes = find_axes(store, stored, said.axes)
    known = {axis.dimension for axis in axes.values()}
    absent = [role for role in SPATIAL if role not in axes]
    if absent:
        raise _Unfit(
            f"{part.address}: {stored.name} ({', '.join(stored.dimensions)}) has no {absent[0]} axis that can be"
            " recognised: name it under [axes] in a mapping"
        )
    long = [d for d, n in zip(stored.dimensions, stored.shape, strict=True) if d not in known and n != 1]
    if long:
        raise _Unfit(
            f"{part.address}: {stored.name} has more than one {long[0]}, which is no axis of a globe: choose one"
            " of them first, or name it time under [axes] in a mapping"
        )
    if said.order is not None and stored.dimensions != said.order:
        due = ", ".join(said.order)
        raise BadInput(
            f"{part.address}: {stored.name} has dimensions ({', '.join(stored.dimensions)}) instead of ({due})"
        )
    return Held(part, stored, axes, clock_of(store, stored, axes, said.axes.time), _coordinates(store, axes))


def _coordinates(store: Store, axes: Mapping[Role, Axis]) -> tuple[Any, ...]:
    """The numbers and attributes of the three axes as they are stored."""
    names = [axes[role].coordinate for role in SPATIAL]
    found = [(name, store.read(name).tobytes(), str(store.variables[name].attributes)) for name in names if name]
    return (*found, str(planet_attributes(store.attributes)))


def _of_one_unit(held: Sequence[Held]) -> dict[str, Stored]:
    """Each variable as its first file describes it. Raises BadInput if another file states another unit."""
    found: dict[str, Held] = {}
    for each in held:
        first = found.setdefault(each.name, each)
        one, other = unit_of(first.stored), unit_of(each.stored)
        if one != other:
            raise BadInput(
                f"{each.file.address}: {each.name} states the unit {other!r}, and {one!r} in {first.file.address}:"
                " all files must state one unit"
            )
    return {name: each.stored for name, each in found.items()}


def _is_a_field(stored: Stored) -> bool:
    if len(stored.dimensions) < 3:
        return False
    packed = "scale_factor" in stored.attributes or "add_offset" in stored.attributes
    return stored.dtype.kind == "f" or (stored.dtype.kind in "iu" and packed)


def _understood(
    address: str, held: list[Held], labels: Sequence[str], said: Said, missing: Missing | None, notes: list[str]
) -> Source:
    held = _on_one_grid(held, bool(said.variables), notes)
    first = held[0]
    store = first.file.store
    where = first.file.address
    name = _name(address)
    planet, known = planet_of(store.attributes, said, where)
    grid, placed = _grid(store, first.axes, said, planet, known)
    for each in {each.file.address: each for each in held}.values():
        if each.coordinates != first.coordinates:
            _refuse_another_grid(each, said, planet, known, placed, where)
    for axis in placed:
        notes += axis.notes
    if said is CONTEST_MAPPING and grid.radii_km[0] >= CORE_RADIUS_KM and planet.core_radius_km is None:
        planet = planet.model_copy(update={"core_radius_km": CORE_RADIUS_KM})
    steps, places = assemble(held, labels)
    stored = _of_one_unit(held)
    vertical, rows, columns = placed
    fields = Fields(
        places=places,
        names={},
        conversions={},
        grid=grid,
        shells=vertical.index,
        rows=rows.index,
        columns=columns.index,
        storage=_storage(vertical, closed=bool(columns.twins)),
        twins=() if said is CONTEST_MAPPING else columns.twins,
        missing=missing or said.missing or Missing.REFUSE,
    )
    has_its_vector = said is not CONTEST_MAPPING or {*(CONTEST.vector or ())} <= {*stored}
    heeded = said if has_its_vector else said.model_copy(update={"vector": None})
    components, more = find_components(stored, heeded, where)
    notes += more
    shown, vector, fields = label(stored, components, said, fields, where)
    source = Source(
        address=address,
        title=title_of(store.attributes, said, first.file.stem if name == Path(where).name else name),
        provenance=provenance_of(store.attributes, said, name),
        planet=planet,
        grid=grid,
        variables=shown,
        steps=tuple(steps),
        reader=fields,
        vector=vector,
        notes=tuple(dict.fromkeys(notes)),
        understood=(*(axis.understood for axis in placed), *_time(held)),
    )
    return replace(source, mapping=mapping_text(source, said, components))


def _time(held: list[Held]) -> list[Understood]:
    """The time axis, if a variable has one."""
    for each in held:
        axis, clock = each.axes.get(Role.TIME), each.clock
        if axis is not None:
            ends = (clock.values[0], clock.values[-1]) if clock.values else (0, clock.count - 1)
            first, last = (float(end) if isinstance(end, int | float | np.number) else np.nan for end in ends)
            unit = str(clock.attributes.get("units", "")) or "1"
            name = axis.coordinate or axis.dimension
            return [Understood("time", name, axis.dimension, "time", unit, first, last, clock.count, axis.why)]
    return []


def _name(address: str) -> str:
    return Path(address).resolve().name if "://" not in address else address.rstrip("/").rsplit("/", 1)[-1]


def _on_one_grid(held: list[Held], asked: bool, notes: list[str]) -> list[Held]:
    """The variables on the axes that most of them have. Raises BadInput if a mapping asks for one on other axes."""

    def axes(each: Held) -> tuple[str | None, ...]:
        return tuple(each.axes[role].coordinate for role in SPATIAL)

    groups: dict[tuple[str | None, ...], list[Held]] = {}
    for each in held:
        groups.setdefault(axes(each), []).append(each)
    kept = max(groups.values(), key=lambda group: len({each.name for each in group}))
    names = {each.name for each in kept}
    for group in groups.values():
        for each in group if group is not kept else ():
            if each.name in names:
                raise BadInput(
                    f"{each.file.address}: {each.name} is on the axes {', '.join(map(str, axes(each)))}, and on"
                    f" {', '.join(map(str, axes(kept[0])))} in {kept[0].file.address}: all files must have one grid"
                )
        others = sorted({each.name for each in group} - names)
        if group is not kept and others:
            mine, theirs = (", ".join(str(name) for name in axes(each[0])) for each in (kept, group))
            text = f"{', '.join(others)}: on axes {theirs}, and not on {mine} as other variables"
            if asked:
                raise BadInput(f"{group[0].file.address}: {text}: choose variables of one grid")
            notes.append(f"{text}, so left out")
    return kept


def _grid(
    store: Store, axes: Mapping[Role, Axis], said: Said, planet: PlanetSpec, known: bool
) -> tuple[ShellGrid, tuple[Placed, Placed, Placed]]:
    rows = latitudes(store, axes[Role.LATITUDE], said.axes)
    columns = longitudes(store, axes[Role.LONGITUDE], said.axes)
    vertical = radii(store, axes[Role.VERTICAL], said, planet, known)
    try:
        grid = ShellGrid(
            radii_km=tuple(vertical.values.tolist()),
            latitudes_deg=tuple(rows.values.tolist()),
            longitudes_deg=tuple(columns.values.tolist()),
        )
    except ValueError as error:
        raise BadInput(f"{store.address}: its axes are not those of a globe ({error})") from error
    return grid, (vertical, rows, columns)


def _storage(vertical: Placed, closed: bool) -> Storage:
    """How the levels are stored, with those that are left out at either end."""
    kept = vertical.index.tolist()
    others = sorted(set(range(len(vertical.every))) - set(kept), key=lambda i: vertical.every[i])
    inner = [i for i in others if vertical.every[i] < vertical.values[0]]
    order = [*inner, *kept, *(i for i in others if i not in inner)]
    return Storage(
        radii_km=tuple(vertical.every[i] for i in order),
        numbers=tuple(order),
        kept=range(len(inner), len(inner) + len(kept)),
        closed=closed,
    )


def _refuse_another_grid(
    each: Held, said: Said, planet: PlanetSpec, known: bool, placed: tuple[Placed, ...], where: str
) -> None:
    """All files must have the same axes, stored in the same way."""
    _, found = _grid(each.file.store, each.axes, said, planet, known)
    for one, other in zip(placed, found, strict=True):
        same = np.array_equal(one.index, other.index) and np.allclose(one.values, other.values, rtol=1e-6, atol=1e-4)
        if not same:
            name = other.understood.name
            raise BadInput(f"{each.file.address}: its axis {name} is not that of {where}: all files must have one grid")
