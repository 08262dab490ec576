"""`make bench-series`: what a large step costs `earthgan make`, beside reading it: `python -m load.series`.

The steps are invented, in the contest's layout and size (201 x 180 x 360, four variables, 208 MB each). They turn from
one field to another, and the Stokes equations give the velocity from the temperature. So each kind of surrogate that
`make` chooses for such a run can be measured. The numbers are CPU seconds of one process for each kind, so that other
work hardly changes them. A step that costs more than its reading by a factor, a choice that takes too long, or too much
memory make the command fail.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from contest_file import write_axes
from earthgan import ShellGrid
from earthgan.numerics.transform import per_degree
from earthgan.sphere.vectors import LocalAxes
from earthgan_training.harmonics.analysis import scalar_field, vector_field
from earthgan_training.make.codes import all_codes
from earthgan_training.make.goal import Quality
from earthgan_training.make.report import Report
from earthgan_training.make.run import STEPS_AT_ONCE, Wish, make_surrogate
from earthgan_training.make.spectral import Spectral
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.opening import open_source
from memory_source import smooth_coefficients
from spectral_surrogate import PROFILE

VARIABLES = "temperature", "vx", "vy", "vz"
#: The kinds that are measured.
KINDS = "harmonics", "spectral"
#: The CPU times of a step and of the choice in CPU times of reading a step, and the memory in 2**20 bytes. A choice of
#: 170 readings took a minute where a reading takes 0.35 CPU s.
MOST_PER_READING, MOST_CHOICE_READINGS, MOST_MB = 1.5, 170, 1500
#: The shells, rows and columns of an invented step, the degree to which it is rough.
SHAPE, DEGREE = (201, 180, 360), 95
#: The amplitudes of the invented temperature fall as this power of the degree. Its mean and its amplitude, in K.
STEEPNESS, MEAN_K, AMPLITUDE_K = 2.0, 2000.0, 1200.0
#: The nodes of the solver that gives the velocity.
NODES = 45


@dataclass
class Clock:
    """Notes the CPU time at which steps are reported to be finished."""

    began_s: float = field(default_factory=time.process_time)
    steps: list[tuple[float, float]] = field(default_factory=list)  # the number that is finished, CPU seconds

    def __call__(self, what: str, done: float, total: float | None, note: str = "") -> None:
        if what == "steps":
            self.steps.append((done, time.process_time() - self.began_s))

    @property
    def choice_s(self) -> float:
        """Until the code is chosen and fitted."""
        return self.steps[0][1]

    @property
    def step_s(self) -> float:
        """For each step after that."""
        (first, began), (last, ended) = self.steps[0], self.steps[-1]
        return (ended - began) / (last - first)


@dataclass(frozen=True)
class Cost:
    """The CPU seconds of reading a step, of the choice and of a step after it, and the peak of the memory."""

    read_s: float
    choice_s: float
    step_s: float
    peak_mb: float
    report: Report

    @property
    def per_reading(self) -> float:
        return self.step_s / self.read_s

    def lines(self) -> Iterator[str]:
        yield f"reading a step      {self.read_s:8.3f} CPU s"
        choice = self.choice_s / self.read_s
        yield f"the choice          {self.choice_s:8.1f} CPU s, {choice:.0f} readings (at most {MOST_CHOICE_READINGS})"
        per_reading = f"{self.per_reading:.2f} of reading (at most {MOST_PER_READING:g})"
        yield f"a step after it     {self.step_s:8.3f} CPU s, {per_reading}"
        yield f"memory, at its peak {self.peak_mb:8.0f} MB (at most {MOST_MB})"

    @property
    def holds(self) -> bool:
        few = self.choice_s <= MOST_CHOICE_READINGS * self.read_s
        return self.per_reading <= MOST_PER_READING and few and self.peak_mb <= MOST_MB


def write_steps(folder: Path, steps: int, shape: tuple[int, int, int], degree: int) -> None:
    """Write files in the contest's layout: `shape` is (shell, latitude, longitude), with the repeated meridian."""
    shells, rows, columns = shape
    radii, latitudes, longitudes = (
        np.linspace(3485, 6371, shells),
        np.linspace(90, -90, rows),
        np.linspace(0, 360, columns),
    )
    grid = ShellGrid(
        radii_km=tuple(radii.tolist()),
        latitudes_deg=tuple(latitudes.tolist()),
        longitudes_deg=tuple(longitudes[:-1].tolist()),
    )
    with ExitStack() as opened:
        files = [
            opened.enter_context(netCDF4.Dataset(folder / f"spherical{t:03d}.nc", "w", format="NETCDF3_64BIT_OFFSET"))
            for t in range(1, steps + 1)
        ]
        for file in files:
            write_axes(file, {"lon": longitudes, "r": radii, "lat": latitudes})
            for name in VARIABLES:
                file.createVariable(name, "f4", ("lat", "r", "lon"))
        ends = [flow(grid, degree, seed) for seed in (0, 1)]
        for name in VARIABLES:
            for step, file in enumerate(files):
                angle = np.pi / 2 * step / max(steps - 1, 1)
                values = ends[0][name] * np.float32(np.cos(angle)) + ends[1][name] * np.float32(np.sin(angle))
                values += np.float32(MEAN_K if name == "temperature" else 0)
                file[name][:] = np.concatenate([values, values[..., :1]], axis=-1).transpose(1, 0, 2)


