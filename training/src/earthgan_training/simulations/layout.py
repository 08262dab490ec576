"""The layout of a simulation's files: the names of dimensions and variables, and the meaning of the vertical axis."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.variables import Variable


class Vertical(StrEnum):
    """The meaning of the vertical coordinate. `DEPTH` counts downwards from `base_radius_km`, and `HEIGHT` counts
    upwards from it.

    `PRESSURE` becomes height by the barometric formula of an isothermal atmosphere, `H ln(p0 / p)`.
    """

    RADIUS = "radius"
    HEIGHT = "height"
    DEPTH = "depth"
    PRESSURE = "pressure"


class Missing(StrEnum):
    """What to do where cells have no value: refuse the source, fill them smoothly, or keep them as NaN."""

    REFUSE = "refuse"
    FILL = "fill"
    MASK = "mask"


@dataclass(frozen=True)
class Degraded:
    """Shells that are known to be wrong: indices of the file's vertical axis from `first` to `last`, both included."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True)
class SourceVariable:
    """The name of a variable in the file, and our description of the variable. `standard_name` is CF's, if known."""

    source: str
    variable: Variable
    degraded: tuple[Degraded, ...] = ()
    standard_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of a simulation's files, with one time step per file.

    `files` is a regular expression for file names; its first group is the time step. `order` names the dimensions of
    every variable in the file's order. Dimensions other than the three axes have length 1. `unit_km` converts the
    vertical coordinate to km (pressure: to hPa). `skip` counts the shells to leave out at the start and at the end of
    the file's vertical axis. `vector` names the Cartesian components x, y and z of one vector.
    """

    title: str
    files: str
    latitude: str
    longitude: str
    vertical: str
    order: tuple[str, ...]
    variables: tuple[SourceVariable, ...]
    kind: Vertical = Vertical.RADIUS
    unit_km: float = 1.0
    base_radius_km: float = 6371.0
    surface_hpa: float = 1013.25
    scale_height_km: float = 7.6
    skip: tuple[int, int] = (0, 0)
    vector: tuple[str, str, str] | None = None

    def named(self, name: str) -> SourceVariable:
        """Find a variable by our name for it. Raises BadInput."""
        for each in self.variables:
            if each.variable.name == name:
                return each
        known = ", ".join(each.variable.name for each in self.variables)
        raise BadInput(f"unknown variable {name!r}: {self.title} has {known}")

    def steps(self, folder: Path, needed: Iterable[int] = ()) -> dict[int, Path]:
        """The files in a folder by time step, in order. Raises BadInput if there are none, or if two have the same
        step, or if a needed step has no file.
        """
        found: dict[int, Path] = {}
        for path in sorted(folder.glob("*")):
            match = re.fullmatch(self.files, path.name)
            if match is None:
                continue
            if int(match[1]) in found:
                raise BadInput(f"{path}: has the same time step as {found[int(match[1])].name} ({int(match[1])})")
            found[int(match[1])] = path
        if not found:
            # The message shows an expression such as spherical([0-9]+)\.nc as a name: spherical<step>.nc.
            shown = re.sub(r"\\(.)", r"\1", re.sub(r"\([^)]*\)", "<step>", self.files, count=1))
            raise BadInput(f"{folder}: holds no {shown} files")
        for t in needed:
            if t not in found:
                raise BadInput(f"{folder}: no file for step {t}")
        return dict(sorted(found.items()))

    def radii_km(self, coordinate: NDArray[np.float64]) -> NDArray[np.float64]:
        """The radii in km for the vertical coordinate, in the file's order."""
        scaled = coordinate * self.unit_km
        match self.kind:
            case Vertical.RADIUS:
                return scaled
            case Vertical.HEIGHT:
                return self.base_radius_km + scaled
            case Vertical.DEPTH:
                return self.base_radius_km - scaled
            case Vertical.PRESSURE:
                height_km = self.scale_height_km * np.log(self.surface_hpa / scaled)
                return np.asarray(self.base_radius_km + height_km)
