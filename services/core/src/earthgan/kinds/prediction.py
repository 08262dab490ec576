"""The prediction of a time step from the decoded step before it, or after it.

Convection at infinite Prandtl number has no memory besides its temperature: the Stokes maps give the flow, and flow,
diffusion and heating give the temperature later. So a decoded temperature is *carried* by its own flow and diffused for
the time between two steps. The prediction is that, times a gain for each degree and mode. The code of a predicted step
holds only the difference.

    dT/dt + u . grad T = diffusivity laplacian T + heating

Temperature goes to a few Chebyshev shells. One pass covers at most the time `interval`:

1. Half of the diffusion, exactly, by the matrix exponential of each degree; half of the heating (Strang splitting).
2. The flow in the middle of the pass: the flow of the temperature plus half of its advection, of low degrees only.
3. Advection by this flow, as a polynomial of the advection operator that is stable for `stages - 1` radians of phase
   per pass, which is the most that `stages` products can reach (Kinnmark & Gray 1984, Math. Comput. Simul. 26, 181).
4. The other half of the diffusion and of the heating.

Encoder and decoder compute this in float32 (the browser in float64). Their numbers differ by rounding only, about 1e-6
of the range. Each pass diffuses such differences, as it does those of the code, and a key frame ends them.

*Backwards* in time, everything has the opposite sign. Diffusion then sharpens, and it would sharpen the code's errors
without limit. So its inverse is the series `1 + E + E E` for `E = 1 - diffusion`, which is nearly exact where diffusion
does little and three at most elsewhere. Backward predictions have gains of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.spectral_arguments import PredictionArguments, SpectralArguments, gains_name
from earthgan.numerics.octants import Octants
from earthgan.numerics.radial import RadialGrid
from earthgan.numerics.threads import one_thread
from earthgan.numerics.transform import Transform, per_degree

Array = NDArray[np.float32]

#: A duration may exceed a whole number of intervals by this share of an interval: times are rounded.
SLACK = 0.01
#: Singular values of radial modes below this share of the greatest count as zero.
SMALLEST = 1e-6
#: The scale of stored gains: 255 stands for 1.
GAIN_STEPS = 255


class Predictor:
    """Predicts coefficients `(degree, order, part, mode)` of all components from those of another time.

    `bases` holds the components' radial modes `(degree, mode, node)`, temperature's first. `gains` `(degree, mode)`
    covers the modes of all components, and so does `back` for predictions backwards in time. `kelvins` is the
    temperature in K that a normalised temperature of 1 stands for. Components of velocity are predicted to stay, times
    their gains.
    """

    def __init__(
        self,
        arguments: SpectralArguments,
        prediction: PredictionArguments,
        bases: Mapping[str, NDArray[np.float64]],
        gains: Array,
        back: Array,
        kelvins: float,
    ) -> None:
        self.arguments, self._spectral, self._kelvins = prediction, arguments, kelvins
        self._basis, self._gains, self._back = bases["temperature"][: prediction.degree + 1], gains, back
        self._nodes = arguments.radial_grid
        self._shells = RadialGrid(prediction.shells, self._nodes.inner, self._nodes.outer)
        # A bound method here would refer to this object, which would then stay until the garbage collector comes.
        self._diffusions = lru_cache(maxsize=4)(
            partial(_half_diffusion, self._shells, len(self._basis) - 1, prediction.diffusivity)
        )

    @classmethod
    def load(
        cls, path: Path, arguments: SpectralArguments, bases: Mapping[str, NDArray[np.float64]], kelvins: float
    ) -> Predictor:
        """Load the gains from the file of a surrogate's weights. Raises DamagedSurrogate.

        A surrogate without gains for predictions backwards has the same gains in both directions.
        """
        assert arguments.prediction is not None
        try:
            arrays = load_file(path)
            forwards, back = (_gains(arrays, arguments, bases, back) for back in (False, True))
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise DamagedSurrogate(path, f"does not hold this surrogate's prediction ({error})") from error
        return cls(arguments, arguments.prediction, bases, forwards, back, kelvins)

    def predicted(self, coefficients: Array, duration: float, strength: float = 1.0) -> Array:
        """The prediction of the coefficients a `duration` later, or earlier if it is negative: what is carried, times
        the gains.
        """
        gains = self._back if duration < 0 else self._gains
        return np.asarray(self.carried(coefficients, duration, strength) * gains[:, None, None])

    @one_thread
    def carried(self, coefficients: Array, duration: float, strength: float = 1.0) -> Array:
        """The coefficients a `duration` later, or earlier if it is negative. Degrees above the prediction's own stay as
        they are. The flow is `strength` times that of the profile.
        """
        carried = coefficients.copy()
        if not self.arguments.carries or duration == 0:
            return carried
        degrees, modes = len(self._basis), self._basis.shape[1]
        low = np.ascontiguousarray(coefficients[:degrees, :degrees, :, :modes])
        before = after = per_degree(self._to_shells, low)
        passes = self.passes(duration, strength)
        for _ in range(passes):
            after = self._passed(after, duration / passes, strength)
        carried[:degrees, :degrees, :, :modes] += per_degree(self._to_modes, after - before)
        return carried

    def passes(self, duration: float, strength: float = 1.0) -> int:
        """The number of passes that a duration takes."""
        return max(1, math.ceil(max(strength, 1.0) * abs(duration) / self.arguments.interval - SLACK))

    @one_thread
    def phase(self, coefficients: Array, duration: float) -> float:
        """The largest phase in radians by which the flow of a temperature turns a wave of the highest degree and of the
        most radial nodes within a duration.
        """
        degrees, modes = len(self._basis), self._basis.shape[1]
        low = np.ascontiguousarray(coefficients[:degrees, :degrees, :, :modes])
        outward, south, east = self._flow(self._grid, per_degree(self._to_shells, low))
        rate = np.abs(outward) * (np.pi / self._shells.spacing)[:, None] + np.hypot(south, east) * degrees
        return float(rate.max()) * duration

    def _passed(self, temperature: Array, duration: float, strength: float) -> Array:
        """Temperature `(degree, order, part, shell)` one pass later."""
        diffusion = self._diffusions(duration)
        start = self._heated(per_degree(diffusion, temperature), duration / 2)
        time = strength * duration  # for the flow: it is linear in the strength
        # The flow in the middle of the pass. Most of the flow is of low degrees, and so is its change.
        few = self._low.rows.degree + 1
        middle, low = start.copy(), np.ascontiguousarray(start[:few, :few])
        middle[:few, :few] += time / 2 * self._advection(self._low, self._flow(self._low, low), low)
        flow = self._flow(self._grid, middle)
        # The terms are cosh and sinh of n asinh(z / last), for advection z over the whole pass, in turn.
        last = self.arguments.stages - 1
        terms = [start, time / last * self._advection(self._grid, flow, start)]
        for _ in range(last):
            terms = [*terms[-2:], terms[-2] + 2 * time / last * self._advection(self._grid, flow, terms[-1])]
        moved = np.asarray(terms[1] + (terms[0] + terms[2]) / 2, np.float32)
        return per_degree(diffusion, self._heated(moved, duration / 2))

    def _flow(self, grid: _Grid, temperature: Array) -> list[Array]:
        """The velocity outwards, southwards and eastwards on the octants `(..., shell, row)`, in shell thicknesses per
        unit of time and, for the lateral components, divided by the radius.
        """
        radial, lateral = (per_degree(maps[: len(temperature)], temperature) for maps in self._maps)
        return [grid.octants.fields(modes) for modes in grid.modes(radial, lateral)]

    def _advection(self, grid: _Grid, flow: Sequence[Array], temperature: Array) -> Array:
        """The coefficients of `-u . grad T`. The temperature of both boundaries is fixed."""
        # NumPy multiplies matrices one by one if they have more axes.
        outward = (temperature.reshape(-1, self._shells.count) @ self._derivative).reshape(temperature.shape)
        found = grid.rows.coefficients(grid.octants.of_products(grid.modes(outward, temperature), flow))
        found[..., [0, -1]] = 0
        return np.negative(found, out=found)

    def _heated(self, temperature: NDArray[np.floating], duration: float) -> Array:
        heated = temperature.astype(np.float32)
        heated[0, 0, 0, 1:-1] += np.float32(self.arguments.heating * duration * np.sqrt(4 * np.pi))
        return heated

    @cached_property
    def _grid(self) -> _Grid:
        return _Grid(len(self._basis))

    @cached_property
    def _low(self) -> _Grid:
        return _Grid(min(self.arguments.flow_degree + 1, len(self._basis)))

    @cached_property
    def _derivative(self) -> Array:
        return np.ascontiguousarray(self._shells.derivative.T, np.float32)

    @cached_property
    def _from_nodes(self) -> NDArray[np.float64]:
        """`(shell, node)`: profiles on the nodes without their highest polynomials. The boundaries are exact."""
        few = self._shells.count
        onto = np.linalg.inv(self._shells.chebyshev) @ self._nodes.chebyshev[:few]
        onto[[0, -1]] = np.eye(self._nodes.count)[[0, -1]]
        return np.asarray(onto)

    @cached_property
    def _to_shells(self) -> Array:
        """`(degree, shell, mode)`: temperature's modes on the shells."""
        return np.ascontiguousarray(self._from_nodes @ self._basis.transpose(0, 2, 1), np.float32)

    @cached_property
    def _to_modes(self) -> Array:
        """`(degree, mode, shell)`: the matrices from a profile on the shells to mode coefficients that fit it best."""
        root = np.sqrt(self._nodes.integral)
        # All degrees of a band have the same modes.
        bands = [first for first in self._spectral.bands if first < len(self._basis)]
        inverse = np.linalg.pinv((self._basis[bands] * root).transpose(0, 2, 1), rcond=SMALLEST)
        widths = np.diff([*bands, len(self._basis)])
        on_nodes = root[:, None] * self._shells.interpolation(self._nodes.nodes)
        return np.repeat(inverse @ on_nodes, widths, axis=0).astype(np.float32)

    @cached_property
    def _maps(self) -> tuple[Array, Array]:
        """`(degree, shell, shell)`: from temperature to the outward velocity and to the lateral one over the radius."""
        stokes, count = self._spectral.stokes, self._shells.count
        if stokes is None or self.arguments.advection == 0:
            still = np.zeros((len(self._basis), count, count), np.float32)
            return still, still
        maps = stokes.kept_maps(self._nodes, self._spectral.degree)
        onto, back = self._from_nodes, self._shells.interpolation(self._nodes.nodes)
        unit = self._kelvins * self.arguments.advection
        radial, lateral = (unit * (onto @ each[: len(self._basis)] @ back) for each in (maps.radial, maps.lateral))
        return radial.astype(np.float32), (lateral / self._shells.nodes[:, None]).astype(np.float32)


