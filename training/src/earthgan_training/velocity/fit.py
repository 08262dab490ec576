"""Fits a profile of viscosity and buoyancy to moments of temperature and velocity. It uses gradient descent through the
solver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from earthgan.errors import BadInput
from earthgan.flow.stokes import Knots, Sheet, StokesProfile
from earthgan.numerics.spline import spline
from earthgan_training.velocity.layer import StokesLayer
from earthgan_training.velocity.moments import Moments, laplace

#: The depths of the knots, in a planet of the Earth's size. They are dense in the mantle's transition zone.
VISCOSITY_KNOTS_KM = (0.0, 200, 350, 470, 560, 620, 660, 700, 760, 850, 1100, 1600, 2200)
EXPANSIVITY_KNOTS_KM = (0.0, 300, 660, 1000, 1600, 2200)
SHEETS_KM = (410.0, 660.0)
SHEET_WIDTH_KM = 40.0


@dataclass(frozen=True)
class Settings:
    """The settings of a fit: the degrees, the number of nodes, the number of iterations, the smoothness, and whether
    kernels are tuned afterwards.
    """

    degrees: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 16, 20, 25, 32)
    nodes: int = 64
    iterations: int = 300
    smoothness: float = 1e-8
    sheets: bool = True
    free_slip: bool = True
    tune: bool = False


def first_profile(inner_km: float, outer_km: float, settings: Settings, scale: float = 1.0) -> StokesProfile:
    """A start with viscosity 1 and expansivity 1 everywhere, and with sheets of thickness 0.

    `scale` is the planet's radius in the Earth's. Depths of knots and sheets are multiplied by it.
    """

    def constant(depths_km: tuple[float, ...], value: float) -> Knots:
        radii = sorted(
            {inner_km, outer_km, *(r for d in depths_km if inner_km < (r := outer_km - scale * d) < outer_km)}
        )
        return Knots(radii_km=tuple(radii), values=(value,) * len(radii))

    sheets_km = [r for d in SHEETS_KM if settings.sheets and inner_km < (r := outer_km - scale * d)]
    return StokesProfile(
        log_viscosity=constant(VISCOSITY_KNOTS_KM, 0.0),
        expansivity=constant(EXPANSIVITY_KNOTS_KM, 1.0),
        sheets=tuple(
            Sheet(radius_km=radius_km, thickness_km=0.0, width_km=scale * SHEET_WIDTH_KM) for radius_km in sheets_km
        ),
        strength=1.0,
        free_slip=settings.free_slip,
    )


def fit_profile(
    moments: Moments,
    start: StokesProfile,
    settings: Settings,
    on_evaluation: Callable[[float], None] = lambda error: None,
) -> StokesProfile:
    """Fit the profile whose flow differs least from the velocity. The error is the mean over shells of the relative
    square errors of the radial flow and of the spheroidal lateral flow. `on_evaluation` gets every error.

    Raises BadInput if no error can be computed.
    """
    degrees = [n for n in settings.degrees if n < len(moments.tt)]
    loss = _Loss(moments, start, degrees, settings.nodes)
    start = start.model_copy(update={"strength": start.strength * loss.best_factor(start)})
    layer = StokesLayer(start, degrees, settings.nodes)
    descent = torch.optim.LBFGS(
        layer.parameters(),
        max_iter=settings.iterations,
        max_eval=2 * settings.iterations,
        history_size=100,
        line_search_fn="strong_wolfe",
        tolerance_grad=0,
        tolerance_change=1e-5,
    )

    def closure() -> Tensor:
        descent.zero_grad()
        error = loss(*layer())
        if not torch.isfinite(error):
            raise BadInput(
                "no viscosity explains this velocity: nothing moves in one of its shells, or the fit diverged"
            )
        on_evaluation(float(error.detach()))
        # The error falls by many powers of ten, and its logarithm is better conditioned.
        objective = torch.log(error + settings.smoothness * layer.roughness())
        objective.backward()  # type: ignore[no-untyped-call]
        return objective

    descent.step(closure)  # type: ignore[no-untyped-call]
    return layer.profile()


class _Loss:
    """The relative errors of maps on nodes, computed from moments on shells."""

    def __init__(self, moments: Moments, profile: StokesProfile, degrees: list[int], nodes: int) -> None:
        radii = moments.radii_km / profile.thickness_km
        grid = profile.grid(nodes)
        onto = spline(radii, grid.nodes)
        self._degrees, self._nodes = degrees, nodes
        self._back = torch.from_numpy(grid.interpolation(radii))
        self._tt = torch.from_numpy(onto @ moments.tt[degrees] @ onto.T)
        self._ut, self._vt = (torch.from_numpy(m[degrees] @ onto.T) for m in (moments.ut, moments.vt))
        self._uu, self._vv = (torch.from_numpy(m[degrees].sum(axis=0)) for m in (moments.uu, moments.vv))
        self._laplace = torch.from_numpy(laplace(degrees[-1] + 1)[degrees])

    def __call__(self, radial: Tensor, lateral: Tensor) -> Tensor:
        (ru, cu), (rv, cv) = self._products(radial, lateral)
        u = (self._uu - 2 * cu + ru) / self._uu
        v = (self._vv - 2 * cv + rv) / self._vv
        return (u.mean() + v.mean()) / 2

    def best_factor(self, profile: StokesProfile) -> float:
        """The factor for a profile's strength that minimises the error."""
        with torch.no_grad():
            (ru, cu), (rv, cv) = self._products(*StokesLayer(profile, self._degrees, self._nodes)())
            return float(
                ((cu / self._uu).sum() + (cv / self._vv).sum()) / ((ru / self._uu).sum() + (rv / self._vv).sum())
            )

    def _products(self, radial: Tensor, lateral: Tensor) -> list[tuple[Tensor, Tensor]]:
        """For U and V, by shell: the square of the predicted velocity, and its product with the true velocity."""
        found = []
        for maps, cross, factor in ((radial, self._ut, 1.0), (lateral, self._vt, self._laplace)):
            kernels = self._back @ maps
            square = ((kernels @ self._tt) * kernels).sum(dim=2)
            found.append(((factor * square).sum(dim=0), (factor * (kernels * cross).sum(dim=2)).sum(dim=0)))
        return found