def flow(grid: ShellGrid, degree: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Invented differences of temperature from its mean, and the velocity that they drive, by name."""
    nodes = PROFILE.grid(NODES)
    coefficients = smooth_coefficients(nodes.nodes, degree, seed, STEEPNESS)
    maps = PROFILE.maps(nodes, degree)
    to_shells = nodes.interpolation(np.asarray(grid.radii_km) / PROFILE.thickness_km).T
    axes = grid.latitudes_deg, grid.longitudes_deg
    u, v = (per_degree(each, coefficients) @ to_shells for each in (maps.radial, maps.lateral))
    velocity = LocalAxes.on_grid(*axes).cartesian(*vector_field(u, v, None, *axes))
    temperature = scalar_field(coefficients @ to_shells, *axes)
    factor = AMPLITUDE_K / np.abs(temperature).max()
    return {
        name: (factor * each).astype(np.float32) for name, each in zip(VARIABLES, (temperature, *velocity), strict=True)
    }


def read_s(source: Source) -> float:
    """The mean CPU seconds in which a step is read."""
    began = time.process_time()
    for step in source.steps:
        for each in source.variables:
            source.read(step.t, each.variable.name)
    return (time.process_time() - began) / len(source.steps)


def cost(folder: Path, out: Path, quality_db: float, kind: str) -> Cost:
    """What the files of a folder cost, read and made into a surrogate of a kind."""
    source = open_source(folder).chosen(VARIABLES)
    reading_s, clock = read_s(source), Clock()
    wish = Wish(goal=Quality(quality_db), kind=kind, rival=False)
    report = make_surrogate(source, out, wish, all_codes(), "bench", clock)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(reading_s, clock.choice_s, clock.step_s, peak_mb, report)


def main() -> int:
    """Print the numbers. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=12, help="large steps to invent (default: 12, which take 2.5 GB)")
    parser.add_argument("--quality", type=float, default=55.0, metavar="DB", help="the PSNR to ask for (default: 55)")
    parser.add_argument("--folder", type=Path, help="measure on the files of this folder instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder
        if folder is None:
            folder = Path(scratch) / "steps"
            folder.mkdir()
            steps = max(arguments.steps, Spectral.MOST_STEPS + STEPS_AT_ONCE)
            # The files are written by another process, whose memory does not count.
            writer = get_context("spawn").Process(target=write_steps, args=(folder, steps, SHAPE, DEGREE))
            writer.start()
            writer.join()
            if writer.exitcode:
                return 1
        holds = True
        for kind in KINDS:
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                found = process.submit(cost, folder, Path(scratch) / kind, arguments.quality, kind).result()
            print("\n".join([*found.report.lines(), *found.lines()]), flush=True)
            holds &= found.holds
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
