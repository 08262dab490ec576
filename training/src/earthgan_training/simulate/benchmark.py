"""The steady convection patterns of Zhong, McNamara, Tan, Moresi & Gurnis (2008), Geochem. Geophys. Geosyst. 9, Q10017.
Most codes for spherical shells have been compared with this benchmark.

The radius ratio is 0.55. The viscosity is constant, the boundaries slip freely, and there is no internal heating. The
Rayleigh number is 7000 and refers to the shell's thickness.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.numerics.radial import RadialGrid
from earthgan_training.simulate import initial
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.diagnostics import Diagnostics, check_resolved, diagnose
from earthgan_training.simulate.model import Model, at_resolution
from earthgan_training.simulate.parameters import Physics, Resolution

PHYSICS = Physics(rayleigh=7000.0, inner=0.55 / 0.45)
#: A case becomes steady at the first resolution. It then continues at the second until it is steady again.
RESOLUTIONS = (Resolution(21, 24, "float64"), Resolution(25, 27, "float64"))
INTERVAL = 0.005
LONGEST = 600  #: The largest number of intervals at each resolution.
#: A flow is steady when neither number has a relative change above this limit over an interval.
STEADY = (1e-4, 3e-6)
CFL = 0.4


@dataclass(frozen=True)
class Benchmark:
    """The amplitudes (degree, order) that a case starts with, and the values in the paper's table 3 for the steady
    flow.
    """

    cosines: dict[tuple[int, int], float]
    nusselt: float
    v_rms: float


BENCHMARKS = {
    "tetrahedral": Benchmark({(3, 2): 0.01}, nusselt=3.4962, v_rms=32.6424),
    "cubic": Benchmark({(4, 0): 0.01, (4, 4): 0.01 * 5 / 7}, nusselt=3.6096, v_rms=31.0820),
}


def run_benchmark(case: Benchmark, watch: Callable[[Diagnostics], None] = lambda _: None) -> Diagnostics:
    """Run a case until it is steady. `watch` gets the diagnostics of every interval.

    Raises BadInput if the case does not become steady.
    """
    before_finer: tuple[NDArray[np.float64], RadialGrid] | None = None
    for resolution, steady in zip(RESOLUTIONS, STEADY, strict=True):
        model = Model(PHYSICS, resolution, CFL)
        if before_finer is None:
            temperature = initial.perturbed(model.grid, resolution.degree, case.cosines)
        else:
            temperature = at_resolution(*before_finer, model)
        state = model.start(temperature, Clock(INTERVAL))
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
            raise BadInput(f"the flow is not steady after {LONGEST * INTERVAL:g} diffusion times")
        before_finer = state.temperature.astype(np.float64), model.grid
    return now


def _change(now: float, before: float) -> float:
    return abs(now / before - 1)
