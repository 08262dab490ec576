"""One time step of mantle convection.

    dT/dt + u . grad T = laplacian T + H,   u from the Stokes maps

Diffusion is implicit and advection is explicit. The scheme is the two-step backward differentiation formula for
variable steps (SBDF2; Wang & Ruuth, 2008, J. Comput. Math. 26, eq. 2.9 with gamma = 1 and c = 0). The first step is
Euler's. Advection is computed on a grid that represents the product of two fields without aliasing in latitude and
longitude.
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
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.parameters import Physics, Resolution

Array = NDArray[np.floating[Any]]

#: The mean of a field is its coefficient of degree 0 divided by this number.
MEAN = np.sqrt(4 * np.pi)
#: Number of steps between two measurements of the largest velocity.
CFL_EVERY = 4


@dataclass(frozen=True)
class State:
    """The state that determines the next step. Temperatures are `(degree, order, part, node)` coefficients."""

    temperature: Array
    previous_temperature: Array
    previous_advection: Array
    previous_dt: float  #: 0 before the first step
    clock: Clock
    step: int = 0


def product_transform(degree: int, dtype: DTypeLike) -> Transform:
    """A Gauss-Legendre grid that represents products of two fields without aliasing. It has 3/2 as many points as
    modes.

    Orszag (1971), J. Atmos. Sci. 28, 1074.
    """
    columns = scipy.fft.next_fast_len(3 * degree + 1, real=True)
    return Transform.gauss(degree, 3 * degree // 2 + 1, columns, dtype)


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

    def start(self, temperature: NDArray[np.float64], interval: float) -> State:
        """A state at time 0 from `(degree, order, part, node)` coefficients."""
        temperature = temperature.astype(self.dtype)
        nothing = np.zeros_like(temperature)
        return State(temperature, nothing, nothing, 0.0, Clock(interval))

    def velocity(self, temperature: Array) -> tuple[Array, Array]:
        """The coefficients of U and of V: `u = U r^ + grad_1 V`."""
        return per_degree(self.stokes_radial, temperature), per_degree(self.stokes_lateral, temperature)

    def advanced(self, state: State) -> State:
        """The state one step later. The CFL number sets the length of the step."""
        advection, rate = self._advection(state.temperature, measure=state.step % CFL_EVERY == 0)
        clock = state.clock
        if rate is not None:
            clock = clock.fitted(self.cfl / rate)
        dt = clock.dt
        ratio = dt / state.previous_dt if state.previous_dt else 0.0
        implicit = (1 + 2 * ratio) / (1 + ratio) / dt

        right = self.dtype.type((1 + ratio) / dt) * state.temperature
        right += self.dtype.type(1 + ratio) * advection
        if ratio:
            right -= self.dtype.type(ratio**2 / (1 + ratio) / dt) * state.previous_temperature
            right -= self.dtype.type(ratio) * state.previous_advection
        right[0, 0, 0] += self.dtype.type(self.physics.heating * MEAN)
        right[..., [0, -1]] = 0
        right[0, 0, 0, 0] = MEAN  # 1 at the core, 0 at the surface
        temperature = per_degree(self._implicit_inverses(implicit), right)
        return State(temperature, state.temperature, advection, dt, clock.ticked(), state.step + 1)

    def _advection(self, temperature: Array, measure: bool) -> tuple[Array, float | None]:
        """The coefficients of `-u . grad T`. If `measure` is set, also the largest rate at which the flow crosses the
        spacing of the modes; otherwise None.
        """
        radial, lateral = self.velocity(temperature)
        transform = self._transform
        u, south, east = transform.values(radial), transform.southward(lateral), transform.eastward(lateral)
        rate = self._rate(u, south, east) if measure else None
        u *= transform.values(-temperature @ self._derivative)
        over_radius = temperature * -self._inverse_radius
        south *= transform.southward(over_radius)
        east *= transform.eastward(over_radius)
        u += south
        u += east
        return transform.coefficients(u), rate

    def _rate(self, u: Array, south: Array, east: Array) -> float:
        """The largest |u_r| / node spacing + |u_lateral| degree / r over all nodes, with the largest speeds of each
        node.
        """
        speed_r, speed_south, speed_east = (
            np.maximum(field.max(axis=(1, 2)), -field.min(axis=(1, 2))) for field in (u, south, east)
        )
        lateral = np.maximum(speed_south, speed_east) * self.resolution.degree / self.grid.nodes
        # The rate must not be zero, even if nothing moves yet.
        return max(float((speed_r / self.grid.spacing + lateral).max()), 1e-9)

    def _implicit_inverses(self, coefficient: float) -> Array:
        """The inverses `(degree, node, node)` of `coefficient - laplacian` with fixed boundary values. They are kept
        until the coefficient changes.
        """
        if self._inverses[0] != coefficient:
            n = np.arange(self.resolution.degree + 1)[:, None, None]
            r, derivative = self.grid.nodes, self.grid.derivative
            laplacian = derivative @ derivative + 2 / r[:, None] * derivative - n * (n + 1) * np.diag(1 / r**2)
            operators = coefficient * np.eye(len(r)) - laplacian
            operators[:, [0, -1]] = np.eye(len(r))[[0, -1]]
            self._inverses = coefficient, np.linalg.inv(operators).astype(self.dtype)
        return self._inverses[1]
