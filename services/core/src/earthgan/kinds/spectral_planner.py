"""The evaluation of `spectral` surrogates: coefficients of spherical harmonics and radial modes are evaluated at the
points of any window.

Temperature is the sum over degree l, order m and mode k of `x_lmk B_lk(r) Y_lm`. The modes are the principal components
of the training data in each band of degrees. Velocity is `u = U Y r^ + V grad_1 Y`. For each degree it is a linear
function of the same coefficients: the Stokes maps of the surrogate's own viscosity profile (`earthgan.flow.stokes`). On
shells where these maps explain too little of the velocity (`earthgan.flow.gate`), coded coefficients of U, V and W are
added. Those of V and W belong to vector harmonics of unit square, such as `grad_1 Y / sqrt(l(l + 1))`, so that all
errors have the same effect. Fields are evaluated exactly at the points of a shell, and nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.kinds.globe import POINTS, Globe
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.numerics.threads import one_thread
from earthgan.numerics.transform import Transform, per_degree
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.sphere.vectors import LocalAxes

Array = NDArray[np.float32]


class Kernels:
    """Computes matrices from coefficients to fields at any radius.

    `bases` holds the components' radial modes `(degree, mode, node)`, as in `earthgan.kinds.coded.Code`. `kelvins` is
    the temperature in K that a normalised temperature of 1 stands for. `speed` is the velocity in m/s that a normalised
    velocity of 1 stands for.
    """

    def __init__(
        self, arguments: SpectralArguments, bases: Mapping[str, NDArray[np.float64]], kelvins: float, speed: float
    ) -> None:
        self.arguments, self.bases, self._scale = arguments, bases, kelvins / speed

    @one_thread
    def at(self, radii_km: ArrayLike) -> Array:
        """`(field, degree, radius, mode)`: the matrices from coefficients to the fields at `radii_km`.

        The fields are temperature, U, V and the toroidal W, as far as the surrogate has them. The modes of all
        components follow one another. Raises ValueError if a radius lies outside the nodes.
        """
        arguments = self.arguments
        radii = self.check(radii_km)
        blocks = [arguments.radial_grid.interpolation(radii) @ self._of_temperature]
        for component in arguments.components[1:]:
            blocks.append(self._of_velocity(component.field, arguments.stored.interpolation(radii_km)))
        return np.concatenate(blocks, axis=-1).astype(np.float32)

    def check(self, radii_km: ArrayLike) -> NDArray[np.float64]:
        """`radii_km` in shell thicknesses. Raises ValueError if a radius lies outside the nodes."""
        radii, grid = np.asarray(radii_km) / self.arguments.thickness_km, self.arguments.radial_grid
        if not grid.inner <= radii.min() <= radii.max() <= grid.outer:
            raise ValueError("the shells of the grid reach beyond the radial modes")
        return radii

    @cached_property
    @one_thread
    def _of_temperature(self) -> NDArray[np.float64]:
        """`(field, degree, node, mode)`: temperature's modes, and the flow that they drive."""
        arguments, fields = self.arguments, self.arguments.fields
        modes = self.bases["temperature"].transpose(0, 2, 1)
        block = np.zeros((len(fields), *modes.shape))
        block[0] = modes
        if arguments.stokes is not None:
            maps = arguments.stokes.kept_maps(arguments.radial_grid, arguments.degree)
            block[fields.index("u")] = maps.radial @ modes * self._scale
            block[fields.index("v")] = maps.lateral @ modes * self._scale
        return block

    def _of_velocity(self, field: str, interpolation: NDArray[np.float64]) -> NDArray[np.float64]:
        """`(field, degree, radius, mode)`: the modes of a component of velocity, interpolated from knots to radii."""
        fields = self.arguments.fields
        modes = interpolation @ self.bases[field].transpose(0, 2, 1)
        block = np.zeros((len(fields), *modes.shape))
        block[fields.index(field)] = modes / unit_square(field, len(modes))[:, None, None]
        return block


def unit_square(field: str, degrees: int) -> NDArray[np.float64]:
    """`(degree,)`: factors for the coefficients of U, V or W. They make the coefficients' squares those of velocity."""
    degree = np.arange(degrees)
    return np.ones(degrees) if field == "u" else np.sqrt(np.maximum(degree * (degree + 1.0), 1))


