"""The equations of slow flow in a spherical shell, discrete in radius, for one harmonic degree.

Velocity is `u = U Y r^ + V grad_1 Y`, where `grad_1` is the gradient on the unit sphere. The traction is
`R Y r^ + S grad_1 Y`, the viscosity `eta(r)`, and the buoyancy `Ra b(r) T r^`. Continuity, the two stress components
and the two momentum balances then form four ordinary differential equations of first order. They are eq. A2 of Hager &
O'Connell (1981), J. Geophys. Res. 86, 4843, without self-gravitation and without a varying density. With L = l(l + 1):

    U' = -2 U/r + L V/r
    V' = -U/r + V/r + S/eta
    R' = 12 eta U/r^2 - 6 L eta V/r^2 + L S/r - Ra b T
    S' = -6 eta U/r^2 + 2 (2L - 1) eta V/r^2 - R/r - 3 S/r

No derivative of the viscosity occurs. At both boundaries U is 0, and so is S (free slip) or V (no slip).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.numerics.radial import RadialGrid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StokesSystem:
    """The discrete equations of a degree. The unknowns are U, V, R and S at the nodes.

    Their matrix `(4 node, 4 node)` is `constant + viscous * eta + fluid / eta`, where eta is the viscosity at each
    column's node. `forcing` is `(4 node, node)`.
    """

    constant: Array
    viscous: Array
    fluid: Array
    forcing: Array


def stokes_system(grid: RadialGrid, degree: int, free_slip: bool) -> StokesSystem:
    """The equations at the nodes. Boundary conditions replace some of them."""
    count, r, derivative = grid.count, grid.nodes, grid.derivative
    laplace = degree * (degree + 1)
    u, v, normal, shear = (slice(k * count, (k + 1) * count) for k in range(4))
    constant, viscous, fluid = (np.zeros((4 * count, 4 * count)) for _ in range(3))
    forcing = np.zeros((4 * count, count))

    constant[u, u] = derivative + np.diag(2 / r)
    constant[u, v] = np.diag(-laplace / r)
    constant[v, v] = derivative - np.diag(1 / r)
    constant[v, u] = np.diag(1 / r)
    fluid[v, shear] = -np.eye(count)
    constant[normal, normal] = derivative
    viscous[normal, u] = np.diag(-12 / r**2)
    viscous[normal, v] = np.diag(6 * laplace / r**2)
    constant[normal, shear] = np.diag(-laplace / r)
    constant[shear, shear] = derivative + np.diag(3 / r)
    constant[shear, normal] = np.diag(1 / r)
    viscous[shear, u] = np.diag(6 / r**2)
    viscous[shear, v] = np.diag(-2 * (2 * laplace - 1) / r**2)
    forcing[normal] = -np.eye(count)

    # The four conditions replace the momentum balances at the two boundary nodes. Continuity and the definition of S
    # hold at every node.
    tangential = shear if free_slip else v
    for row, column in (
        (normal.start, u.start),
        (normal.stop - 1, u.stop - 1),
        (shear.start, tangential.start),
        (shear.stop - 1, tangential.stop - 1),
    ):
        for part in (constant, viscous, fluid, forcing):
            part[row] = 0
        constant[row, column] = 1
    return StokesSystem(constant, viscous, fluid, forcing)


def unit_flow(grid: RadialGrid, degree: int, eta: Array, free_slip: bool) -> tuple[Array, Array]:
    """U and V `(node, node)` of the flow that a unit buoyancy at each node drives. The system is solved on `grid`."""
    count = grid.count
    system = stokes_system(grid, degree, free_slip)
    eta_of_column = np.tile(eta, 4)
    matrix = system.constant + system.viscous * eta_of_column + system.fluid / eta_of_column
    matrix[:, 2 * count :] *= degree * eta.mean()  # this scales R and S to the size of U and V
    # All rows are scaled to one size: pivots among rows of sizes 1 and count^2 would cost five digits.
    size = np.abs(matrix).max(axis=1, keepdims=True)
    solved = np.linalg.solve(matrix / size, system.forcing / size)
    return solved[:count], solved[count : 2 * count]
