"""The steady convection patterns of Zhong, McNamara, Tan, Moresi & Gurnis (2008), Geochem. Geophys. Geosyst. 9, Q10017:
a benchmark that most codes for spherical shells have been held against.

Radius ratio 0.55, constant viscosity, free slip, no internal heating, Ra = 7000 on the shell's thickness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.numerics.radial import RadialGrid
from earthgan_training.harmonics.coefficients import resized
from earthgan_training.simulate import initial
from earthgan_training.simulate.diagnostics import Diagnostics, check_resolved, diagnose
from earthgan_training.simulate.model import Model
from earthgan_training.simulate.parameters import Physics, Resolution

PHYSICS = Physics(rayleigh=7000.0, inner=0.55 / 0.45)
#: The flow is found on the first, and followed on the second to what it becomes there.
RESOLUTIONS = (Resolution(21, 24, "float64"), Resolution(25, 27, "float64"))
INTERVAL = 0.005
LONGEST = 600  #: intervals at each resolution
#: A flow is steady when neither number has changed by more than this, relative, over an interval.
STEADY = (1e-4, 3e-6)
CFL = 0.4


@dataclass(frozen=True)
class Benchmark:
    """A start, as amplitudes of (degree, order), and what the paper's table 3 finds at the end."""

    cosines: dict[tuple[int, int], float]
    nusselt: float
    v_rms: float


BENCHMARKS = {
    "tetrahedral": Benchmark({(3, 2): 0.01}, nusselt=3.4962, v_rms=32.6424),
    "cubic": Benchmark({(4, 0): 0.01, (4, 4): 0.01 * 5 / 7}, nusselt=3.6096, v_rms=31.0820),
}


def run_benchmark(case: Benchmark, watch: Callable[[Diagnostics], None] = lambda _: None) -> Diagnostics:
    """Follow a case until it is steady; `watch` is told of every interval.

    Raises BadInput where it does not become steady.
    """
    before_finer: tuple[NDArray[np.float64], RadialGrid] | None = None
    for resolution, steady in zip(RESOLUTIONS, STEADY, strict=True):
        model = Model(PHYSICS, resolution, CFL)
        if before_finer is None:
            temperature = initial.perturbed(model.grid, resolution.degree, case.cosines)
        else:
            coefficients, grid = before_finer
            temperature = resized(coefficients, resolution.degree) @ grid.interpolation(model.grid.nodes).T
        state = model.start(temperature, INTERVAL)
        before = diagnose(model, state)
        for _ in range(LONGEST):
            state = model.advanced(state)
            while not state.clock.on_interval:
                state = model.advanced(state)
            now = diagnose(model, state)
            check_resolved(now, model)
            watch(now)
            moved = now.v_rms > 1 and now.time > 0.2
            if moved and max(_change(now.v_rms, before.v_rms), _change(now.nusselt_top, before.nusselt_top)) < steady:
                break
            before = now
        else:
            raise BadInput(f"not steady after {LONGEST * INTERVAL:g} diffusion times")
        before_finer = state.temperature.astype(np.float64), model.grid
    return now


def _change(now: float, before: float) -> float:
    return abs(now / before - 1)
