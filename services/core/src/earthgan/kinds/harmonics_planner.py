"""The evaluation of `harmonics` surrogates: each variable is a sum of harmonics times radial modes.

A shell of the surrogate's own gets its own values of the modes. Between two shells, modes are interpolated linearly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.kinds.globe import POINTS, Globe
from earthgan.kinds.harmonics_code import ScalarComponent
from earthgan.numerics.threads import one_thread
from earthgan.numerics.transform import per_degree
from earthgan.sphere.grid import ShellGrid, Window

Array = NDArray[np.float32]


class ScalarPlanner:
    """Plans and evaluates windows of a grid. `components` holds the variables in order, with modes on shells at
    `radii_km`.
    """

    def __init__(self, degree: int, components: Mapping[str, ScalarComponent], radii_km: ArrayLike, grid: ShellGrid):
        self.grid, self._components, self._radii_km = grid, tuple(components.values()), np.asarray(radii_km)
        self.variables, self._globe = len(self._components), Globe(degree, grid)
        self._names = tuple(components)
        ends = np.cumsum([0, *(each.tables.shape[1] for each in self._components)])
        self._blocks = [slice(first, last) for first, last in pairwise(ends)]

    def on(self, grid: ShellGrid) -> ScalarPlanner:
        """A planner of the same variables on another grid. Its radii lie within those of the shells."""
        return ScalarPlanner(
            self._globe.degree, dict(zip(self._names, self._components, strict=True)), self._radii_km, grid
        )

    @one_thread
    def evaluate(self, x: Array, window: Window, variables: Sequence[int]) -> Array:
        """The normalised field `(variable, shell, row, column)` of coefficients `x` `(degree, order, part, mode)` in a
        window. Only the given variables are computed.
        """
        transform = self._globe.transform(window)
        step = -(-POINTS // (len(window.rows) * len(window.columns)))
        out = np.empty((len(variables), *window.shape), np.float32)
        for field, variable in zip(out, variables, strict=True):
            on_shells = per_degree(self._kernels(variable, window.shells), x[..., self._blocks[variable]])
            for shell in range(0, len(window.shells), step):
                field[shell : shell + step] = transform.values(on_shells[..., shell : shell + step])
        return out

    def _kernels(self, variable: int, shells: range) -> Array:
        """`(degree, shell, mode)`: the matrices from a variable's coefficients to shells of the grid."""
        component = self._components[variable]
        radii = np.asarray(self.grid.radii_km)[shells.start : shells.stop]
        if radii[0] < self._radii_km[0] or radii[-1] > self._radii_km[-1]:
            raise ValueError("the shells of the grid reach beyond the radial modes")
        after = np.clip(np.searchsorted(self._radii_km, radii), 1, len(self._radii_km) - 1)
        inner, outer = self._radii_km[after - 1], self._radii_km[after]
        share = (radii - inner) / (outer - inner)
        on_shells = component.basis[..., after - 1] * (1 - share) + component.basis[..., after] * share
        return np.asarray(on_shells.swapaxes(1, 2)[component.group], np.float32)

    def means(self, x: Array, variable: int) -> Array:
        """The means over the sphere `(shell,)` of a variable. The grid's cells are weighted by their areas."""
        kernels = self._kernels(variable, self.grid.whole.shells)
        profile = x[:, 0, 0, self._blocks[variable]]  # waves around the axis have no mean
        return np.asarray(np.einsum("lk,lsk,l->s", profile, kernels, self._globe.means, optimize=True))

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """The matrices of a window's shells, rows and columns. They do not depend on the seed."""
        degrees, modes = self._globe.degree + 1, self._blocks[-1].stop
        kernels = np.zeros((self.variables, degrees, len(window.shells), modes), np.float32)
        for variable, block in enumerate(self._blocks):
            kernels[variable, ..., block] = self._kernels(variable, window.shells)
        harmonics = self._globe.harmonics[0, :, window.rows.start : window.rows.stop]
        return {
            "kernels": kernels,
            "harmonics": np.ascontiguousarray(harmonics),
            "azimuth": self._globe.waves(window)[0],
        }

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The number of multiplications in the radial, the meridional and the zonal sums."""
        shells, rows, columns = window.shape
        orders, modes = self._globe.degree + 1, self._blocks[-1].stop
        radial = orders**2 * 2 * modes * shells
        return int(radial + variables * shells * rows * 2 * orders * (orders + columns))
