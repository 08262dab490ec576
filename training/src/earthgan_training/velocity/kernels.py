"""Fine tuning: what kernels for each degree, smooth in radius and in degree, add to those of a profile.

The correction of U is `sum over a, b, k of B_a(r) c_kab s_k(log l) / l` times `T_b`. B are splines in radius that are
zero at the boundaries, T_b is temperature averaged around the knot b, and s are splines in the logarithm of the degree.
V follows from continuity, so the flow stays free of divergence. The error is quadratic in c, so c solves one linear
system with a ridge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.flow.stokes import StokesMaps
from earthgan.numerics.spline import spline
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_training.velocity.moments import Moments, laplace

Array = NDArray[np.float64]

DEPTHS_KM = (0.0, 150, 300, 410, 500, 560, 610, 660, 710, 760, 850, 1000, 1300, 1700, 2200, 2886)
DEGREES = (1, 3, 8, 20, 60)
#: The ridges to try, relative to the mean diagonal of the system.
RIDGES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True)
class Tuned:
    """The maps after tuning, the chosen ridge (None if the maps are unchanged), and the number of
    fitted coefficients.
    """

    maps: StokesMaps
    ridge: float | None
    numbers: int


def tuned(
    fitted: Moments,
    chosen_on: Moments,
    maps: StokesMaps,
    ridges: Sequence[float] = RIDGES,
    surface_km: float = EARTH_RADIUS_KM,
) -> Tuned:
    """Correct the maps on the moments' shells. Corrections are fitted to `fitted`, and the ridge is the one that is
    best on `chosen_on`. The maps are unchanged if every correction makes them worse there. A verdict on `chosen_on` is
    therefore an upper bound for what tuning can add. Knots lie as in the Earth, in proportion to the planet's radius
    `surface_km`.
    """
    basis = _Basis(fitted.radii_km, len(fitted.tt) - 1, surface_km)
    best, ridge = maps, None
    least = _relative_error(chosen_on, maps)
    matrix, right = basis.system(fitted, maps)
    size = np.trace(matrix) / len(matrix)
    for candidate in ridges:
        solved = np.linalg.solve(matrix + candidate * size * np.eye(len(matrix)), right)
        corrected = basis.added(maps, solved)
        if (error := _relative_error(chosen_on, corrected)) < least:
            best, ridge, least = corrected, candidate, error
    return Tuned(best, ridge, 0 if ridge is None else len(right))


class _Basis:
    """The splines in radius and degree on the moments' shells."""

    def __init__(self, radii_km: Array, degree: int, surface_km: float) -> None:
        scale = surface_km / EARTH_RADIUS_KM
        knots = np.sort(surface_km - scale * np.array(DEPTHS_KM))
        step_km = 0.1 * scale
        self.u = spline(knots, radii_km)[:, 1:-1]
        ends = spline(knots, np.concatenate([radii_km + step_km, radii_km - step_km]))[:, 1:-1]
        slope = (ends[: len(radii_km)] - ends[len(radii_km) :]) / (2 * step_km)
        self.v = radii_km[:, None] * slope + 2 * self.u  # for each degree; the factor 1 / l(l + 1) is applied later
        hats = np.array([np.interp(radii_km, knots, unit) for unit in np.eye(len(knots))])
        self.t = hats / hats.sum(axis=1, keepdims=True)
        log_degrees = np.log(np.arange(1, degree + 1))
        kept = [n for n in DEGREES if n <= degree]
        self.s = np.zeros((degree + 1, len(kept)))
        self.s[1:] = spline(np.log(kept), log_degrees) / np.arange(1, degree + 1)[:, None]
        self.laplace = np.maximum(laplace(degree + 1), 1.0)[:, :, None]

    def system(self, moments: Moments, maps: StokesMaps) -> tuple[Array, Array]:
        """The normal equations for the mean over shells of the relative errors."""
        by_u, by_v = 1 / moments.uu.sum(axis=0), 1 / moments.vv.sum(axis=0)
        left = moments.ut - maps.radial @ moments.tt, moments.vt - maps.lateral @ moments.tt
        # The lateral error has the weight l(l + 1), and v is too large by l(l + 1).
        outer = (self.u.T * by_u) @ self.u + (self.v.T * by_v) @ self.v / self.laplace
        inner = self.t @ moments.tt @ self.t.T
        right = (self.u.T * by_u) @ left[0] @ self.t.T + (self.v.T * by_v) @ left[1] @ self.t.T
        size = self.s.shape[1] * outer.shape[1] * inner.shape[1]
        matrix = np.einsum("lk,lq,lac,lbd->kabqcd", self.s, self.s, outer, inner, optimize=True)
        return matrix.reshape(size, size), np.einsum("lk,lab->kab", self.s, right).reshape(size)

    def added(self, maps: StokesMaps, solved: Array) -> StokesMaps:
        """The maps with a correction added."""
        numbers = solved.reshape(self.s.shape[1], self.u.shape[1], len(self.t))
        per_degree = np.einsum("lk,kab->lab", self.s, numbers) @ self.t
        return StokesMaps(maps.radial + self.u @ per_degree, maps.lateral + self.v @ per_degree / self.laplace)


def _relative_error(moments: Moments, maps: StokesMaps) -> float:
    radial, lateral = (e.sum(axis=0) for e in moments.errors(maps))
    return float((radial / moments.uu.sum(axis=0)).mean() + (lateral / moments.lateral.sum(axis=0)).mean())
