"""Encodes time steps of a source for a surrogate of kind `harmonics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code
from earthgan.kinds.harmonics_arguments import HarmonicsArguments
from earthgan.kinds.harmonics_code import ScalarComponent, load_code
from earthgan.numerics.transform import per_degree
from earthgan.records import VariableSpec
from earthgan.surrogate import Surrogate
from earthgan_training.coding.modes import degrees_of_rows, in_rows
from earthgan_training.coding.scalars import borne_degree, profile_coefficients_of
from earthgan_training.coding.tables import loudness_of
from earthgan_training.simulations.labelled import Source

Field = NDArray[np.float32]

#: A direction in which modes are smaller than this share of the largest is left out of their span.
_IN_SPAN = 1e-7


class ScalarEncoder:
    """Encodes steps of a source for a surrogate of kind `harmonics`."""

    def __init__(
        self, degree: int, code: Code[ScalarComponent], variables: Sequence[VariableSpec], radii_km: Sequence[float]
    ) -> None:
        self._degree, self._code, self._radii_km = degree, code, tuple(radii_km)
        self._scales = {variable.name: variable.normalisation for variable in variables}
        self._spans = {name: _Span.of(component) for name, component in code.components.items()}

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
        in_modes = {}
        for name, affine in self._scales.items():
            span = self._spans[name]
            found = profile_coefficients_of(source, t, name, self._degree, affine, span.profiles)
            in_modes[name] = per_degree(span.to_modes, found)
        return self._code_of(in_modes, f"{source.address}: step {t}")

    def code_of(self, coefficients: Mapping[str, Field], place: str) -> bytes:
        """The code of normalised coefficients `(degree, order, part, shell)` by variable. Higher degrees are left out.

        Raises BadInput, which names the place, if a coefficient is too large for the code.
        """
        kept = slice(self._degree + 1)
        in_modes = {}
        for name, span in self._spans.items():
            in_modes[name] = per_degree(span.to_modes, coefficients[name][kept, kept] @ span.profiles.T)
        return self._code_of(in_modes, place)

    def _code_of(self, in_modes: Mapping[str, Field], place: str) -> bytes:
        components = self._code.components
        scaled = [in_rows(in_modes[name]) / component.step for name, component in components.items()]
        follow = np.concatenate([each.tables for each in components.values()], axis=1)[degrees_of_rows(self._degree)]
        try:
            return self._code.encode(in_modes, loudness_of(np.concatenate(scaled, axis=1), follow))
        except ValueError as error:
            raise BadInput(f"{place}: {error}") from error


@dataclass(frozen=True)
class _Span:
    """All radial modes of a variable: orthonormal `profiles` `(profile, shell)` in which they lie, and the matrices
    `to_modes` `(degree, mode, profile)` from coefficients in these to those in each degree's modes.
    """

    profiles: NDArray[np.float32]
    to_modes: NDArray[np.float32]

    @classmethod
    def of(cls, component: ScalarComponent) -> _Span:
        inverse = component.basis / (4 * np.pi * component.basis.shape[-1])
        _, sizes, vectors = np.linalg.svd(component.basis.reshape(-1, component.basis.shape[-1]), full_matrices=False)
        profiles = vectors[sizes > _IN_SPAN * sizes[0]]
        return cls(profiles.astype(np.float32), (inverse @ profiles.T)[component.group].astype(np.float32))


def refuse_other_shells(source: Source, radii_km: Sequence[float]) -> None:
    """Raise BadInput if a source does not have the shells of a surrogate."""
    found = source.grid.radii_km
    if len(found) != len(radii_km) or not np.allclose(found, radii_km, rtol=1e-6, atol=0):
        raise BadInput(f"{source.address}: its shells are not those of the surrogate")
