"""Compares decoded time steps with their source, in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.coded import Code
from earthgan.kinds.harmonics_code import ScalarComponent
from earthgan.kinds.harmonics_planner import ScalarPlanner
from earthgan.records import Affine, VariableSpec
from earthgan.sphere.grid import Window
from earthgan_training.coding.scalars import parts, read_part
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.ranges import extent

Field = NDArray[np.float32]
Extent = tuple[float, float]


@dataclass(frozen=True)
class Accuracy:
    """The accuracy of a variable over every cell of the measured steps. Cells count alike.

    `psnr_db` has the range of the variable in these steps as its peak. It is infinite for a variable that is exact, or
    the same everywhere. `max_error` is in the variable's unit.
    """

    psnr_db: float
    max_error: float


class Comparison:
    """Compares decoded steps with their source."""

    def __init__(
        self, source: Source, degree: int, code: Code[ScalarComponent], variables: Sequence[VariableSpec]
    ) -> None:
        self._source, self._code, self._variables = source, code, variables
        self._planner = ScalarPlanner(degree, code.components, source.grid.radii_km, source.grid)
        number = len(variables)
        self._square, self._largest, self._count = np.zeros(number), np.zeros(number), 0
        self._ends = np.stack([np.full(number, np.inf), np.full(number, -np.inf)])

    def add(self, t: int, data: bytes, compare: bool) -> dict[str, tuple[float, float]]:
        """The extents of a step's variables by name. With `compare`, the step counts for the accuracy."""
        extents = {}
        coefficients = self._code.coefficients(self._code.decode(data)) if compare else None
        for i, variable in enumerate(self._variables):
            of_parts = []
            source_variable = self._source.named(variable.name).variable
            for shells in parts(self._source.grid):
                values = read_part(self._source, t, variable.name, shells)
                of_parts.append(extent(values, source_variable))
                if coefficients is not None:
                    self._compare(i, variable.normalisation, coefficients, shells, values)
            extents[variable.name] = joined(of_parts)
        self._count += int(np.prod(self._source.grid.shape)) if compare else 0
        return extents

    def _compare(self, i: int, affine: Affine, coefficients: Field, shells: range, values: Field) -> None:
        whole = self._source.grid.whole
        found = self._planner.evaluate(coefficients, Window(shells, whole.rows, whole.columns), [i])[0]
        error = found * np.float32(affine.scale) + np.float32(affine.offset) - values
        self._square[i] += np.square(error, dtype=np.float64).sum()
        self._largest[i] = max(self._largest[i], float(np.abs(error).max()))
        self._ends[:, i] = min(self._ends[0, i], values.min()), max(self._ends[1, i], values.max())

    @property
    def mean_squares(self) -> dict[str, float]:
        """The mean square errors of normalised variables, by name."""
        found = self._square / max(self._count, 1)
        return {
            each.name: float(square) / each.normalisation.scale**2
            for each, square in zip(self._variables, found, strict=True)
        }

    @property
    def accuracy(self) -> dict[str, Accuracy]:
        """The accuracy of each variable by name."""
        out = {}
        for variable, square, largest, (low, high) in zip(
            self._variables, self._square, self._largest, self._ends.T, strict=True
        ):
            exact = not self._count or square == 0 or high == low
            psnr_db = np.inf if exact else 10 * np.log10((high - low) ** 2 / (square / self._count))
            out[variable.name] = Accuracy(float(psnr_db), float(largest))
        return out


def extents_of(source: Source, t: int, name: str) -> tuple[Extent, Extent]:
    """The least and the greatest value of a variable, and its extent for drawing."""
    ends, drawn = [], []
    variable = source.named(name).variable
    for shells in parts(source.grid):
        values = read_part(source, t, name, shells)
        ends.append((float(values.min()), float(values.max())))
        drawn.append(extent(values, variable))
    return joined(ends), joined(drawn)


def joined(extents: Sequence[Extent]) -> Extent:
    """The extent of all of these."""
    return min(low for low, _ in extents), max(high for _, high in extents)
