"""The Stokes relation as a differentiable layer: `earthgan.flow.stokes_system` in torch, with a profile's numbers as
its parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from earthgan.flow.stokes import Knots, StokesProfile, sheet_shape
from earthgan.flow.stokes_system import stokes_system
from earthgan.numerics.spline import spline

#: The thickness, in widths, of a sheet whose parameter is 1.
SHEET_WIDTHS = 2.5


class StokesLayer(torch.nn.Module):
    """Computes the maps from temperature to velocity, for some degrees on Chebyshev nodes. The parameters are the
    logarithm of viscosity and the expansivity at knots, sheets of buoyancy, and a strength. Everything is float64.

    A common factor of the expansivity is also a factor of the strength, and so is a common factor of the viscosity.
    `profile` says how they are told apart.
    """

    def __init__(self, start: StokesProfile, degrees: Sequence[int], nodes: int) -> None:
        super().__init__()
        grid = start.grid(nodes)
        radii_km = grid.nodes * start.thickness_km
        systems = [stokes_system(grid, n, start.free_slip) for n in degrees]
        self._start, self._integral = start, grid.integral
        self._constant, self._viscous, self._fluid = (
            _tensor([getattr(system, part) for system in systems]) for part in ("constant", "viscous", "fluid")
        )
        self._forcing = _tensor(systems[0].forcing)
        self._degrees = _tensor(degrees)
        self._viscosity_spline = _tensor(spline(start.log_viscosity.radii_km, radii_km))
        self._expansivity_spline = _tensor(spline(start.expansivity.radii_km, radii_km))
        self._sheets = _tensor(
            [SHEET_WIDTHS * s.width_km * sheet_shape(s.radius_km, s.width_km, radii_km) for s in start.sheets]
        ).reshape(len(start.sheets), nodes)
        self.log_viscosity = torch.nn.Parameter(_tensor(start.log_viscosity.values))
        self.expansivity = torch.nn.Parameter(_tensor(start.expansivity.values))
        self.sheets = torch.nn.Parameter(_tensor([s.thickness_km / (SHEET_WIDTHS * s.width_km) for s in start.sheets]))
        self.log_strength = torch.nn.Parameter(_tensor(0.0))

    def forward(self) -> tuple[Tensor, Tensor]:
        """The maps to U and to V, each `(degree, node, node)`."""
        nodes = len(self._viscosity_spline)
        eta = torch.exp(self._viscosity_spline @ self.log_viscosity)
        buoyancy = self._expansivity_spline @ self.expansivity + self.sheets @ self._sheets
        of_column = eta.repeat(4)
        matrix = self._constant + self._viscous * of_column + self._fluid / of_column
        # Columns and rows are scaled to one size, as in `unit_flow`. This does not affect U and V, so it is not
        # differentiated.
        scale = torch.ones(len(self._degrees), 4 * nodes, dtype=torch.float64)
        scale[:, 2 * nodes :] = self._degrees[:, None] * eta.detach().mean()
        matrix = matrix * scale[:, None]
        size = matrix.detach().abs().amax(dim=2, keepdim=True)
        flow = torch.linalg.solve(matrix / size, self._forcing / size)[:, : 2 * nodes]
        flow = flow * (self._start.strength * torch.exp(self.log_strength) * buoyancy)
        return flow[:, :nodes], flow[:, nodes:]

    def roughness(self) -> Tensor:
        """The mean square of the second differences of both profiles between knots."""
        return sum((torch.diff(p, n=2) ** 2).mean() for p in (self.log_viscosity, self.expansivity))  # type: ignore[return-value]

    def profile(self) -> StokesProfile:
        """The profile of the parameters, normalised so that viscosity is 1 at the core and the mean of expansivity over
        radius is 1.
        """
        log_viscosity, expansivity, sheets = (
            p.detach().numpy() for p in (self.log_viscosity, self.expansivity, self.sheets)
        )
        mean = float(self._integral @ (self._expansivity_spline.numpy() @ expansivity))
        strength = self._start.strength * float(self.log_strength.detach().exp()) * mean * np.exp(-log_viscosity[0])
        return StokesProfile(
            log_viscosity=_knots(self._start.log_viscosity, log_viscosity - log_viscosity[0]),
            expansivity=_knots(self._start.expansivity, expansivity / mean),
            sheets=tuple(
                s.model_copy(update={"thickness_km": float(x * SHEET_WIDTHS * s.width_km / mean)})
                for s, x in zip(self._start.sheets, sheets, strict=True)
            ),
            strength=float(strength),
            free_slip=self._start.free_slip,
        )


def _knots(like: Knots, values: NDArray[np.float64]) -> Knots:
    return Knots(radii_km=like.radii_km, values=tuple(values.tolist()))


def _tensor(values: object) -> Tensor:
    return torch.from_numpy(np.array(values, np.float64))
