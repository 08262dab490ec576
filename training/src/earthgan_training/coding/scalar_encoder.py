"""Encodes time steps of a source for a surrogate of kind `harmonics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.kinds.harmonics_code import ScalarComponent, load_code
from earthgan.records import VariableSpec
from earthgan.surrogate import Surrogate
from earthgan_training.coding.modes import degrees_of_rows, in_rows
from earthgan_training.coding.scalars import borne_degree, coefficients_of
from earthgan_training.coding.tables import loudness_of
from earthgan_training.simulations.labelled import Source

Field = NDArray[np.float32]


class ScalarEncoder:
    """Encodes steps of a source for a surrogate of kind `harmonics`."""

    def __init__(
        self, degree: int, code: Code[ScalarComponent], variables: Sequence[VariableSpec], radii_km: Sequence[float]
    ) -> None:
        self._degree, self._code, self._radii_km = degree, code, tuple(radii_km)
        self._scales = {variable.name: variable.normalisation for variable in variables}

    @classmethod
    def of(cls, surrogate: Surrogate) -> ScalarEncoder:
        """The encoder of an existing surrogate, whose kind is `harmonics`."""
        spec, arguments = surrogate.spec, surrogate.spec.generator.arguments
        assert isinstance(arguments, HarmonicsArguments)
        radii_km = spec.grid.radii_km
        code: Code[ScalarComponent] = load_code(surrogate.weights_path, arguments, radii_km)
        return cls(arguments.degree, code, spec.variables, radii_km)

    def encode(self, source: Source, t: int) -> bytes:
        """The code of a time step.

        Raises BadInput if its shells are not those of the surrogate, if its grid is too coarse, if it lacks a variable
        or a value, or if a value is too large for the code.
        """
        refuse_other_shells(source, self._radii_km)
        if borne_degree(source.grid) < self._degree:
            rows, columns = source.grid.shape[1:]
            raise BadInput(f"{source.address}: {rows} x {columns} points are too few for degree {self._degree}")
        by_name = {
            name: coefficients_of(source, t, name, self._degree, affine) for name, affine in self._scales.items()
        }
        return self.code_of(by_name, f"{source.address}: step {t}")

    def code_of(self, coefficients: Mapping[str, Field], place: str) -> bytes:
        """The code of normalised coefficients `(degree, order, part, shell)` by variable. Higher degrees are left out.

        Raises BadInput, which names the place, if a coefficient is too large for the code.
        """
        in_modes, scaled, tables = {}, [], []
        for name, component in self._code.components.items():
            inverse = (component.basis / (4 * np.pi * component.basis.shape[-1]))[component.group].swapaxes(1, 2)
            cut = coefficients[name][: self._degree + 1, : self._degree + 1]
            in_modes[name] = np.einsum("lmps,lsk->lmpk", cut, inverse, optimize=True)
            scaled.append(in_rows(in_modes[name]) / component.step)
            tables.append(component.tables)
        follow = np.concatenate(tables, axis=1)[degrees_of_rows(self._degree)]
        try:
            return self._code.encode(in_modes, loudness_of(np.concatenate(scaled, axis=1), follow))
        except ValueError as error:
            raise BadInput(f"{place}: {error}") from error


def refuse_other_shells(source: Source, radii_km: Sequence[float]) -> None:
    """Raise BadInput if a source does not have the shells of a surrogate."""
    found = source.grid.radii_km
    if len(found) != len(radii_km) or not np.allclose(found, radii_km, rtol=1e-6, atol=0):
        raise BadInput(f"{source.address}: its shells are not those of the surrogate")
