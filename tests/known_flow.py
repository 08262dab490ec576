"""Temperatures, and the flow that they drive in rock with known properties, for tests."""

import numpy as np

from earthgan.flow.stokes import Knots, Sheet, StokesProfile
from earthgan.numerics.transform import per_degree
from earthgan_training.velocity.moments import Moments, Spectra, step_moments

INNER_KM, OUTER_KM = 3485.0, 6371.0
SHELLS_KM = INNER_KM + (np.arange(60) + 0.5) * (OUTER_KM - INNER_KM) / 60
TRUE = StokesProfile(
    log_viscosity=Knots(radii_km=(INNER_KM, 5000.0, 5700.0, OUTER_KM), values=(0.0, 0.5, -0.5, -1.2)),
    expansivity=Knots(radii_km=(INNER_KM, 5000.0, OUTER_KM), values=(0.8, 1.0, 1.2)),
    sheets=(Sheet(radius_km=5711.0, thickness_km=-200.0, width_km=100.0),),
    strength=3e-12,
)


def smooth_spectra(seed: int, degree: int, profile: StokesProfile = TRUE, toroidal: float = 0.0) -> Spectra:
    """Return random temperatures that are smooth in radius, and their flow with noise that is free of divergence."""
    random = np.random.default_rng(seed)
    waves = np.sin(np.pi * np.arange(1, 9)[:, None] * (SHELLS_KM - INNER_KM) / (OUTER_KM - INNER_KM))
    t = random.standard_normal((degree + 1, degree + 1, 2, 8)) @ waves
    order = np.arange(degree + 1)
    t[order[:, None] < order] = 0
    t[:, 0, 1] = 0
    maps = profile.shell_maps(SHELLS_KM, degree)
    u, v = per_degree(maps.radial, t), per_degree(maps.lateral, t)
    return Spectra(t, u, v, toroidal * random.standard_normal(v.shape) * np.abs(v).mean())


def smooth_moments(seed: int, degree: int) -> Moments:
    return step_moments(smooth_spectra(seed, degree), SHELLS_KM)
