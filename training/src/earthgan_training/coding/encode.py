"""Encodes a time step of a source for a surrogate of kind `spectral`, whose velocity follows from temperature. It does
so for the time steps of a new surrogate and for later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.coded import Code, Component
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.kinds.spectral_planner import Kernels
from earthgan.numerics.transform import per_degree
from earthgan.records import VariableSpec
from earthgan.surrogate import Surrogate
from earthgan_training.coding.flow import Flow, StepFlow, refuse_lost, refuse_unexplained
from earthgan_training.coding.modes import Shells, degrees_of_rows, in_rows, projected
from earthgan_training.coding.scalars import profile_coefficients_of, read_part
from earthgan_training.coding.shares import Products
from earthgan_training.coding.tables import loudness_of
from earthgan_training.harmonics.analysis import highest_degree
from earthgan_training.simulations.labelled import Source

#: The coefficients `(degree, order, part, mode)` of each component.
Coefficients = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class EncodedStep:
    """The bytes of a time step, and the strength of its buoyancy.

    `explained` `(2, shell)` are the shares of the radial and the lateral variance of its velocity that follow from its
    temperature. They are None if the surrogate or the source has no velocity, so that nothing was compared.
    """

    content: bytes
    strength: float = 1.0
    explained: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class TrueStep:
    """A time step before rounding: its coefficients, and its velocity if there is one to compare with."""

    coefficients: Coefficients
    flow: StepFlow | None


class Encoder:
    """Encodes steps of a source for a surrogate of kind `spectral`."""

    def __init__(
        self,
        arguments: SpectralArguments,
        code: Code[Component],
        radii_km: Sequence[float],
        variables: Sequence[VariableSpec],
    ) -> None:
        self._code, self._arguments, self._radii_km = code, arguments, tuple(radii_km)
        self._scales = [variable.normalisation for variable in variables]
        self._shells = {name: Shells.of_component(name, arguments, radii_km) for name in code.components}
        self._span = self._shells["temperature"].span
        self._shells["temperature"] = self._shells["temperature"].seen_by(self._span)
        self._stores_velocity = len(code.components) > 1
        self._names = tuple(variable.name for variable in variables[:4])

    @classmethod
    def of(cls, surrogate: Surrogate) -> Encoder:
        """The encoder of an existing surrogate. Raises BadInput if its time steps are not coded."""
        spec, arguments = surrogate.spec, surrogate.spec.generator.arguments
        if not isinstance(arguments, SpectralArguments):
            raise BadInput(f"{surrogate.folder}: its kind is {arguments.preset}, whose time steps are not coded")
        return cls(arguments, Code.load(surrogate.weights_path, arguments), spec.grid.radii_km, spec.variables)

    @cached_property
    def _flow(self) -> Flow:
        return Flow(self._arguments, self._radii_km)

    def velocity_of(self, source: Source) -> tuple[str, ...]:
        """The names of the velocity's components in a source, x first, if the surrogate has a velocity to compare with.
        They are empty if there is nothing to compare.
        """
        if self._arguments.stokes is None:
            return ()
        return source.vector or (self._names[1:] if self._stores_velocity else ())

    def encode(self, source: Source, t: int) -> EncodedStep:
        """The code of a time step.

        Raises BadInput if its shells are not those of the surrogate, if its grid is too coarse, if it lacks a variable
        or a value, if a value is too large for the code, or if too little of its velocity follows from its temperature
        by the gate's rule.
        """
        true = self.read(source, t)
        try:
            content = self.key(true.coefficients)
        except ValueError as error:
            raise BadInput(f"{source.address}: step {t}: {error}") from error
        return self.checked(source, t, true, content, lambda: self._code.coefficients(self._code.decode(content)))

    def read(self, source: Source, t: int) -> TrueStep:
        """A time step before rounding. Raises BadInput if it is unfit."""
        arguments = self._arguments
        refuse_unfit(source, arguments.degree, self._radii_km)
        velocity = self.velocity_of(source)
        affine = self._scales[0]
        temperature = profile_coefficients_of(source, t, self._names[0], arguments.degree, affine, self._span.T)
        flow = None
        if velocity:
            read = partial(_component, source, t, velocity)
            flow = self._flow.of(read, source.grid, t, temperature * np.float32(affine.scale))
        left = flow.left if flow and self._stores_velocity else {}
        scaled = {name: each / self._scales[1].scale for name, each in left.items()}
        return TrueStep(self._in_modes({"temperature": temperature, **scaled}), flow)

    def checked(
        self, source: Source, t: int, true: TrueStep, content: bytes, decoded: Callable[[], NDArray[np.float32]]
    ) -> EncodedStep:
        """A time step whose bytes are `content`, of which a reader makes the coefficients `decoded`. Raises BadInput if
        too little of its velocity follows from its temperature, or if too little of what is stored is held.
        """
        flow = true.flow
        if flow is None:
            return EncodedStep(content)
        refuse_unexplained(source, t, flow.explained, self._arguments.gate)
        if not self._flow.served.all():
            refuse_lost(source, t, self._held(decoded(), flow))
        return EncodedStep(content, flow.strength, flow.explained)

    def _held(self, x: NDArray[np.float32], flow: StepFlow) -> NDArray[np.float64]:
        """`(2,)`: the shares of the variance of the radial and the lateral velocity that decoded coefficients hold, on
        all shells whose velocity is not served.
        """
        left, speed = ~self._flow.served, self._scales[1].scale
        bases = {name: component.basis for name, component in self._code.components.items()}
        kernels = Kernels(self._arguments, bases, self._scales[0].scale, speed).at(np.array(self._radii_km)[left])
        made = np.zeros_like(flow.true)
        for field, kernel in zip(made, kernels[1:], strict=False):  # there may be no W
            field[:] = per_degree(kernel, x) * speed * flow.strength
        return Products.of_coefficients(flow.true, made).together.explained()[:, 0]

    def _in_modes(self, coefficients: Mapping[str, NDArray[np.floating]]) -> Coefficients:
        """Each component's coefficients `(degree, order, part, mode)`, from those on its shells `(..., shell)`, but of
        temperature from those of the profiles in `_span`.
        """
        bands = self._arguments.bands
        return {
            name: projected(coefficients[name], component.basis[list(bands)], bands, self._shells[name])
            for name, component in self._code.components.items()
        }

    def in_modes(self, coefficients: Mapping[str, NDArray[np.floating]]) -> Coefficients:
        """A time step before rounding, of each component's normalised coefficients `(degree, order, part, shell)`."""
        temperature = coefficients["temperature"] @ self._span
        return self._in_modes({**coefficients, "temperature": temperature})

    def key(self, in_modes: Coefficients) -> bytes:
        """The code of a time step that is not predicted. Raises ValueError if a coefficient is too large for it."""
        components = self._code.components
        scaled = [in_rows(in_modes[name]) / component.step for name, component in components.items()]
        tables = np.concatenate([component.tables for component in components.values()], axis=1)
        follow = tables[degrees_of_rows(self._arguments.degree)]
        return self._code.encode(in_modes, loudness_of(np.concatenate(scaled, axis=1), follow))


