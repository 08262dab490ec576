"""Opens a source: finds its files, understands them, and refuses what cannot be true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from earthgan.errors import BadInput
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid
from earthgan.variables import VX, VY, VZ, Variable
from earthgan_training.simulations.axes import SPATIAL, Axis, Role, find_axes, without_axes
from earthgan_training.simulations.checks import is_absolute_temperature
from earthgan_training.simulations.contest import CONTEST, CORE_RADIUS_KM
from earthgan_training.simulations.gathering import Part, gather
from earthgan_training.simulations.labelled import Source, Storage
from earthgan_training.simulations.layout import Missing, SourceVariable
from earthgan_training.simulations.levels import radii
from earthgan_training.simulations.mapping import CONTEST_MAPPING, VariableSaid, read_mapping
from earthgan_training.simulations.mapping import Mapping as Said
from earthgan_training.simulations.naming import described, refuse_inconvertible, unit_of
from earthgan_training.simulations.origin import planet_of, provenance_of, title_of
from earthgan_training.simulations.placing import Placed, latitudes, longitudes
from earthgan_training.simulations.reading import Fields, Place, Turned
from earthgan_training.simulations.stepping import Held, assemble, clock_of
from earthgan_training.simulations.stores import Store, Stored
from earthgan_training.simulations.units import Conversion, conversion
from earthgan_training.simulations.vectors import Components, find_components
from earthgan_training.simulations.writing import mapping_text

__all__ = ["Missing", "open_source"]

_CARTESIAN = (VX, VY, VZ)


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
    choose some, by our names and by number.

    Raises BadInput, in one line that names the file, the variable, what was found, and the way out.
    """
    if isinstance(addresses, str | Path) or not isinstance(addresses, Sequence):
        addresses = [addresses]
    said = read_mapping(mapping) if isinstance(mapping, Path) else mapping
    if said is None and _is_contest(addresses):
        said = CONTEST_MAPPING
    said = said or Said()
    parts = gather(addresses, said.files)
    held = _held(parts, said)
    source = _understood(
        str(addresses[0]) if isinstance(addresses[0], str | Path) else "the dataset", held, said, missing
    )
    return source.chosen(variables, steps)


def _is_contest(addresses: Sequence[Any]) -> bool:
    """Whether the addresses are one folder of files in the contest's layout."""
    if len(addresses) != 1 or not isinstance(addresses[0], str | Path):
        return False
    folder = Path(addresses[0])
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    first = next((each for each in found if re.fullmatch(CONTEST.files, each.name)), None)
    if first is None:
        return False
    variables = Part(str(first)).store.variables
    return any(v.source in variables and variables[v.source].dimensions == CONTEST.order for v in CONTEST.variables)


def _held(parts: Sequence[Part], said: Said) -> list[Held]:
    """The variables on axes of a globe in each part, all of them or those that the mapping names."""
    wanted = [each.source for each in said.variables]
    contest = said is CONTEST_MAPPING
    found: list[Held] = []
    lacking: dict[str, str] = {}
    for part in parts:
        store = part.store
        names = list(store.variables)
        if wanted:
            names = [name for name in (*wanted, *_components_named(said)) if name in store.variables]
            if not names:
                held = ", ".join(v for v, each in store.variables.items() if len(each.dimensions) >= 3)
                lacking[part.address] = f"holds no variable {wanted[0]!r}; its variables: {held or 'none'}"
        here = [
            each
            for name in dict.fromkeys(names)
            if (each := _one(part, store, store.variables[name], said, asked=bool(wanted))) is not None
        ]
        if not here and not wanted:
            raise BadInput(without_axes(store, store.variables))
        found += here
    held_names = {each.name for each in found}
    for name in wanted:
        if name not in held_names and not contest:
            address = parts[0].address
            known = ", ".join(v for v, e in parts[0].store.variables.items() if len(e.dimensions) >= 3)
            raise BadInput(f"{address}: holds no variable {name!r}; its variables: {known or 'none'}")
    if not found:
        address, what = next(iter(lacking.items()))
        raise BadInput(f"{address}: {what}")
    return found


def _components_named(said: Said) -> list[str]:
    if said.vector is None:
        return []
    v = said.vector
    return [name for name in (v.x, v.y, v.z, v.radial, v.south, v.north, v.east) if name is not None]


