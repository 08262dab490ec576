"""What a file says about the values in it."""

from __future__ import annotations

from dataclasses import dataclass

from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.tiles import Tile


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Which quantity a file holds, where its values lie, and where they come from.

    The values are a whole radial shell on its own grid where `tile` is None, and a map tile where it is not.
    `description` is a text that no two files of one surrogate share; `time_myr` is None where no time is known.
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