class _Grid:
    """The grid on which fields of some `degrees` are multiplied."""

    def __init__(self, degrees: int) -> None:
        transform = Transform.gauss(degrees - 1, degrees, 2 * degrees, np.float32)
        self.rows, self.octants = transform.rows, Octants(transform)

    def modes(self, radial: Array, potential: Array) -> list[Array]:
        """The modes of a vector field: outwards, and the gradient of a potential southwards and eastwards."""
        rows = self.rows
        return [rows.modes(radial, "values"), rows.modes(potential, "slopes"), rows.modes(potential, "eastward")]


def _half_diffusion(grid: RadialGrid, degree: int, diffusivity: float, duration: float) -> Array:
    """`(degree, shell, shell)`: the diffusion for half of a duration, of all degrees up to `degree`. Boundaries keep
    their temperature. If the duration is negative, diffusion is undone as far as is wise.
    """
    degrees = np.arange(degree + 1)[:, None, None]
    laplacian = grid.derivative @ grid.derivative + 2 / grid.nodes[:, None] * grid.derivative
    laplacian = laplacian - degrees * (degrees + 1) * np.diag(1 / grid.nodes**2)
    laplacian[:, [0, -1]] = 0
    diffusion = exponentials(diffusivity * abs(duration) / 2 * laplacian)
    if duration < 0:
        less = np.eye(grid.count) - diffusion
        diffusion = np.eye(grid.count) + less + less @ less
    return diffusion.astype(np.float32)


def _gains(
    arrays: Mapping[str, NDArray[np.generic]],
    arguments: SpectralArguments,
    bases: Mapping[str, NDArray[np.float64]],
    back: bool,
) -> Array:
    """The gains `(degree, mode)` of all components. Raises KeyError or ValueError if they are not there."""
    out = []
    for component, basis in zip(arguments.components, bases.values(), strict=True):
        name = gains_name(component.field, back)
        gains = arrays[name if name in arrays else gains_name(component.field)]
        if gains.shape != basis.shape[:2]:
            raise ValueError("there is not a gain for each degree and mode")
        out.append(gains.astype(np.float32) / np.float32(GAIN_STEPS))
    return np.concatenate(out, axis=1)


def exponentials(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """The exponentials of square matrices `(..., row, column)`: Taylor's series of a small part, squared again and
    again.
    """
    size = float(np.abs(matrices).sum(axis=-1).max(initial=0))
    halvings = max(0, math.ceil(math.log2(max(size, 1e-300))) + 4)
    part = matrices / 2.0**halvings
    one = np.eye(matrices.shape[-1])
    out = one + part / 12
    for n in range(11, 0, -1):
        out = one + part @ out / n
    for _ in range(halvings):
        out = out @ out
    return np.asarray(out)
