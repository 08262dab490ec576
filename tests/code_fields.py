"""Fields of many kinds for tests of codes, and sources that hold them in memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from earthgan.records import PlanetSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan.variables import Variable
from earthgan_training.simulations.labelled import Source, SourceStep
from earthgan_training.simulations.layout import SourceVariable
from places import SHARED, SIMULATED

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Held:
    """Reads fields `(shell, latitude, longitude)` by time step and variable."""

    fields: dict[int, dict[str, Field]]

    def read(self, t: int, name: str, shells: range) -> Field:
        return self.fields[t][name][shells.start : shells.stop]

    def digest(self, t: int, names: Iterable[str]) -> str:
        return "0" * 64


def source_of(fields: dict[int, dict[str, Field]]) -> Source:
    """A source of fields that all lie on one grid of cells around the globe."""
    first = next(iter(fields.values()))
    shells, rows, columns = next(iter(first.values())).shape
    radii = tuple(np.linspace(3480, 6371, shells).tolist())
    return Source(
        address="memory",
        title="Fields",
        provenance=Provenance(source="memory", licence="CC0-1.0"),
        planet=PlanetSpec(),
        grid=ShellGrid.cell_centred(radii, rows, columns),
        variables=tuple(SourceVariable(name, Variable(name, name, "K", "crameri:batlow", False)) for name in first),
        steps=tuple(SourceStep(t) for t in fields),
        reader=Held(fields),
    )


def rough(shape: tuple[int, ...], slope: float, seed: int) -> NDArray[np.float64]:
    """Noise whose amplitudes fall as a power of the wave number, with the standard deviation 1."""
    waves = [np.fft.fftfreq(n) * n for n in shape]
    number = np.maximum(np.sqrt(sum(each**2 for each in np.meshgrid(*waves, indexing="ij"))), 1)
    noise = np.fft.fftn(np.random.default_rng(seed).standard_normal(shape))
    out = np.fft.ifftn(noise * number**-slope).real
    return np.asarray(out / out.std())


def tomography(shells: int = 40, rows: int = 90, columns: int = 180) -> NDArray[np.float64]:
    """A smooth anomaly: plane waves cut by the sphere, of a degree below 20."""
    random = np.random.default_rng(7)
    latitude = np.radians(90 - (np.arange(rows) + 0.5) * 180 / rows)[:, None]
    longitude = np.radians(np.arange(columns) * 360 / columns)
    place = np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude) + 0 * longitude]
    )
    depth, out = np.linspace(0, 1, shells), np.zeros((shells, rows, columns))
    for _ in range(60):
        wave = random.standard_normal(3)
        wave *= random.uniform(1, 18) / np.linalg.norm(wave)
        lateral = np.cos(np.tensordot(wave, place, 1) + random.uniform(0, 6)) / np.linalg.norm(wave)
        out += lateral * np.cos(depth * random.uniform(0, 8) + random.uniform(0, 6))[:, None, None]
    return out


def made_fields() -> Iterator[tuple[str, Field]]:
    """Named fields that need no files."""
    rows, columns = np.mgrid[:90, :180]
    steps = np.stack([((columns - 90 + 3 * i) ** 2 + (rows - 45) ** 2 < 900) * 1e3 for i in range(20)])
    steps[10:] += (columns > 120) * 300.0
    one_level = np.zeros((12, 90, 180))
    one_level[5] = (columns // 7 + rows // 9) % 2 * 2.0 + 0.5 * rough((90, 180), 1.5, 5)
    blobs = rough((30, 90, 180), 2.0, 4)
    viscosity = np.floor(21 + 2 * blobs) + 0.3 * blobs + np.linspace(0, 2, 30)[:, None, None]
    topography = rough((180, 360), 1.8, 3)
    noise = np.random.default_rng(0).standard_normal((10, 90, 180))
    for name, field in (
        ("smooth tomography", tomography()),
        ("white noise", noise),
        ("step functions", steps),
        ("one level only", one_level),
        ("topography, two levels", np.stack([topography, 0.5 * topography])),
        ("log viscosity", viscosity),
    ):
        yield name, np.ascontiguousarray(field, np.float32)


def real_shell() -> Field | None:
    """The real shell `(row, column)` of the shared data, with both poles and the first column again at the end."""
    shell = SHARED / "data" / "real" / "temperature_t001_r045.npy"
    return np.load(shell).astype(np.float32) if shell.exists() else None


def real_fields(scratch: Path) -> Iterator[tuple[str, Field]]:
    """Named fields of the shared data: a real shell, and a simulated time step of which files are written to a scratch
    folder. Nothing if the data are not here.
    """
    shell = real_shell()
    if shell is not None:
        temperature = shell[:, :-1]
        # The second shell is another view of the first. Two equal shells would be too easy.
        yield "real temperature", np.stack([temperature, np.roll(temperature[::-1], 100, axis=1)])
    if SIMULATED.is_dir():
        run, out = SIMULATED / "run-a.npz", scratch / "spherical060.nc"
        if not out.exists():
            command = [sys.executable, str(SIMULATED / "expand.py"), str(run), str(scratch), "--steps", "60"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with netCDF4.Dataset(out) as file:
            for name in ("temperature", "vx"):
                whole = np.asarray(file[name][:], np.float32).transpose(1, 0, 2)[..., :-1]
                yield f"simulated {name}, 2°", np.ascontiguousarray(whole[::5, ::2, :-1:2])
                yield f"simulated {name}, 50 shells", np.ascontiguousarray(whole[100:150])
                yield f"simulated {name}, 4 shells", np.ascontiguousarray(whole[[20, 80, 140, 190]])
