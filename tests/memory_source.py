"""A source whose fields lie in memory, for tests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from earthgan.records import PlanetSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan.variables import Variable
from earthgan_training.harmonics.analysis import scalar_field
from earthgan_training.simulations.labelled import Source, SourceStep, Storage
from earthgan_training.simulations.layout import Missing, SourceVariable


@dataclass(frozen=True)
class _Memory:
    fields: Mapping[tuple[int, str], np.ndarray]
    storage: Storage
    missing: Missing = Missing.REFUSE

    def raw(self, t: int, name: str) -> np.ndarray:
        return self.fields[t, name]

    def read(self, t: int, name: str, shells: range) -> np.ndarray:
        return self.fields[t, name][shells.start : shells.stop].copy()

    def digest(self, t: int, names: Iterable[str]) -> str:
        return "0" * 64


def source_of(
    grid: ShellGrid,
    fields: Mapping[tuple[int, str], np.ndarray],
    symmetric: bool = True,
    unit: str = "percent",
    vector: tuple[str, str, str] | None = None,
) -> Source:
    """Return a source of fields `(shell, latitude, longitude)` by step and name."""
    names = dict.fromkeys(name for _, name in fields)
    shells = len(grid.radii_km)
    storage = Storage(radii_km=grid.radii_km, numbers=tuple(range(shells)), kept=range(shells))
    variables = [Variable(name, f"Our {name}", unit, "crameri:vik", symmetric) for name in names]
    return Source(
        address="memory",
        title="What a stranger has",
        provenance=Provenance(source="memory", licence="CC0-1.0", notice="Made up", credit="Nobody"),
        planet=PlanetSpec(radius_km=2 * grid.radii_km[-1], unit="1"),
        grid=grid,
        variables=tuple(SourceVariable(each.name, each) for each in variables),
        steps=tuple(SourceStep(t, f"step {t}", 0.5 * t) for t in sorted({t for t, _ in fields})),
        reader=_Memory({key: field.astype(np.float32) for key, field in fields.items()}, storage),
        vector=vector,
    )


def smooth_field(grid: ShellGrid, degree: int = 6, seed: int = 0, steepness: float = 1.3) -> np.ndarray:
    """Return a random field `(shell, latitude, longitude)` up to a degree, smooth in radius, within -1 and 1."""
    c = smooth_coefficients(np.asarray(grid.radii_km), degree, seed, steepness)
    field = scalar_field(c, grid.latitudes_deg, grid.longitudes_deg)
    return np.asarray(field / np.abs(field).max(), np.float32)


def smooth_coefficients(radii: np.ndarray, degree: int, seed: int, steepness: float) -> np.ndarray:
    """Return random coefficients `(degree, order, part, radius)` that are smooth in radius."""
    rng = np.random.default_rng(seed)
    depth = (radii - radii[0]) / (radii[-1] - radii[0])
    c = np.zeros((degree + 1, degree + 1, 2, len(radii)))
    for n in range(degree + 1):
        shapes = [np.cos(np.pi * k * depth + 0.3 * n) / (k + 1) ** 2 for k in range(6)]
        c[n, : n + 1] = rng.standard_normal((n + 1, 2, 6)) @ shapes / (n + 1) ** steepness
    c[:, 0, 1] = 0
    return c
