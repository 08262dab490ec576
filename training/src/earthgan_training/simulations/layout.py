"""How a simulation's files are laid out: names of dimensions and variables, and what the vertical axis means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.variables import Variable


class Vertical(StrEnum):
    """What the vertical coordinate counts: `DEPTH` downwards from `base_radius_km`, `HEIGHT` upwards from it.

    `PRESSURE` becomes height by the barometric formula of an isothermal atmosphere, `H ln(p0 / p)`.
    """

    RADIUS = "radius"
    HEIGHT = "height"
    DEPTH = "depth"
    PRESSURE = "pressure"


@dataclass(frozen=True)
class Degraded:
    """Shells that are known to be wrong: indices of the file's vertical axis, the last included."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True)
class SourceVariable:
    """A variable as the file names it, and what it is."""

    source: str
    variable: Variable
    degraded: tuple[Degraded, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of a simulation's files, one time step a file.

    `files` is a regular expression of file names whose first group is the step. `order` names the dimensions of every
    variable in the file's order; those beside the three axes have length 1. `unit_km` takes the vertical coordinate
    to km (of pressure: to hPa). `skip` counts shells left out at the start and the end of the file's vertical axis.
    `vector` names the Cartesian components of one vector, x, y, z.
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
        """The variable of a name of ours. Raises BadInput."""
        for each in self.variables:
            if each.variable.name == name:
                return each
        known = ", ".join(each.variable.name for each in self.variables)
        raise BadInput(f"unknown variable {name!r}: {self.title} has {known}")

    def steps(self, folder: Path) -> dict[int, Path]:
        """The files of a folder by time step, in order. Raises BadInput where there are none, or two of one step."""
        found: dict[int, Path] = {}
        for path in sorted(folder.glob("*")):
            match = re.fullmatch(self.files, path.name)
            if match is None:
                continue
            if int(match[1]) in found:
                raise BadInput(f"{path}: is of step {int(match[1])}, as {found[int(match[1])].name} is")
            found[int(match[1])] = path
        if not found:
            # An expression such as spherical([0-9]+)\.nc is shown as a name: spherical<step>.nc.
            shown = re.sub(r"\\(.)", r"\1", re.sub(r"\([^)]*\)", "<step>", self.files, count=1))
            raise BadInput(f"{folder}: no {shown} files in it")
        return dict(sorted(found.items()))

    def radii_km(self, coordinate: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radii of the vertical coordinate, in its order."""
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
