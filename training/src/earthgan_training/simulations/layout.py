"""The layout of a simulation's files: the names of dimensions and variables, and the meaning of the vertical axis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
    skip: tuple[int, int] = (0, 0)
    vector: tuple[str, str, str] | None = None
