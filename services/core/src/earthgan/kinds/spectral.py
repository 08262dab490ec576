"""The `spectral` preset: a time step as coefficients of harmonics and radial modes, evaluated at any window's points.

Temperature is the sum over degree l, order m and mode k of `x_lmk B_lk(r) Y_lm`, the modes being the principal
components of the training data in each band of degrees. Velocity `u = U Y r^ + V grad_1 Y` is a linear function of the
same coefficients, degree by degree: the Stokes maps of the surrogate's own viscosity profile (`earthgan.flow.stokes`).
On shells where they explain too little (`earthgan.flow.gate`), coefficients of U, V and W are added. Those of V and W
are of the vector harmonics of unit square, `grad_1 Y / sqrt(l(l + 1))`, so that every error weighs the same.
Nothing is interpolated: a shell is evaluated where its points lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.numerics.legendre import legendre
from earthgan.numerics.threads import one_thread
from earthgan.sphere.grid import ShellGrid, Window, cell_weights

Array = NDArray[np.float32]


class Kernels:
    """From coefficients to fields at any radius. `bases` are the components' radial modes `(degree, mode, node)`, as
    `earthgan.kinds.coded.Code` holds them; `kelvins` is the temperature that 1 stands for, `speed` the velocity in m/s.
    """

    def __init__(
        self, arguments: SpectralArguments, bases: Mapping[str, NDArray[np.float64]], kelvins: float, speed: float
    ) -> None:
        self.arguments, self._bases, self._scale = arguments, bases, kelvins / speed

    @one_thread
    def at(self, radii_km: ArrayLike) -> Array:
        """`(field, degree, radius, mode)`: coefficients to temperature, U and V (and the toroidal W), all components'
        modes one after another. Raises ValueError beyond the nodes.
        """
        arguments = self.arguments
        radii, grid = np.asarray(radii_km) / arguments.thickness_km, arguments.radial_grid
        if not grid.inner <= radii.min() <= radii.max() <= grid.outer:
            raise ValueError("the grid's shells reach beyond the radial modes")
        blocks = [grid.interpolation(radii) @ self._of_temperature]
        for component in arguments.components[1:]:
            blocks.append(self._of_velocity(component.field, arguments.stored.interpolation(radii_km)))
        return np.concatenate(blocks, axis=-1).astype(np.float32)

    @cached_property
    @one_thread
    def _of_temperature(self) -> NDArray[np.float64]:
        """`(field, degree, node, mode)`: temperature's modes, and the flow that they make."""
        arguments, fields = self.arguments, self.arguments.fields
        modes = self._bases["temperature"].transpose(0, 2, 1)
        block = np.zeros((len(fields), *modes.shape))
        block[0] = modes
        if arguments.stokes is not None:
            maps = arguments.stokes.kept_maps(arguments.radial_grid, arguments.degree)
            block[fields.index("u")] = maps.radial @ modes * self._scale
            block[fields.index("v")] = maps.lateral @ modes * self._scale
        return block

    def _of_velocity(self, field: str, interpolation: NDArray[np.float64]) -> NDArray[np.float64]:
        """`(field, degree, radius, mode)` of a component of velocity, from its knots to radii."""
        fields = self.arguments.fields
        modes = interpolation @ self._bases[field].transpose(0, 2, 1)
        block = np.zeros((len(fields), *modes.shape))
        block[fields.index(field)] = modes / unit_square(field, len(modes))[:, None, None]
        return block


def unit_square(field: str, degrees: int) -> NDArray[np.float64]:
    """`(degree,)`: what the coefficients of U, V or W are multiplied by for their squares to be those of velocity."""
    degree = np.arange(degrees)
    return np.ones(degrees) if field == "u" else np.sqrt(np.maximum(degree * (degree + 1.0), 1))


