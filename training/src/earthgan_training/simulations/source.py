"""Reads one file of a simulation, NetCDF-3 or NetCDF-4, in any layout. Refuses a file that is not whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.sphere.grid import ShellGrid
from earthgan_training.simulations.layout import Layout


class SourceFile:
    """An open file. Its axes are `grid`: from the core outwards, from north to south, with the first meridian once.

    Raises BadInput, which names the file and its fault. The file needs no attributes; `time_Myr` is read if it exists.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path, self.layout = path, layout
        with self._reading():
            self._file = netCDF4.Dataset(path)
        try:
            self._refuse_truncated()
            names = layout.vertical, layout.latitude, layout.longitude
            vertical, latitudes, longitudes = (self._axis(name) for name in names)
            if layout.order and set(names) - set(layout.order):
                raise ValueError("the order of dimensions names all three axes")  # a mistake in the Layout
            self._axes = names
            self._repeated = bool(np.isclose(longitudes[-1] - longitudes[0], 360))
            self._southwards = bool(latitudes[0] > latitudes[-1])
            radii = layout.radii_km(vertical)
            self._outwards = bool(radii[0] < radii[-1])
            first, last = layout.skip
            self._kept = slice(first, len(radii) - last)
            #: Indices, in the file, of the shells that are kept, in the order of `grid`.
            self.indices = np.arange(len(radii))[self._kept][:: 1 if self._outwards else -1]
            self.radii_km = radii  # all shells, in the file's order
            self.latitudes_deg = latitudes[:: 1 if self._southwards else -1]
            self.longitudes_deg = longitudes  # including the repeated meridian
            try:
                self.grid = ShellGrid(
                    radii_km=tuple(radii[self.indices].tolist()),
                    latitudes_deg=tuple(self.latitudes_deg.tolist()),
                    longitudes_deg=tuple(longitudes[: len(longitudes) - self._repeated].tolist()),
                )
            except ValueError as error:
                raise BadInput(f"{path}: its axes are not those of a globe ({error})") from error
            self.time_myr = float(self._file.time_Myr) if "time_Myr" in self._file.ncattrs() else None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> SourceFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def has(self, name: str) -> bool:
        """Whether the file holds the variable with our name `name`."""
        return self.layout.named(name).source in self._file.variables

    def all_shells(self, name: str) -> NDArray[np.float32]:
        """A variable without any checks: every shell of the file from the core outwards, `(shell, latitude,
        longitude)`, with NaN where the file masks values.
        """
        values = self._read(name)
        return values[:, :, : values.shape[2] - self._repeated]

    def shells(self, name: str, repeated_meridian: bool = False) -> NDArray[np.float32]:
        """A variable `(shell, latitude, longitude)` on `grid`, in the file's units. All values are finite.

        With `repeated_meridian`, a first meridian that the file stores twice is kept twice.
        """
        values = self._read(name)
        first, last = self.layout.skip[:: 1 if self._outwards else -1]
        values = values[first : len(values) - last]
        if not repeated_meridian:
            values = values[:, :, : values.shape[2] - self._repeated]
        values = np.ascontiguousarray(values)
        finite = np.isfinite(values).all(axis=(1, 2))
        if not finite.all():
            bad = self.indices[np.flatnonzero(~finite)]
            empty = self.indices[np.flatnonzero(~np.isfinite(values).any(axis=(1, 2)))]
            if len(empty):
                raise BadInput(f"{self.path}: {self._source(name)} has a shell without a finite value ({empty[0]})")
            raise BadInput(
                f"{self.path}: {self._source(name)} has values that are not finite in {len(bad)} of its shells"
                f" (the first is {bad.min()})"
            )
        return values

    def _source(self, name: str) -> str:
        return self.layout.named(name).source

    def _read(self, name: str) -> NDArray[np.float32]:
        """All values from the core outwards and from north to south, including the repeated meridian. The result is a
        view where possible.
        """
        source = self._source(name)
        if source not in self._file.variables:
            held = ", ".join(v for v in self._file.variables if v not in self._axes)
            raise BadInput(f"{self.path}: holds no variable {source!r}; its variables: {held or 'none'}")
        variable = self._file[source]
        order = tuple(variable.dimensions)
        if order != self.layout.order:
            due = ", ".join(self.layout.order)
            raise BadInput(f"{self.path}: {source} has dimensions ({', '.join(order)}) instead of ({due})")
        long = [d for d, n in zip(order, variable.shape, strict=True) if d not in self._axes and n != 1]
        if long:
            raise BadInput(f"{self.path}: {source} has more than one {long[0]}, but a file must hold one time step")
        with self._reading():
            values = np.ma.filled(variable[:].astype(np.float32, copy=False), np.nan)
        values = values.reshape([n for d, n in zip(order, variable.shape, strict=True) if d in self._axes])
        present = [d for d in order if d in self._axes]
        values = values.transpose([present.index(axis) for axis in self._axes])
        return values[:: 1 if self._outwards else -1, :: 1 if self._southwards else -1]

    def _axis(self, name: str) -> NDArray[np.float64]:
        if name not in self._file.variables:
            raise BadInput(f"{self.path}: holds no coordinate {name!r}")
        with self._reading():
            values = np.ma.filled(self._file[name][:].astype(np.float64), np.nan)
        if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
            raise BadInput(f"{self.path}: {name} is not an axis with two or more finite numbers")
        return np.asarray(values)

    def _refuse_truncated(self) -> None:
        """Check the size of a classic file, because the library reads zeros beyond its end."""
        if not self._file.data_model.startswith("NETCDF3"):
            return
        due = sum(int(np.prod(v.shape)) * v.dtype.itemsize for v in self._file.variables.values())
        there = self.path.stat().st_size
        if there < due:
            raise BadInput(f"{self.path}: is truncated: it has {there} bytes, but its variables alone need {due}")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise BadInput(f"{self.path}: no such file") from error
        except (OSError, RuntimeError, IndexError, KeyError, ValueError, AttributeError) as error:
            raise BadInput(f"{self.path}: cannot be read as NetCDF ({error})") from error
