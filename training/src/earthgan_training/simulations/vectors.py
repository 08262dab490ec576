"""Finds the components of a velocity among the variables of a source, Cartesian or along the local axes.

Components along the local axes (outwards, southwards or northwards, eastwards) are turned to Cartesian ones exactly, in
each cell. Without that, averages and interpolations near the poles would mix different directions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Names
from dataclasses import dataclass
from enum import StrEnum

from earthgan.errors import BadInput
from earthgan_training.simulations.mapping import Mapping, VectorSaid
from earthgan_training.simulations.stores import Stored


class Along(StrEnum):
    """The direction of a component."""

    X = "x"
    Y = "y"
    Z = "z"
    RADIAL = "radial"
    SOUTH = "south"
    NORTH = "north"
    EAST = "east"

    @property
    def is_cartesian(self) -> bool:
        return self in (Along.X, Along.Y, Along.Z)


@dataclass(frozen=True)
class Components:
    """The names, in the source, of the three components of one velocity, and their directions in the same order."""

    names: tuple[str, str, str]
    along: tuple[Along, Along, Along]

    @property
    def is_cartesian(self) -> bool:
        return self.along[0].is_cartesian


_STEM = r"(?:v|u|vel|velocity|flow)"
_NAMES = {
    Along.RADIAL: rf"{_STEM}_?(?:r|rad|radial|up|vertical)|radial_?(?:velocity|flow)|{_STEM}radius",
    Along.SOUTH: rf"{_STEM}_?(?:theta|colat|colatitude|south)|(?:v|u)_?th|southward_?velocity",
    Along.NORTH: rf"{_STEM}_?(?:lat|latitude|north)|northward_?velocity|(?:v|u)_?n",
    Along.EAST: rf"{_STEM}_?(?:phi|lon|longitude|east)|eastward_?velocity|(?:v|u)_?e",
    Along.X: rf"{_STEM}_?x|x_?velocity",
    Along.Y: rf"{_STEM}_?y|y_?velocity",
    Along.Z: rf"{_STEM}_?z|z_?velocity",
}
_BY_NAME = {along: re.compile(pattern, re.IGNORECASE) for along, pattern in _NAMES.items()}
_WORDS = {
    Along.RADIAL: r"\b(upward|radial|outward)s?\b.*\b(velocity|flow|wind)|\b(velocity|flow)\b.*\b(upward|radial)",
    Along.SOUTH: r"\b(southward|colatitudinal)s?\b.*\b(velocity|flow)|\b(velocity|flow)\b.*\b(southward|theta)",
    Along.NORTH: r"\b(northward|meridional|latitudinal)s?\b.*\b(velocity|flow|wind)|\b(velocity|flow)\b.*\bnorthward",
    Along.EAST: r"\b(eastward|zonal|azimuthal|longitudinal)s?\b.*\b(velocity|flow|wind)"
    r"|\b(velocity|flow)\b.*\b(eastward|phi)",
    Along.X: r"\bx[- ](component|velocity)\b.*|\bvelocity\b.*\b(in|along|towards) x\b",
    Along.Y: r"\by[- ](component|velocity)\b.*|\bvelocity\b.*\b(in|along|towards) y\b",
    Along.Z: r"\bz[- ](component|velocity)\b.*|\bvelocity\b.*\b(in|along|towards) z\b",
}
_BY_WORDS = {along: re.compile(pattern, re.IGNORECASE) for along, pattern in _WORDS.items()}

#: How a mapping says that a velocity has components along the local axes.
SAY_SPHERICAL = 'say [vector] with system = "spherical", radial, south or north, and east'


def direction(stored: Stored) -> tuple[Along, str] | None:
    """The direction of a component of velocity, and why. None if the variable does not look like one."""
    for attribute in ("standard_name", "long_name"):
        text = stored.text(attribute).replace("_", " ")
        for along, pattern in _BY_WORDS.items():
            if pattern.search(text):
                return along, f'{attribute} = "{stored.text(attribute)}"'
    for along, pattern in _BY_NAME.items():
        if pattern.fullmatch(stored.name):
            return along, f"the name {stored.name}"
    return None


def find_components(stored: Names[str, Stored], mapping: Mapping, where: str) -> tuple[Components | None, list[str]]:
    """The velocity among variables, and notes. What a mapping says counts, unless names and attributes say that it
    takes one system for another.

    Raises BadInput.
    """
    if mapping.vector is not None:
        return _said(mapping.vector, stored, mapping, where), []
    found: dict[Along, list[str]] = {}
    for name, each in stored.items():
        if told := direction(each):
            found.setdefault(told[0], []).append(name)
    for triple in (
        (Along.X, Along.Y, Along.Z),
        (Along.RADIAL, Along.SOUTH, Along.EAST),
        (Along.RADIAL, Along.NORTH, Along.EAST),
    ):
        if all(len(found.get(along, ())) == 1 for along in triple):
            names = tuple(found[along][0] for along in triple)
            components = Components(names, triple)  # type: ignore[arg-type]
            if components.is_cartesian:
                return components, []
            return components, [f"{', '.join(names)} are components {_words(triple)}, and are turned to vx, vy and vz"]
    spherical = [name for along, names in found.items() if not along.is_cartesian for name in names]
    if spherical:
        shown = ", ".join(spherical)
        return None, [
            f"{shown}: no whole velocity is recognised, so each is kept as it is:"
            f" if it is one, {SAY_SPHERICAL} in a mapping"
        ]
    return None, []


def _words(triple: tuple[Along, ...]) -> str:
    way = {Along.RADIAL: "outwards", Along.SOUTH: "southwards", Along.NORTH: "northwards", Along.EAST: "eastwards"}
    return ", ".join(way[each] for each in triple)


def _said(said: VectorSaid, stored: Names[str, Stored], mapping: Mapping, where: str) -> Components:
    """The components that a mapping names."""
    sources = {each.name or each.source: each.source for each in mapping.variables}
    if said.system == "cartesian":
        named = {Along.X: said.x, Along.Y: said.y, Along.Z: said.z}
    else:
        across = (Along.SOUTH, said.south) if said.south is not None else (Along.NORTH, said.north)
        named = {Along.RADIAL: said.radial, across[0]: across[1], Along.EAST: said.east}
    found: dict[Along, str] = {}
    for along, name in named.items():
        source = sources.get(str(name), str(name))
        if source not in stored:
            raise BadInput(f"{mapping.path}: vector: there is no variable {name!r} in {where}")
        found[along] = source
        told = direction(stored[source])
        if told is not None and told[0] is not along and told[0].is_cartesian != along.is_cartesian:
            way = SAY_SPHERICAL if along.is_cartesian else "say [vector] with x, y and z"
            raise BadInput(
                f"{mapping.path}: vector: {source} is called the component {along.value}, but {told[1]} says"
                f" {told[0].value}: {way}"
            )
        if told is not None and {told[0], along} == {Along.SOUTH, Along.NORTH} and "name" not in told[1].split()[:2]:
            raise BadInput(
                f"{mapping.path}: vector: {source} is called {along.value}, but {told[1]} says {told[0].value}"
            )
    return Components(tuple(found.values()), tuple(found))  # type: ignore[arg-type]
