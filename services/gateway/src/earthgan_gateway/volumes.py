"""Use case: radial shells of several time steps and depths as one NetCDF file, with the dimensions of `earthgan.run`.

The file equals that part of the run's data set, so programs that read several such files can join them. Its values are
those of `/shells`, to the bit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import EngineTimeout, InvalidRequest
from earthgan.run.described import DIMENSIONS, Described, about, attributes, coordinates
from earthgan_gateway.draws import OWN, Draws
from earthgan_gateway.engines import Admission
from earthgan_gateway.fields import Fields
from earthgan_gateway.formats.netcdf import encode_data_set

#: The most values of a file, which are 64 MiB. A step of 201 x 180 x 360 cells has 13 million.
MOST_VALUES = 2**24


@dataclass(frozen=True)
class Volume:
    """A quantity at time steps and on radial shells, both in ascending order. `anomaly` subtracts lateral means."""

    quantity: str
    steps: tuple[int, ...]
    shells: tuple[int, ...]
    anomaly: bool = False
    draws: Draws = OWN


class Volumes:
    """Writes volumes of one surrogate. Requests are admitted by `reads`, and one of them is worked on at a time."""

    def __init__(self, fields: Fields, reads: Admission) -> None:
        self.offer = fields.offer
        self._fields = fields
        self._reads = reads
        self._turn = asyncio.Lock()

    def check(self, volume: Volume) -> None:
        """Raise InvalidRequest if it is too large for one file."""
        _, rows, columns = self.offer.surrogate.grid.shape
        steps, shells, most = len(volume.steps), len(volume.shells), max(1, MOST_VALUES // (rows * columns))
        if steps * shells > most:
            raise InvalidRequest(f"t and r name {steps} x {shells} shells, and a file holds at most {most}")

    async def netcdf(self, volume: Volume) -> bytes:
        """Return the file. Raises EngineError. What was generated before that is cached, and another try goes on."""
        deadline = self._fields.deadline()
        with self._reads.place("volume"):
            try:
                await asyncio.wait_for(self._turn.acquire(), deadline - time.monotonic())
            except TimeoutError:
                raise EngineTimeout("other files are being written") from None
            try:
                values = await self._values(volume, deadline)
                return await asyncio.to_thread(self._written, volume, values)
            finally:
                self._turn.release()

    async def _values(self, volume: Volume, deadline: float) -> NDArray[np.float32]:
        """The values `(step, depth, latitude, longitude)`. Depths increase, so shells come in the opposite order."""
        shape = len(volume.steps), len(volume.shells), *self.offer.surrogate.grid.shape[1:]
        values = np.empty(shape, np.float32)
        for i, t in enumerate(volume.steps):
            for j, r in enumerate(reversed(volume.shells)):
                shell = await self._fields.shell(
                    volume.quantity, t, r, volume.anomaly, deadline, volume.draws, lane="long"
                )
                values[i, j] = shell.values
        return values

    def _written(self, volume: Volume, values: NDArray[np.float32]) -> bytes:
        surrogate, quantity = self.offer.surrogate, self.offer.quantity(volume.quantity)
        every = [step.t for step in surrogate.steps]
        last = len(surrogate.grid.radii_km) - 1
        chosen = {
            "time": np.array([every.index(t) for t in volume.steps]),
            "depth": np.array([last - r for r in reversed(volume.shells)]),
        }
        described = {name: _part(each, chosen) for name, each in coordinates(surrogate).items()}
        depths = described["depth"].values
        said = about(surrogate) | {"geospatial_vertical_min": depths.min(), "geospatial_vertical_max": depths.max()}
        name = f"{quantity.name}_anomaly" if volume.anomaly else quantity.name
        long_name = volume.draws.of(f"{quantity.long_name}{', less its lateral mean' if volume.anomaly else ''}")
        field = Described(DIMENSIONS, values, attributes(long_name, quantity.unit))
        return encode_data_set(name, field, described, said)


def _part(whole: Described, chosen: Mapping[str, NDArray[np.intp]]) -> Described:
    values = whole.values
    for axis, dimension in enumerate(whole.dimensions):
        if dimension in chosen:
            values = values.take(chosen[dimension], axis)
    return replace(whole, values=values)
