"""A small convection that moves: what one step's temperature drives leads to the next step."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from earthgan.flow.stokes import Knots, StokesProfile
from earthgan.numerics.transform import per_degree
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.vectors import LocalAxes
from earthgan.variables import PAPER_VARIABLES
from earthgan_training.harmonics.analysis import scalar_field, vector_field
from earthgan_training.simulate import initial
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.model import Model
from earthgan_training.simulate.parameters import (
    CONTRAST_K,
    DIFFUSION_TIME_MYR,
    SURFACE_K,
    VELOCITY_M_PER_S,
    Physics,
    Resolution,
)
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.layout import SourceVariable
from memory_source import source_of

DEGREE, NODES, RAYLEIGH, HEATING = 20, 16, 7e3, 2.0
INTERVAL, SPIN_UP = 1e-3, 24
INNER_KM, OUTER_KM = 3485.0, 6371.0
GRID = ShellGrid.cell_centred(tuple(np.linspace(INNER_KM + 5, OUTER_KM - 5, 30).tolist()), 44, 88)
PROFILE = StokesProfile(
    log_viscosity=Knots(radii_km=(INNER_KM, OUTER_KM), values=(0.0, 0.0)),
    expansivity=Knots(radii_km=(INNER_KM, OUTER_KM), values=(1.0, 1.0)),
    strength=RAYLEIGH * VELOCITY_M_PER_S / CONTRAST_K,
)


@lru_cache(maxsize=1)
def temperatures(steps: int) -> tuple[np.ndarray, ...]:
    """The temperatures `(degree, order, part, node)` of a run, dimensionless, `INTERVAL` apart."""
    model = Model(Physics(rayleigh=RAYLEIGH, heating=HEATING), Resolution(NODES, DEGREE, "float64"), cfl=0.2)
    state = model.start(initial.random(model.grid, DEGREE, 3), Clock(INTERVAL))
    out = []
    while len(out) < steps:
        state = model.advanced(state)
        if state.clock.on_interval and state.clock.done >= SPIN_UP:
            out.append(state.temperature)
    return tuple(out)


def flowing(steps: int, timed: bool = True, cut: int | None = None) -> Source:
    """The run as a source of temperature and velocity. From step `cut` on, it is another run (turned around)."""
    fields = {}
    maps = PROFILE.maps(PROFILE.grid(NODES), DEGREE)
    to_shells = PROFILE.grid(NODES).interpolation(np.asarray(GRID.radii_km) / PROFILE.thickness_km)
    for t, x in enumerate(temperatures(steps), 1):
        c = x * CONTRAST_K
        if cut is not None and t >= cut:
            c[:, 1::2] *= -1
            c[1::2] *= -1
        u, v = per_degree(maps.radial, c), per_degree(maps.lateral, c)
        at = GRID.latitudes_deg, GRID.longitudes_deg
        radial, south, east = vector_field(u @ to_shells.T, v @ to_shells.T, 0 * (u @ to_shells.T), *at)
        velocity = LocalAxes.on_grid(*at).cartesian(radial, south, east)
        named = {"temperature": SURFACE_K + scalar_field(c @ to_shells.T, *at)}
        named |= dict(zip(("vx", "vy", "vz"), velocity, strict=True))
        fields |= {(t, name): np.asarray(field, np.float32) for name, field in named.items()}
    source = source_of(GRID, fields, vector=("vx", "vy", "vz"))
    myr = INTERVAL * DIFFUSION_TIME_MYR
    return replace(
        source,
        variables=tuple(SourceVariable(v.name, v) for v in PAPER_VARIABLES),
        steps=tuple(replace(step, time_myr=step.t * myr if timed else None) for step in source.steps),
    )
