"""Small prepared data sets for tests of training."""

from pathlib import Path

import numpy as np

from contest_file import write_fields
from earthgan.spec import Provenance
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.prepare.recipe import Preset, Recipe
from earthgan_training.prepare.run import prepare
from earthgan_training.simulations.opening import open_source

NAMES = ("temperature", "vx", "vy", "vz")


def make_dataset(folder: Path, steps: int = 4, paper: bool = False, seed: int = 0, shells: int = 12) -> Dataset:
    """Prepare a data set of smooth random fields with 10 x 6 x 12 cells of conditional input.

    With `paper`, its size is the paper's, with 198 shells. The last step is held out, and none of its neighbours is.
    """
    raw = folder / "raw"
    raw.mkdir(parents=True)
    rows, columns, shells = (60, 80, 201) if paper else (24, 48, shells)
    latitudes, longitudes = np.linspace(90, -90, rows), np.linspace(0, 360, columns)
    radii = np.linspace(3485.0, 6371.0, shells)
    for t in range(1, steps + 1):
        rng = np.random.default_rng([seed, t])
        fields = {name: smooth_field(rng, radii, latitudes, longitudes) for name in NAMES}
        scaled = {name: 2000 + 300 * f if name == "temperature" else 1e-10 * f for name, f in fields.items()}
        write_fields(raw / f"spherical{t:03d}.nc", scaled, latitudes, radii, longitudes)
    sizes = {} if paper else {"truth": (48, 96), "inputs": (10, 6, 12)}
    recipe = Recipe(preset=Preset.PAPER if paper else Preset.DEFAULT, **sizes)
    about = Provenance(source="test", licence="CC0-1.0", notice="Made for a test", simulated=True)
    held_out = {} if paper else {"held_out": [steps], "gap": 0}
    prepare(
        open_source([raw]).chosen(NAMES),
        folder / "dataset",
        recipe,
        about,
        lambda function, tasks: map(function, tasks),
        **held_out,
    )
    return Dataset(folder / "dataset")


def smooth_field(
    rng: np.random.Generator, radii: np.ndarray, latitudes: np.ndarray, longitudes: np.ndarray
) -> np.ndarray:
    """Return waves in space `(shell, latitude, longitude)`. They are smooth across the poles and the date line."""
    lat, lon = np.radians(latitudes)[:, None], np.radians(longitudes)
    x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat) + 0 * lon
    r = (radii / 6371)[:, None, None]
    field = np.zeros((len(radii), len(latitudes), len(longitudes)))
    for _ in range(5):
        a, b, c = rng.normal(size=3) * 6
        field += np.cos(r * (a * x + b * y + c * z) + rng.uniform(0, 7))
    return field.astype(np.float32)
