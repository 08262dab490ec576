"""Compares coded harmonics with SPERR at equal bytes, all of them, on smooth tomography and on several steps.

    python tests/load/harmonics_bench.py

PSNR is over the source's cells, which count alike, with the range of the data as its peak. Needs the extra `codecs`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from earthgan.sphere.grid import ShellGrid
from earthgan_training.coding.harmonics import fit_harmonics
from earthgan_training.evaluate.codecs import available_codecs, code
from earthgan_training.harmonics.analysis import scalar_field
from memory_source import source_of

Fields = Mapping[tuple[int, str], np.ndarray]


def tomography(grid: ShellGrid, seed: int, degree: int = 20) -> np.ndarray:
    """Invent a smooth model `(shell, latitude, longitude)`: degrees up to 20, largest near both boundaries."""
    rng, radii = np.random.default_rng(seed), np.asarray(grid.radii_km)
    largest = 1 + 2 * np.exp((radii - radii[-1]) / 200) + np.exp((radii[0] - radii) / 200)
    c = np.zeros((degree + 1, degree + 1, 2, len(radii)))
    for n in range(1, degree + 1):
        length_km = 2000 / (1 + n / 4)
        alike = np.exp(-(((radii[:, None] - radii) / length_km) ** 2)) + 1e-9 * np.eye(len(radii))
        c[n, : n + 1] = rng.standard_normal((n + 1, 2, len(radii))) @ np.linalg.cholesky(alike).T / (n + 1) ** 1.3
    c[:, 0, 1] = 0
    field = scalar_field(c * largest, grid.latitudes_deg, grid.longitudes_deg)
    return np.asarray(0.03 * field / np.abs(field).max(), np.float32)


def rough(grid: ShellGrid, seed: int) -> np.ndarray:
    """Invent a field with a power of l^-2.4 up to the grid's own degree, and sheets that end at 5701 km."""
    field = tomography(grid, seed, degree=60)
    sheet = np.tanh(40 * (field / 0.03 - 0.2)) * (np.asarray(grid.radii_km)[:, None, None] > 5701)
    return np.asarray(field + 0.01 * sheet, np.float32)


def compared(name: str, grid: ShellGrid, fields: Fields, rates: tuple[int, ...]) -> None:
    """Print one line for each number of bytes of a step."""
    sperr, source = available_codecs()[0], source_of(grid, fields)
    low, high = min(f.min() for f in fields.values()), max(f.max() for f in fields.values())
    for rate in rates:
        with TemporaryDirectory() as folder:
            start = time.perf_counter()
            made = fit_harmonics(
                source, Path(folder) / "made", step_bytes=rate, measure=len(fields), report=lambda *_: None
            )
            seconds = time.perf_counter() - start
        share = made.bytes / len(fields)
        coded = [code(sperr, field, share) for field in fields.values()]
        errors = zip(coded, fields.values(), strict=True)
        square = np.mean([np.square(each.field.astype(np.float64) - field).mean() for each, field in errors])
        rival = 10 * np.log10((high - low) ** 2 / square)
        (accuracy,) = made.accuracy.values()
        rival_bytes = np.mean([each.bytes for each in coded])
        print(
            f"{name:32} {share:7.0f} B a step, degree {made.degree:3}: {accuracy.psnr_db:6.2f} dB in {seconds:4.1f} s; "
            f"SPERR {rival_bytes:7.0f} B: {rival:6.2f} dB; {accuracy.psnr_db - rival:+6.2f} dB"
        )


def main() -> None:
    """Compare on three inputs."""
    grid = ShellGrid.cell_centred(tuple(np.linspace(3500, 6350, 40).tolist()), 90, 180)
    compared("smooth tomography, 1 step", grid, {(0, "dlnVs"): tomography(grid, 0)}, (1000, 2000, 4000, 8000))
    several = {(t, "dlnVs"): tomography(grid, t) for t in range(6)}
    compared("smooth tomography, 6 steps", grid, several, (1000, 2000, 4000))
    compared("sheets, 1 step", grid, {(0, "dlnVs"): rough(grid, 0)}, (4000, 16000, 64000))
    compared("sheets, 6 steps", grid, {(t, "dlnVs"): rough(grid, t) for t in range(6)}, (4000, 16000, 64000))


if __name__ == "__main__":
    main()
