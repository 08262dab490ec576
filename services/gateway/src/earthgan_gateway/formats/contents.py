"""The description of the values in a file."""

from __future__ import annotations

from dataclasses import dataclass

from earthgan.records import PlanetSpec, StepSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.tiles import Tile


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Which quantity a file holds, where its values lie, and where they come from.

    If `tile` is None, the values are a whole radial shell on its own grid; otherwise they are a map tile. No two files
    of one surrogate have the same `description`. `unit` is the source's own text, and may be empty or "1".
    """

    variable: str
    long_name: str
    unit: str
    description: str
    grid: ShellGrid
    tile: Tile | None
    step: StepSpec
    r: int
    planet: PlanetSpec
    title: str
    provenance: Provenance
