"""The coefficients of a run's temperatures on disk, from which its files can be written at any time.

A step of `earth` is 9 MB, where its file has 0.4 GB.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from earthgan.errors import BadInput
from earthgan.files import whole
from earthgan_training.simulate.model import Array
from earthgan_training.simulate.parameters import Setup

PATTERN = "coefficients*.npz"


@dataclass(frozen=True)
class Kept:
    """A temperature `(degree, order, part, node)` of a run at a time in diffusion times."""

    setup: Setup
    seed: int
    time: float
    temperature: Array


def save(folder: Path, t: int, kept: Kept) -> None:
    """Write time step `t`, whole or not at all. Raises BadInput."""
    about = {"setup": asdict(kept.setup), "seed": kept.seed, "time": kept.time}
    degree, order = np.tril_indices(len(kept.temperature))
    with whole(folder / f"coefficients{t:03d}.npz") as part:
        np.savez(
            part,
            about=np.frombuffer(json.dumps(about).encode(), np.uint8),
            temperature=kept.temperature[degree, order],  # (degree and order, part, node): other orders are zero
        )


def steps(folder: Path) -> list[int]:
    """The time steps that a folder holds, in ascending order. Raises BadInput if there are none."""
    numbers = (path.stem.removeprefix("coefficients") for path in folder.glob(PATTERN))
    found = sorted(int(number) for number in numbers if number.isdecimal())
    if not found:
        raise BadInput(f"{folder}: holds no coefficients<step>.npz")
    return found


def load(folder: Path, t: int) -> Kept:
    """Read time step `t`. Raises BadInput if it cannot be read."""
    path = folder / f"coefficients{t:03d}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(stored["about"].tobytes())
            setup = TypeAdapter(Setup).validate_python(about["setup"])
            triangle = stored["temperature"]
            size, nodes = setup.resolution.degree + 1, setup.resolution.nodes
            temperature = np.zeros((size, size, 2, nodes), triangle.dtype)
            temperature[np.tril_indices(size)] = triangle
            return Kept(setup, int(about["seed"]), float(about["time"]), temperature)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path}: cannot be read as coefficients of a run ({error})") from error