class SpectralPlanner:
    """Plans windows of a grid."""

    def __init__(self, kernels: Kernels, grid: ShellGrid) -> None:
        self.grid, self._kernels, self._degree = grid, kernels, kernels.arguments.degree

    def on(self, grid: ShellGrid) -> SpectralPlanner:
        """The same, evaluated on another grid."""
        return SpectralPlanner(self._kernels, grid)

    @cached_property
    def kernels(self) -> Array:
        """`(field, degree, shell, mode)`, of the grid's shells."""
        return self._kernels.at(self.grid.radii_km)

    @cached_property
    def _harmonics(self) -> Array:
        """`(kind, order, row, degree)`: values, southward and eastward derivatives."""
        degree = self._degree
        colatitudes = np.radians(90 - np.asarray(self.grid.latitudes_deg))
        functions = legendre(degree, colatitudes)
        out = np.zeros((3, degree + 1, len(colatitudes), degree + 1), np.float32)
        for kind, of_orders in enumerate((functions.values, functions.slopes, functions.eastward)):
            for m, matrix in enumerate(of_orders):
                out[kind, m, :, m:] = matrix
        return out

    def temperature_means(self, x: Array) -> Array:
        """The normalised temperature's means over the sphere `(shell,)`, by the areas of the grid's cells, of the
        coefficients `x`: waves around the axis have none.
        """
        areas = cell_weights(self.grid).sum(axis=1)
        of_degrees = areas @ self._harmonics[0, 0]
        means: Array = np.einsum("lk,lsk,l->s", x[:, 0, 0], self.kernels[0], of_degrees, optimize=True)
        return means

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """The matrices of a window's shells, rows and columns. The seed has no part in it."""
        rows, shells = (slice(axis.start, axis.stop) for axis in (window.rows, window.shells))
        colatitudes = np.radians(90 - np.asarray(self.grid.latitudes_deg)[rows])
        columns = np.arange(window.columns.start, window.columns.stop) % self.grid.shape[2]
        longitudes = np.radians(np.asarray(self.grid.longitudes_deg)[columns])
        orders = np.arange(self._degree + 1)
        twice = np.where(orders == 0, 1, 2)[:, None]  # a real field: orders -m and m together
        cosine, sine = twice * np.cos(np.outer(orders, longitudes)), twice * np.sin(np.outer(orders, longitudes))
        named: dict[str, NDArray[Any]] = {
            "kernels": self.kernels[:, :, shells],
            "harmonics": self._harmonics[:, :, rows],
            "azimuth": np.stack([np.stack([cosine, -sine], 1), np.stack([-sine, -cosine], 1)]),
            "meridian": np.stack([np.sin(colatitudes), np.cos(colatitudes)]),
            "parallel": np.stack([np.cos(longitudes), np.sin(longitudes)]),
        }
        return {name: np.ascontiguousarray(value, np.float32) for name, value in named.items()}

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The multiplications of the radial, the meridional and the zonal sums."""
        shells, rows, columns = window.shape
        fields, orders, _, modes = self.kernels.shape
        radial = fields * orders**2 * 2 * modes * shells
        return int(radial + variables * shells * rows * 2 * orders * (orders + columns))


@one_thread
def synthesise(feeds: Mapping[str, NDArray[np.generic]]) -> Array:
    """Normalised field `(1, variable, shell, row, column)` of a preset's feeds: what the generators compute, in plain
    NumPy, for looks that need no engine.
    """
    f = {name: np.asarray(value) for name, value in feeds.items()}
    modes = np.einsum("lmpk,flsk->fmlps", f["x"][0], f["kernels"], optimize=True)

    def field(kind: int, of: int, turned: int = 0) -> Array:
        """(shell, row, column) of one kind of harmonics, times i where `turned`."""
        on_rows = np.einsum("mrl,mlps->mprs", f["harmonics"][kind], modes[of], optimize=True)
        return np.asarray(np.einsum("mprs,mpc->src", on_rows, f["azimuth"][turned], optimize=True))

    out = [field(0, 0)]
    if len(modes) > 1:
        radial, south, east = field(0, 1), field(1, 2), field(2, 2, turned=1)
        if len(modes) > 3:
            south, east = south - field(2, 3, turned=1), east + field(1, 3)
        (sine, cosine), (cos, sin) = f["meridian"][:, :, None], f["parallel"]
        outward = radial * sine + south * cosine
        out += [outward * cos - east * sin, outward * sin + east * cos, radial * cosine - south * sine]
    return np.stack(out)[None].astype(np.float32)
