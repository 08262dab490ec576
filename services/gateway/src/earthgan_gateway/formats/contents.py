"""The description of the values in a file."""

from __future__ import annotations

from dataclasses import dataclass

from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.tiles import Tile


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Which quantity a file holds, where its values lie, and where they come from.

    If `tile` is None, the values are a whole radial shell on its own grid; otherwise they are a map tile. No two files
    of one surrogate have the same `description`. `time_myr` is None if the time is unknown.
    """

    variable: str
    long_name: str
    unit: str
    description: str
    grid: ShellGrid
    tile: Tile | None
    t: int
    r: int
    time_myr: float | None
    title: str
    provenance: Provenance
