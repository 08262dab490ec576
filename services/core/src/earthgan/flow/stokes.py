"""The flow that temperature drives at infinite Prandtl number.

If viscosity and expansivity vary with radius alone, velocity is a linear, instantaneous function of temperature. For
each harmonic degree it is one matrix (`stokes_system.py`). A few dozen numbers determine all matrices: the values of
viscosity and expansivity at knots, and sheets of buoyancy, which represent phase changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from earthgan.flow.stokes_system import unit_flow
from earthgan.kept import kept
from earthgan.numerics.radial import RadialGrid
from earthgan.numerics.spline import spline
from earthgan.records import Frozen

Array = NDArray[np.float64]
#: A property of the rock as a function of radii in shell thicknesses.
Profile = Callable[[Array], Array]

#: The default number of nodes on which the flow of a profile is solved.
NODES = 96
#: Raise this number with any change to the computation of a profile's maps. Maps kept from earlier runs are then not
#: used.
ALGORITHM = 1


@dataclass(frozen=True)
class StokesMaps:
    """The matrices from temperature at the nodes to U (`radial`) and V (`lateral`) at the nodes.

    Both are `(degree, node, node)`, and zero for degree 0, which drives no flow.
    """

    radial: Array
    lateral: Array


def stokes_maps(
    grid: RadialGrid,
    degree: int,
    rayleigh: float,
    viscosity: Profile,
    free_slip: bool = True,
    fine_nodes: int | None = None,
    buoyancy: Profile = np.ones_like,
) -> StokesMaps:
    """Solve the system for every degree up to `degree` and every unit temperature, on `fine_nodes` nodes (by default
    three times as many as the grid's).

    The finer grid resolves the viscosity, which may change within the distance of two nodes. V at the grid's own nodes
    follows from U by continuity, so the discrete velocity has no divergence except for rounding.
    """
    fine = RadialGrid(fine_nodes or 3 * grid.count, grid.inner, grid.outer)
    to_fine, to_grid = grid.interpolation(fine.nodes), fine.interpolation(grid.nodes)
    eta, forced = viscosity(fine.nodes), rayleigh * buoyancy(fine.nodes)[:, None] * to_fine
    radial = np.zeros((degree + 1, grid.count, grid.count))
    lateral = np.zeros_like(radial)
    for n in range(1, degree + 1):
        radial[n] = to_grid @ unit_flow(fine, n, eta, free_slip)[0] @ forced
        radial[n, [0, -1]] = 0
        lateral[n] = (grid.nodes[:, None] * (grid.derivative @ radial[n]) + 2 * radial[n]) / (n * (n + 1))
    return StokesMaps(radial, lateral)


class Knots(Frozen):
    """A function of radius: the natural cubic spline through `values` at the ascending `radii_km`."""

    radii_km: tuple[float, ...] = Field(min_length=2)
    values: tuple[float, ...]

    @model_validator(mode="after")
    def _pairs_ascend(self) -> Knots:
        if len(self.values) != len(self.radii_km):
            raise ValueError("knots need one value per radius")
        if self.radii_km[0] <= 0 or (np.diff(self.radii_km) <= 0).any():
            raise ValueError("the radii of knots must be positive and ascend")
        return self

    def at(self, radii_km: Array) -> Array:
        """The values at `radii_km`."""
        return np.asarray(spline(self.radii_km, radii_km) @ np.array(self.values))


class Sheet(Frozen):
    """Buoyancy at one radius. It equals the buoyancy of `thickness_km` of rock of expansivity 1, and is spread as a
    Gaussian of standard deviation `width_km`. `thickness_km` is negative if a phase change impedes flow.
    """

    radius_km: float = Field(gt=0)
    thickness_km: float
    width_km: float = Field(default=40.0, gt=0)

    def at(self, radii_km: Array) -> Array:
        """The sheet's contribution to the expansivity at `radii_km`."""
        return self.thickness_km * sheet_shape(self.radius_km, self.width_km, radii_km)


def sheet_shape(radius_km: float, width_km: float, radii_km: Array) -> Array:
    """A Gaussian whose integral over the radius in km is 1."""
    return np.asarray(np.exp(-(((radii_km - radius_km) / width_km) ** 2) / 2) / (width_km * np.sqrt(2 * np.pi)))


class StokesProfile(Frozen):
    """The viscosity and the buoyancy of the mantle between two radii, and how strongly temperature drives its flow.

    `log_viscosity` (natural logarithm) and `expansivity` are relative; fits set them to 0 and 1 at the core. `strength`
    converts a unit of temperature to units of velocity, for lengths in shell thicknesses. In m/s per K it is the
    Rayleigh number times kappa / (D contrast), where D is the shell thickness.
    """

    log_viscosity: Knots
    expansivity: Knots
    sheets: tuple[Sheet, ...] = ()
    strength: float
    free_slip: bool = True

    @model_validator(mode="after")
    def _knots_share_a_shell(self) -> StokesProfile:
        if any(self.log_viscosity.radii_km[end] != self.expansivity.radii_km[end] for end in (0, -1)):
            raise ValueError("viscosity and expansivity must have their first and last knots at the same radii")
        return self

    @property
    def thickness_km(self) -> float:
        return self.log_viscosity.radii_km[-1] - self.log_viscosity.radii_km[0]

    def grid(self, nodes: int) -> RadialGrid:
        """Chebyshev nodes between the boundaries, in shell thicknesses."""
        inner, outer = (self.log_viscosity.radii_km[end] / self.thickness_km for end in (0, -1))
        return RadialGrid(nodes, inner, outer)

    def viscosity(self, radii: Array) -> Array:
        """Relative viscosity at `radii` in shell thicknesses."""
        return np.asarray(np.exp(self.log_viscosity.at(radii * self.thickness_km)))

    def buoyancy(self, radii: Array) -> Array:
        """Relative expansivity at `radii` in shell thicknesses, including the sheets."""
        radii_km = radii * self.thickness_km
        return np.asarray(self.expansivity.at(radii_km) + sum(sheet.at(radii_km) for sheet in self.sheets))

    def maps(self, grid: RadialGrid, degree: int, fine_nodes: int = NODES) -> StokesMaps:
        """The Stokes maps on the nodes of a grid in shell thicknesses, such as `self.grid(45)`."""
        return stokes_maps(
            grid, degree, self.strength, self.viscosity, self.free_slip, fine_nodes, buoyancy=self.buoyancy
        )

    def kept_maps(self, grid: RadialGrid, degree: int) -> StokesMaps:
        """The same as `maps`, but kept between runs: they take most of a CPU second to compute."""
        follows_from = {
            "algorithm": ALGORITHM,
            "profile": self.model_dump(mode="json"),
            "grid": [grid.count, grid.inner, grid.outer],
            "degree": degree,
            "fine_nodes": NODES,
        }

        def computed() -> Array:
            maps = self.maps(grid, degree)
            return np.stack([maps.radial, maps.lateral])

        return StokesMaps(*kept("stokes", follows_from, (2, degree + 1, grid.count, grid.count), computed))

    def shell_maps(self, radii_km: ArrayLike, degree: int, fine_nodes: int = NODES) -> StokesMaps:
        """The matrices from temperature on shells to U and V on the same shells, `(degree, shell, shell)` each.

        A spline interpolates temperature between the shells.
        """
        fine, radii = self.grid(fine_nodes), np.asarray(radii_km) / self.thickness_km
        onto, back = spline(radii, fine.nodes), fine.interpolation(radii)
        eta, forced = self.viscosity(fine.nodes), self.strength * self.buoyancy(fine.nodes)[:, None] * onto
        maps = np.zeros((2, degree + 1, len(radii), len(radii)))
        for n in range(1, degree + 1):
            for out, flow in zip(maps, unit_flow(fine, n, eta, self.free_slip), strict=True):
                out[n] = back @ flow @ forced
        return StokesMaps(*maps)
