"""Reads files in the layout of the IEEE SciVis Contest 2021 mantle-convection data: `spherical<step>.nc`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.errors import BadInput
from earthgan.grid import EARTH_RADIUS_KM, ShellGrid

CORE_RADIUS_KM = 3485.0
CELLS = 199
CELL_KM = (EARTH_RADIUS_KM - CORE_RADIUS_KM) / CELLS
#: 90, then 178 cell centres, then -90: the outer cells have half the width.
CONTEST_LATITUDES_DEG = np.concatenate([[90.0], 90 - (np.arange(178) + 0.5) * 180 / 178, [-90.0]])


def contest_radius_km(index: ArrayLike) -> NDArray[np.float64]:
    """The radius of a file's `r` index between the boundary faces: 1 to 199 are cell centres."""
    return CORE_RADIUS_KM + (np.asarray(index, dtype=np.float64) - 0.5) * CELL_KM


@dataclass(frozen=True)
class Snapshot:
    """One time step: `values` is float32 `(variable, shell, latitude, longitude)` on `grid`, in the file's units."""

    t: int
    time_myr: float | None
    grid: ShellGrid
    values: NDArray[np.float32]


def contest_files(folder: Path) -> dict[int, Path]:
    """The files of a folder by time step, in order. Raises BadInput where there are none."""
    found = {
        int(m[1]): path for path in folder.glob("*.nc") if (m := re.fullmatch(r"spherical([0-9]+)\.nc", path.name))
    }
    if not found:
        raise BadInput(f"{folder}: no spherical<step>.nc files in it")
    return dict(sorted(found.items()))


def read_snapshot(path: Path, t: int, variables: Sequence[str]) -> Snapshot:
    """Read a file's cell-centre shells; the boundary faces, corrupt in the contest data, and the repeated meridian
    are left out.

    Raises BadInput, naming the file, where it is truncated, or a variable is missing, of another shape, or nowhere
    finite.
    """
    try:
        with netCDF4.Dataset(path) as file:
            latitudes, radii, longitudes = (np.asarray(file[name][:], dtype=np.float64) for name in ("lat", "r", "lon"))
            repeated = int(np.isclose(longitudes[-1] - longitudes[0], 360))
            columns = len(longitudes) - repeated
            shape = (len(latitudes), len(radii), len(longitudes))
            values = np.empty((len(variables), len(radii) - 2, len(latitudes), columns), dtype=np.float32)
            for out, name in zip(values, variables, strict=True):
                array = np.ma.filled(file[name][:], np.nan)
                if array.shape != shape:
                    raise BadInput(f"{path}: {name} has shape {array.shape} where {shape} was due")
                out[:] = array[:, 1:-1, :columns].transpose(1, 0, 2)
                if not np.isfinite(out).any(axis=(1, 2)).all():
                    raise BadInput(f"{path}: {name} has a shell without a finite value")
            time_myr = float(file.time_Myr) if "time_Myr" in file.ncattrs() else None
        grid = ShellGrid(
            radii_km=tuple(radii[1:-1].tolist()),
            latitudes_deg=tuple(latitudes.tolist()),
            longitudes_deg=tuple(longitudes[:columns].tolist()),
        )
    except (OSError, RuntimeError, IndexError, KeyError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as contest data ({error})") from error
    return Snapshot(t, time_myr, grid, values)
