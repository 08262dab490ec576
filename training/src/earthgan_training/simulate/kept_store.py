"""A time step of a run that kept its coefficients, as a `Store`: it has what the step's file would have, and computes a
field when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.quantities import VELOCITY
from earthgan_training.simulate import archive
from earthgan_training.simulate.attributes import attributes
from earthgan_training.simulate.model import Model
from earthgan_training.simulate.output import DIMENSIONS, UNITS, Axes, Field, OutputFields, file_attributes
from earthgan_training.simulate.parameters import Setup
from earthgan_training.simulate.scale import kept_time_scale
from earthgan_training.simulations.stores import Index, Stored


class KeptStore:
    """A `coefficients<step>.npz`, beside the `history.csv` of its run. Raises BadInput if either cannot be read."""

    default_fill = False

    def __init__(self, address: str) -> None:
        self.address = address
        path = Path(address)
        number = path.stem.removeprefix("coefficients")
        if not number.isdecimal():
            raise BadInput(f"{address}: is not named as the coefficients of a time step, coefficients<step>.npz")
        self._kept = archive.load(path.parent, int(number))
        setup = self._kept.setup
        self._scale = kept_time_scale(setup, path.parent)
        self._axes = Axes.of(setup.physics, setup.grid)
        self.attributes: Mapping[str, Any] = file_attributes(
            self._kept.time, self._scale, attributes(setup, self._kept.seed, self._scale)
        )
        coordinates = {name: (axis, described) for name, axis, described in self._axes.named()}
        shape = tuple(len(coordinates[name][0]) for name in DIMENSIONS)
        self.variables: Mapping[str, Stored] = {
            **{
                name: Stored(name, (name,), axis.shape, axis.dtype, described)
                for name, (axis, described) in coordinates.items()
            },
            **{
                name: Stored(name, DIMENSIONS, shape, np.dtype(np.float32), {"units": unit})
                for name, unit in UNITS.items()
            },
        }
        self._coordinates = {name: axis for name, (axis, _) in coordinates.items()}
        self._last: tuple[Any, Mapping[str, Field]] = (None, {})

    def read(self, name: str, index: Index = ()) -> NDArray[Any]:
        if name in self._coordinates:
            return np.asarray(self._coordinates[name][index or ...])
        latitude, shells, longitude = index or (slice(None),) * 3
        run, at = (slice(shells, shells + 1), 0) if isinstance(shells, int) else (shells, slice(None))
        count = len(self._coordinates["r"])
        if len(range(*run.indices(count))) > count // 2:
            # Rounding depends on how many shells a product of matrices has. All of them have the bits of the file.
            run, at = slice(None), shells
        # The variables of one kind are computed together, and are read one after the other.
        group = (name in VELOCITY, run.start, run.stop, run.step)
        if self._last[0] != group:
            compute = self._output.velocity if name in VELOCITY else self._output.scalars
            self._last = group, compute(self._kept.temperature, run)
        return np.asarray(self._last[1][name][latitude, at, longitude])

    def close(self) -> None:
        """Forget what was computed last."""
        self._last = (None, {})

    @cached_property
    def _output(self) -> OutputFields:
        return _output_of(self._kept.setup, self._scale)


@lru_cache(maxsize=1)
def _output_of(setup: Setup, time_scale: float) -> OutputFields:
    """All steps of a run share the maps of its flow, which take long to prepare."""
    return OutputFields(Model(setup.physics, setup.resolution, setup.cfl), setup.grid, time_scale)