def refuse_unfit(source: Source, degree: int, radii_km: Sequence[float]) -> None:
    """Raise BadInput if a source's grid does not determine harmonics up to `degree`, or if it has other shells."""
    if highest_degree(source.grid) < degree:
        rows, columns = source.grid.shape[1:]
        raise BadInput(f"{source.address}: {rows} x {columns} points are too few for degree {degree}")
    found = source.grid.radii_km
    if len(found) != len(radii_km) or not np.allclose(found, radii_km, rtol=1e-6, atol=0):
        raise BadInput(f"{source.address}: its shells are not those of the surrogate")


def _component(source: Source, t: int, names: Sequence[str], i: int, shells: range) -> NDArray[np.float32]:
    return read_part(source, t, names[i], shells)


def read_step(source: Source, t: int, names: Sequence[str]) -> NDArray[np.float32]:
    """Variables `(variable, shell, latitude, longitude)`. Raises BadInput if one is missing, or a cell has no value."""
    out = np.empty((len(names), *source.grid.shape), np.float32)
    for field, name in zip(out, names, strict=True):
        field[:] = source.read(t, name)
        if not np.isfinite(field).all():
            raise BadInput(
                f"{source.address}: {name} has cells without a value, and harmonics need all (--missing fill)"
            )
    return out
