"""One time step of mantle convection.

    dT/dt + u . grad T = laplacian T + H,   u from the Stokes maps

Diffusion is implicit and advection is explicit. The scheme is the three-step backward differentiation formula for
variable steps (SBDF3; Wang & Ruuth, 2008, J. Comput. Math. 26, 838). It is stable for advection alone, which the
two-step formula is not. The first step is Euler's, and the second is that of the two-step formula. Advection is
computed on a grid that represents the product of two fields without aliasing in latitude and longitude.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft  # type: ignore[import-untyped]
from numpy.typing import DTypeLike, NDArray

from earthgan.flow.stokes import stokes_maps
from earthgan.numerics.radial import RadialGrid
from earthgan.numerics.transform import Transform, per_degree
from earthgan_training.harmonics.coefficients import resized
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.parameters import Physics, Resolution

Array = NDArray[np.floating[Any]]

#: The mean of a field is its coefficient of degree 0 divided by this number.
MEAN = np.sqrt(4 * np.pi)
#: Number of steps between two measurements of the largest velocity.
CFL_EVERY = 4
#: Number of states before the current one that determine the next step.
STEPS_BACK = 2


@dataclass(frozen=True)
class Past:
    """An earlier temperature, its advection, and the length `dt` of the step that began there."""

    temperature: Array
    advection: Array
    dt: float


@dataclass(frozen=True)
class State:
    """The state that determines the next step. Temperatures are `(degree, order, part, node)` coefficients. `past` is
    at most two states long, the newest first.
    """

    temperature: Array
    past: tuple[Past, ...]
    clock: Clock
    step: int = 0

    @property
    def previous_dt(self) -> float:
        """The length of the last step; 0 before the first."""
        return self.past[0].dt if self.past else 0.0


def step_weights(ages: Array) -> tuple[Array, Array]:
    """The weights of states that are `ages` old at the end of a step: those that extrapolate a function to the end, and
    those of its derivative there. The derivative is the sum of the second weights times (the value at the end - the
    value of a state).

    Both are those of the polynomial through all values, so they are exact for polynomials of as many degrees as there
    are states (the derivative) and of one degree less (the extrapolation).
    """
    extrapolated = np.array([np.prod([b / (b - a) for b in ages if b != a]) for a in ages])
    return extrapolated, extrapolated / ages


def product_transform(degree: int, dtype: DTypeLike) -> Transform:
    """A Gauss-Legendre grid that represents products of two fields without aliasing. It has 3/2 as many points as
    modes.

    Orszag (1971), J. Atmos. Sci. 28, 1074.
    """
    columns = scipy.fft.next_fast_len(3 * degree + 1, real=True)
    return Transform.gauss(degree, 3 * degree // 2 + 1, columns, dtype)


def at_resolution(temperature: Array, grid: RadialGrid, model: Model) -> NDArray[np.float64]:
    """The same temperature `(degree, order, part, node)` on the nodes `grid`, with the degrees and nodes of `model`."""
    same = resized(temperature.astype(np.float64), model.resolution.degree)
    return same @ grid.interpolation(model.grid.nodes).T


class Model:
    """The operators for given physics at a given resolution."""

    def __init__(self, physics: Physics, resolution: Resolution, cfl: float) -> None:
        self.physics, self.resolution, self.cfl = physics, resolution, cfl
        self.dtype = np.dtype(resolution.dtype)
        self.grid = RadialGrid(resolution.nodes, physics.inner, physics.outer)
        maps = stokes_maps(self.grid, resolution.degree, physics.rayleigh, physics.viscosity, physics.free_slip)
        self.stokes_radial = maps.radial.astype(self.dtype)
        self.stokes_lateral = maps.lateral.astype(self.dtype)
        self._transform = product_transform(resolution.degree, self.dtype)
        self._derivative = np.ascontiguousarray(self.grid.derivative.T, self.dtype)
        self._inverse_radius = (1 / self.grid.nodes).astype(self.dtype)
        self._inverses: tuple[float, Array] = (0.0, np.empty(0, self.dtype))

    def start(self, temperature: NDArray[np.float64], clock: Clock, step: int = 0) -> State:
        """A state without a past from `(degree, order, part, node)` coefficients."""
        return State(temperature.astype(self.dtype), (), clock, step)

    def velocity(self, temperature: Array) -> tuple[Array, Array]:
        """The coefficients of U and of V: `u = U r^ + grad_1 V`."""
        return per_degree(self.stokes_radial, temperature), per_degree(self.stokes_lateral, temperature)

    def advanced(self, state: State) -> State:
        """The state one step later. The CFL number sets the length of the step."""
        advection, rate = self._advection(state.temperature, measure=state.step % CFL_EVERY == 0 or not state.past)
        clock = state.clock
        if rate is not None:
            clock = clock.fitted(self.cfl / rate)
        past = (Past(state.temperature, advection, clock.dt), *state.past)
        extrapolated, derivative = step_weights(np.cumsum([each.dt for each in past]))
        right = np.zeros_like(state.temperature)
        for each, explicit, implicit in zip(past, extrapolated, derivative, strict=True):
            right += self.dtype.type(explicit) * each.advection
            right += self.dtype.type(implicit) * each.temperature
        right[0, 0, 0] += self.dtype.type(self.physics.heating * MEAN)
        right[..., [0, -1]] = 0
        right[0, 0, 0, 0] = MEAN  # 1 at the core, 0 at the surface
        temperature = per_degree(self._implicit_inverses(float(derivative.sum())), right)
        return State(temperature, past[:STEPS_BACK], clock.ticked(), state.step + 1)

    def _advection(self, temperature: Array, measure: bool) -> tuple[Array, float | None]:
        """The coefficients of `-u . grad T`. If `measure` is set, also the largest rate at which the flow crosses the
        spacing of the modes; otherwise None.
        """
        radial, lateral = self.velocity(temperature)
        over_radius = temperature * -self._inverse_radius
        rows, nodes = self._transform.rows, self.grid.count
        pairs = [
            (rows.modes(radial, "values"), rows.modes(-temperature @ self._derivative, "values")),
            (rows.modes(lateral, "slopes"), rows.modes(over_radius, "slopes")),
            (rows.modes(lateral, "eastward"), rows.modes(over_radius, "eastward")),
        ]
        product = np.empty_like(pairs[0][0])
        speeds = np.zeros((len(pairs), nodes))
        # The fields of a few nodes at a time stay in the processor's cache.
        for some in self._transform.chunks(nodes):
            total: Array | None = None
            for component, (flow, slope) in enumerate(pairs):
                field = self._transform.field(flow[..., some, :])
                if measure:
                    speeds[component, some] = np.maximum(field.max(axis=(1, 2)), -field.min(axis=(1, 2)))
                field *= self._transform.field(slope[..., some, :])
                total = field if total is None else np.add(total, field, out=total)
            assert total is not None
            product[..., some, :] = self._transform.modes(total)
        return rows.coefficients(product), self._rate(*speeds) if measure else None

    def _rate(self, radial: Array, south: Array, east: Array) -> float:
        """The largest |u_r| / node spacing + |u_lateral| degree / r over all nodes, from the largest speeds `(node,)`
        of each component.
        """
        lateral = np.maximum(south, east) * self.resolution.degree / self.grid.nodes
        # The rate must not be zero, even if nothing moves yet.
        return max(float((radial / self.grid.spacing + lateral).max()), 1e-9)

    def _implicit_inverses(self, coefficient: float) -> Array:
        """The inverses `(degree, node, node)` of `coefficient - laplacian` with fixed boundary values. They are kept
        until the coefficient changes.
        """
        if self._inverses[0] != coefficient:
            n = np.arange(self.resolution.degree + 1)[:, None, None]
            r, derivative = self.grid.nodes, self.grid.derivative
            lateral = self.resolution.diffusivity[:, None, None] * n * (n + 1) * np.diag(1 / r**2)
            laplacian = derivative @ derivative + 2 / r[:, None] * derivative - lateral
            operators = coefficient * np.eye(len(r)) - laplacian
            operators[:, [0, -1]] = np.eye(len(r))[[0, -1]]
            self._inverses = coefficient, np.linalg.inv(operators).astype(self.dtype)
        return self._inverses[1]
