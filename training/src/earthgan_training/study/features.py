"""Physical features for the critic: channels computed from the interpolated conditional input, beside that input
itself.

All features come from normalised fields. Each sample's features are divided by their root mean square over the patch.
They are the same for the real and for the generated field, because they use only the condition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from earthgan.sphere.grid import EARTH_RADIUS_KM, ShellGrid, Window
from earthgan.sphere.vectors import LocalAxes


@dataclass(frozen=True)
class Place:
    """The places of a patch's cells: `radii_km` `(shell,)`, and angles in radians `(row,)` and `(column,)`."""

    radii_km: Tensor
    latitudes: Tensor
    longitudes: Tensor

    @classmethod
    def of(cls, grid: ShellGrid, window: Window) -> Place:
        """The places in a window that stays on the grid, without crossing the date line or a pole."""
        axes = (grid.radii_km, np.radians(grid.latitudes_deg), np.radians(grid.longitudes_deg))
        cut = (np.asarray(axis)[each.start : each.stop] for axis, each in zip(axes, window.axes, strict=True))
        return cls(*(torch.from_numpy(np.ascontiguousarray(each, dtype=np.float64)) for each in cut))

    @property
    def outwards(self) -> Tensor:
        """The outward unit vectors `(3, row, column)`."""
        return self._axes[0]

    @property
    def _axes(self) -> Tensor:
        """The unit vectors outwards, southwards and eastwards `(3, 3, row, column)`. The second axis is x, y, z."""
        axes = LocalAxes.on_grid(np.degrees(self.latitudes.numpy()), np.degrees(self.longitudes.numpy()))
        return torch.from_numpy(axes.unit_vectors().astype(np.float32))

    def gradient(self, field: Tensor) -> Tensor:
        """The gradient per km `(x y z, shell, row, column)` of a field `(shell, row, column)`, by
        central differences.
        """
        radii, latitudes, longitudes = self.radii_km, self.latitudes, self.longitudes
        up, north, east = torch.gradient(field.double(), spacing=(radii, latitudes, longitudes))
        south = -north / radii[:, None, None]
        east = east / (radii[:, None, None] * latitudes.cos()[:, None])
        return torch.einsum("ijrc,isrc->jsrc", self._axes, torch.stack([up, south, east]).float())


def depth(place: Place, field: Tensor, surface_km: float = EARTH_RADIUS_KM) -> Tensor:
    """The depth `(1, shell, row, column)`, which is -1 at the surface and 1 halfway to the planet's centre."""
    below = 4 * (surface_km - place.radii_km) / surface_km - 1
    return below.to(field.dtype)[:, None, None].expand(1, *field.shape[1:])


def radial_derivative(place: Place, field: Tensor) -> Tensor:
    """The outward derivative of each variable `(variable, shell, row, column)`."""
    (derivative,) = torch.gradient(field.double(), spacing=(place.radii_km,), dim=1)
    return scaled(derivative.to(field.dtype))


def advected_heat(place: Place, temperature: Tensor, velocity: Tensor) -> Tensor:
    """The velocity times the gradient of temperature `(1, shell, row, column)`. `velocity` is Cartesian."""
    return scaled((velocity * place.gradient(temperature)).sum(dim=0, keepdim=True))


def scaled(channels: Tensor) -> Tensor:
    """Channels `(channel, ...)` divided by their root mean square."""
    size = channels.square().mean(dim=tuple(range(1, channels.dim())), keepdim=True).sqrt()
    return channels / size.clamp_min(torch.finfo(channels.dtype).tiny)
