"""The flow that a temperature drives at infinite Prandtl number, as one matrix per degree.

With `u = U Y r^ + V grad_1 Y`, `grad_1` the gradient on the unit sphere, tractions `R Y r^ + S grad_1 Y`, viscosity
`eta(r)` and buoyancy `Ra T r^`, continuity, the two stress components and the two momentum balances are four ordinary
differential equations of first order: Hager & O'Connell (1981), J. Geophys. Res. 86, 4843, eq. A2 (self-gravitation
and a varying density left out). With L = l(l + 1):

    U' = -2 U/r + L V/r
    V' = -U/r + V/r + S/eta
    R' = 12 eta U/r^2 - 6 L eta V/r^2 + L S/r - Ra T
    S' = -6 eta U/r^2 + 2 (2L - 1) eta V/r^2 - R/r - 3 S/r

No derivative of the viscosity occurs. U is 0 at both ends, and S (free slip) or V (no slip).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.radial import RadialGrid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StokesMaps:
    """Temperature at the nodes to U and to V there, `(degree, node, node)` each; degree 0 does not flow."""

    radial: Array
    lateral: Array


def stokes_maps(
    grid: RadialGrid,
    degree: int,
    rayleigh: float,
    viscosity: Callable[[Array], Array],
    free_slip: bool = True,
    fine_nodes: int | None = None,
) -> StokesMaps:
    """Solve the system for every degree and every unit temperature, on `fine_nodes` nodes (three times the grid's).

    The finer grid is for the viscosity, which may change within less than a node's distance. V on the grid's own nodes
    is taken from U by continuity, so the discrete velocity has no divergence but for rounding.
    """
    fine = RadialGrid(fine_nodes or 3 * grid.count, grid.inner, grid.outer)
    to_fine, to_grid = grid.interpolation(fine.nodes), fine.interpolation(grid.nodes)
    eta = viscosity(fine.nodes)
    radial = np.zeros((degree + 1, grid.count, grid.count))
    lateral = np.zeros_like(radial)
    for n in range(1, degree + 1):
        radial[n] = to_grid @ _radial_flow(fine, n, eta, free_slip) @ to_fine * rayleigh
        radial[n, [0, -1]] = 0
        lateral[n] = (grid.nodes[:, None] * (grid.derivative @ radial[n]) + 2 * radial[n]) / (n * (n + 1))
    return StokesMaps(radial, lateral)


def _radial_flow(grid: RadialGrid, degree: int, eta: Array, free_slip: bool) -> Array:
    """`(node, node)`: temperature to U for Ra = 1, on the grid the system is solved on."""
    count, r, derivative = grid.count, grid.nodes, grid.derivative
    laplace = degree * (degree + 1)
    scale = float(degree) * eta.mean()  # of R and S against U and V, so that no column outweighs another
    u, v, normal, shear = (slice(k * count, (k + 1) * count) for k in range(4))
    system = np.zeros((4 * count, 4 * count))
    forcing = np.zeros((4 * count, count))

    system[u, u] = derivative + np.diag(2 / r)
    system[u, v] = np.diag(-laplace / r)
    system[v, v] = derivative - np.diag(1 / r)
    system[v, u] = np.diag(1 / r)
    system[v, shear] = np.diag(-scale / eta)
    system[normal, normal] = scale * derivative
    system[normal, u] = np.diag(-12 * eta / r**2)
    system[normal, v] = np.diag(6 * laplace * eta / r**2)
    system[normal, shear] = np.diag(-laplace * scale / r)
    system[shear, shear] = scale * (derivative + np.diag(3 / r))
    system[shear, normal] = np.diag(scale / r)
    system[shear, u] = np.diag(6 * eta / r**2)
    system[shear, v] = np.diag(-2 * (2 * laplace - 1) * eta / r**2)
    forcing[normal] = -np.eye(count)

    # The four conditions take the place of the momentum balances at the two boundary nodes: continuity and the
    # definition of S hold at every node.
    tangential = shear if free_slip else v
    for row, column in (
        (normal.start, u.start),
        (normal.stop - 1, u.stop - 1),
        (shear.start, tangential.start),
        (shear.stop - 1, tangential.stop - 1),
    ):
        system[row] = 0
        system[row, column] = 1
        forcing[row] = 0
    # Rows of one size: pivots chosen among rows of 1 and rows of count^2 would cost five digits.
    size = np.abs(system).max(axis=1, keepdims=True)
    return np.asarray(np.linalg.solve(system / size, forcing / size)[u], np.float64)