def _one(part: Part, store: Store, stored: Stored, said: Said, asked: bool) -> Held | None:
    """A variable of a part, if it has the three axes. One that a mapping asks for must have them."""
    if not asked and (len(stored.dimensions) < 3 or not _is_a_field(stored)):
        return None
    axes = find_axes(store, stored, said.axes)
    shape = dict(zip(stored.dimensions, stored.shape, strict=True))
    known = {axis.dimension for axis in axes.values()}
    absent = [role for role in SPATIAL if role not in axes]
    long = [d for d, n in shape.items() if d not in known and n != 1]
    if absent or long:
        if not asked:
            return None
        named = {Role.LATITUDE: said.axes.latitude or said.axes.colatitude, Role.LONGITUDE: said.axes.longitude}
        name = named.get(absent[0], said.axes.vertical) if absent else None
        if absent and name and name not in store.variables:
            raise BadInput(f"{part.address}: holds no coordinate {name!r}")
        if absent:
            dims = ", ".join(stored.dimensions)
            raise BadInput(
                f"{part.address}: {stored.name} ({dims}) has no {absent[0]} axis that can be recognised: name it under"
                " [axes] in a mapping"
            )
        raise BadInput(f"{part.address}: {stored.name} has more than one {long[0]}, which is no axis of a globe")
    if said.order is not None and stored.dimensions != said.order:
        due = ", ".join(said.order)
        raise BadInput(
            f"{part.address}: {stored.name} has dimensions ({', '.join(stored.dimensions)}) instead of ({due})"
        )
    return Held(part, stored.name, axes, clock_of(store, stored, axes, said.axes.time))


def _is_a_field(stored: Stored) -> bool:
    packed = "scale_factor" in stored.attributes or "add_offset" in stored.attributes
    return stored.dtype.kind == "f" or (stored.dtype.kind in "iu" and packed)


def _understood(address: str, held: list[Held], said: Said, missing: Missing | None) -> Source:
    notes: list[str] = []
    held = _on_one_grid(held, bool(said.variables), notes)
    first = held[0]
    store = first.file.store
    where = first.file.address
    name = _name(address)
    planet, known = planet_of(store.attributes, said, where)
    grid, placed = _grid(store, first.axes, said, planet, known)
    for each in {each.file.address: each for each in held}.values():
        if each.file is not first.file:
            _refuse_another_grid(each, said, planet, known, placed, where)
    for axis in placed:
        notes += axis.notes
    if said is CONTEST_MAPPING and grid.radii_km[0] >= CORE_RADIUS_KM and planet.core_radius_km is None:
        planet = planet.model_copy(update={"core_radius_km": CORE_RADIUS_KM})
    steps, places = assemble(held)
    stored = {each.name: each.file.store.variables[each.name] for each in held}
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
    components, more = find_components(stored, said, where)
    notes += more
    shown, vector, fields = _variables(stored, components, said, fields, places, where)
    source = Source(
        address=address,
        title=title_of(store.attributes, said, name),
        provenance=provenance_of(store.attributes, said, name),
        planet=planet,
        grid=grid,
        variables=shown,
        steps=tuple(steps),
        reader=fields,
        vector=vector,
        notes=tuple(dict.fromkeys(notes)),
        understood=tuple(axis.understood for axis in placed),
    )
    return replace(source, mapping=mapping_text(source, said, components))


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


def _variables(
    stored: Mapping[str, Stored],
    components: Components | None,
    said: Said,
    fields: Fields,
    places: Mapping[int, Mapping[str, Place]],
    where: str,
) -> tuple[tuple[SourceVariable, ...], tuple[str, str, str] | None, Fields]:
    """The variables as the source or the mapping describes them, the velocity among them, and the reader for them."""
    wishes = {each.source: each for each in said.variables}
    contest = {each.source: each for each in CONTEST.variables} if said is CONTEST_MAPPING else {}
    turned = components is not None and not components.is_cartesian
    shown: list[SourceVariable] = []
    conversions: dict[str, Conversion] = {}
    order = [name for name in wishes if name in stored] or list(stored)
    first = next(iter(places.values()))

    def sampler(name: str) -> Callable[[], np.ndarray[Any, Any]]:
        middle = int(fields.shells[len(fields.shells) // 2])
        return lambda: first[name].read(slice(middle, middle + 1))

    for name in order:
        if turned and components is not None and name in components.names:
            continue
        if name in contest:
            shown.append(contest[name])
        else:
            wish = _of_component(name, components, said) or wishes.get(name)
            found = described(stored[name], wish, said, where, sampler(name))
            found = _named_apart(found, shown, said)
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
    return (
        tuple(shown),
        vector,
        replace(fields, names=names, conversions=conversions, temperatures=temperatures),
    )


def _of_component(name: str, components: Components | None, said: Said) -> VariableSaid | None:
    """How to describe a Cartesian component that no mapping describes: as vx, vy or vz, whatever its name is."""
    if components is None or said.variables or name not in components.names:
        return None
    ours = _CARTESIAN[components.names.index(name)]
    return VariableSaid(source=name, name=ours.name, colormap=ours.colormap, symmetric=True)


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