class SpectralPlanner:
    """Plans and evaluates windows of a grid."""

    def __init__(self, kernels: Kernels, grid: ShellGrid) -> None:
        kernels.check(grid.radii_km)
        self.grid, self._kernels, self.degree = grid, kernels, kernels.arguments.degree
        self._globe = Globe(self.degree, grid)
        self.variables = kernels.arguments.computed
        modes = sum(basis.shape[1] for basis in kernels.bases.values())
        # Filled shell by shell, by whichever thread comes first: so the array is there before any thread is.
        self._kernels_kept = np.empty(
            (len(kernels.arguments.fields), self.degree + 1, grid.shape[0], modes), np.float32
        )
        self._kernels_known = np.zeros(grid.shape[0], bool)

    def on(self, grid: ShellGrid) -> SpectralPlanner:
        """A planner with the same kernels on another grid."""
        return SpectralPlanner(self._kernels, grid)

    @property
    def kernels(self) -> Array:
        """`(field, degree, shell, mode)`: the kernels of all shells of the grid."""
        return self._kernels_of(self.grid.whole.shells)

    def _kernels_of(self, shells: range) -> Array:
        """The kernels of some shells. They are computed on first use."""
        missing = [r for r in shells if not self._kernels_known[r]]
        if missing:
            self._kernels_kept[:, :, missing] = self._kernels.at(np.asarray(self.grid.radii_km)[missing])
            self._kernels_known[missing] = True
        return self._kernels_kept[:, :, shells.start : shells.stop]

    @one_thread
    def evaluate(self, x: Array, window: Window, variables: Sequence[int]) -> Array:
        """The normalised field `(variable, shell, row, column)` of coefficients `x` `(degree, order, part, mode)` in a
        window.

        Variable 0 is temperature, and variables 1 to 3 are the velocity's x, y and z. Only the fields that the given
        variables need are computed.
        """
        wanted = frozenset(variables)
        if not wanted:
            return np.empty((0, *window.shape), np.float32)
        first, last = 0 if 0 in wanted else 1, None if wanted - {0} else 1
        kernels = self._kernels_of(window.shells)[first:last].swapaxes(0, 1)
        on_shells = per_degree(kernels.reshape(len(x), -1, x.shape[-1]), x).reshape(*x.shape[:3], kernels.shape[1], -1)
        latitudes_deg = np.asarray(self.grid.latitudes_deg)[window.rows.start : window.rows.stop]
        axes = LocalAxes.on_grid(latitudes_deg, self._globe.longitudes_deg(window.columns), np.float32)
        transform = self._globe.transform(window)
        out = np.empty((len(variables), *window.shape), np.float32)
        step = -(-POINTS // (len(window.rows) * len(window.columns)))
        for shell in range(0, len(window.shells), step):
            fields = np.moveaxis(on_shells[..., shell : shell + step], 3, 0)
            found = _evaluated(transform, axes, fields, wanted)
            for field, variable in zip(out, variables, strict=True):
                field[shell : shell + step] = found[variable]
        return out

    @one_thread
    def temperature_means(self, x: Array) -> Array:
        """The means over the sphere `(shell,)` of the normalised temperature with coefficients `x`.

        The grid's cells are weighted by their areas. Orders above 0 are waves around the axis, whose mean is zero.
        """
        of_degrees: Array = np.einsum("lk,lsk,l->s", x[:, 0, 0], self.kernels[0], self._globe.means, optimize=True)
        return of_degrees

    @one_thread
    def temperature_on(self, sphere: Transform, x: Array, shells: range) -> Array:
        """The normalised temperature `(shell, row, column)` on some shells, at the points of another sphere."""
        return sphere.values(per_degree(self._kernels_of(shells)[0], x))

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """The matrices of a window's shells, rows and columns. They do not depend on the seed.

        The generators in torch and ONNX compute the same as `evaluate` by products with these matrices.
        """
        rows = slice(window.rows.start, window.rows.stop)
        latitudes_deg, longitudes_deg = (
            np.asarray(self.grid.latitudes_deg)[rows],
            self._globe.longitudes_deg(window.columns),
        )
        axes = LocalAxes.at(latitudes_deg, longitudes_deg)
        named: dict[str, NDArray[Any]] = {
            "kernels": self._kernels_of(window.shells),
            "harmonics": self._globe.harmonics[:, :, rows],
            "azimuth": self._globe.waves(window),
            "meridian": np.stack([axes.cos_lat, axes.sin_lat]),
            "parallel": np.stack([axes.cos_lon, axes.sin_lon]),
        }
        return {name: np.ascontiguousarray(value, np.float32) for name, value in named.items()}

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The number of multiplications in the radial, the meridional and the zonal sums."""
        shells, rows, columns = window.shape
        fields, orders, _, modes = self._kernels_kept.shape
        radial = fields * orders**2 * 2 * modes * shells
        return int(radial + variables * shells * rows * 2 * orders * (orders + columns))


def _evaluated(transform: Transform, axes: LocalAxes, fields: Array, wanted: frozenset[int]) -> dict[int, Array]:
    """The wanted variables by index. Further variables may be included.

    `fields` `(field, degree, order, part, shell)` holds the coefficients of temperature if it is wanted, and those of
    U, V and W if any component of velocity is wanted.
    """
    if wanted == {0}:
        return {0: transform.values(fields[0])}
    *temperature, u, v = fields[: 3 if 0 in wanted else 2]
    w = fields[-1] if len(fields) > len(temperature) + 2 else None
    scalars = transform.values(np.stack([*temperature, u], axis=3))
    found, outwards = dict(enumerate(scalars[:-1])), scalars[-1]
    southwards = transform.southward(v, w)
    if wanted & {1, 2}:
        found[1], found[2] = axes.xy(outwards, southwards, transform.eastward(v, w))
    if 3 in wanted:
        found[3] = axes.z(outwards, southwards)
    return found
