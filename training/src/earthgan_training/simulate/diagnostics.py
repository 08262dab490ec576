"""The numbers that describe a state: heat flow, speed, mean temperature, and whether the resolution is sufficient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan_training.harmonics.coefficients import degree_power
from earthgan_training.simulate.model import MEAN, Model, State

#: If a spectral tail is above this value, the grid no longer represents the fields.
LARGEST_TAIL = 0.1
#: The same for stages of the spin-up, whose fields are only the start of a finer stage. Above it, the flow is wrong.
LARGEST_TAIL_BEFORE = 0.3


@dataclass(frozen=True)
class Diagnostics:
    """Dimensionless numbers of a state. `surface_speed` is the root mean square at the surface. A Nusselt number is the
    heat flow relative to conduction without internal heating. A tail is the largest amplitude among the last tenth of
    the modes (in degree, in Chebyshev order), relative to the largest amplitude of all.
    """

    step: int
    time: float
    dt: float
    nusselt_top: float
    nusselt_bottom: float
    v_rms: float
    surface_speed: float
    mean_temperature: float
    lateral_tail: float
    radial_tail: float

    @classmethod
    def of_row(cls, row: NDArray[np.float64]) -> Diagnostics:
        """The numbers from a row of a run's history."""
        step, *rest = row.tolist()
        return cls(int(step), *rest)


def diagnose(model: Model, state: State) -> Diagnostics:
    """Measure a state."""
    grid, temperature = model.grid, state.temperature
    r, inner, outer = grid.nodes, grid.inner, grid.outer
    mean = temperature[0, 0, 0].astype(np.float64) / MEAN
    slope = grid.derivative[[0, -1]] @ mean
    shell = grid.integral * r**2
    volume = 4 * np.pi / 3 * (outer**3 - inner**3)
    radial, lateral = model.velocity(temperature)
    n = np.arange(len(temperature))
    squares = degree_power(radial, shell).sum() + (n * (n + 1) * degree_power(lateral, shell)).sum()
    at_surface = (n * (n + 1) * degree_power(lateral[..., -1:], np.ones(1))).sum() / (4 * np.pi)
    by_degree = degree_power(temperature, shell)[1:]
    polynomials = temperature.reshape(-1, grid.count).astype(np.float64) @ grid.chebyshev.T
    by_order = (polynomials**2).sum(axis=0)
    return Diagnostics(
        step=state.step,
        time=state.clock.time,
        dt=state.previous_dt,
        nusselt_top=float(-slope[1] * outer * (outer - inner) / inner),
        nusselt_bottom=float(-slope[0] * inner * (outer - inner) / outer),
        v_rms=float(np.sqrt(squares / volume)),
        surface_speed=float(np.sqrt(at_surface)),
        mean_temperature=float(4 * np.pi * (shell @ mean) / volume),
        lateral_tail=_tail(by_degree),
        radial_tail=_tail(by_order),
    )


def check_resolved(diagnostics: Diagnostics, model: Model, largest_tail: float = LARGEST_TAIL) -> None:
    """Raise BadInput if a state is not finite, or if its spectra do not fall off at their ends."""
    where = f"step {diagnostics.step}, time {diagnostics.time:.3g}"
    if not np.isfinite(diagnostics.v_rms):
        raise BadInput(f"{where}: the fields are no longer finite; choose a smaller --cfl")
    for tail, option, value in (
        (diagnostics.lateral_tail, "--degree", model.resolution.degree),
        (diagnostics.radial_tail, "--nodes", model.resolution.nodes),
    ):
        if not tail <= largest_tail:
            raise BadInput(
                f"{where}: under-resolved, the spectral tail {tail:.2g} is above {largest_tail:g}; "
                f"raise {option} above {value} or lower --rayleigh"
            )


def _tail(power: NDArray[np.float64]) -> float:
    last = max(2, len(power) // 10)
    largest = power.max()
    return float(np.sqrt(power[-last:].max() / largest)) if largest > 0 else 0.0
