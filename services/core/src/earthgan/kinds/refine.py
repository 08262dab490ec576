"""The refinement of decoded temperature. A small network predicts part of what the code leaves out.

The code rounds most coefficients of fine scales to zero. Plumes and sheets have typical shapes, so a network can
predict some of these coefficients from the others. A decoded time step is evaluated on Gauss-Legendre rows of a few
shells, which lie on Chebyshev nodes in radius. For each shell, the network sees the temperature there and `reach_km`
below and above, the depth, and the distance from the axis. Its output is analysed exactly, multiplied by a gain for
each degree, and added to the coefficients that are coded. Velocity therefore follows from the refined temperature in
the usual way, and code that evaluates coefficients need not know about the refinement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded import Component
from earthgan.kinds.spectral_arguments import SpectralArguments
from earthgan.numerics.radial import RadialGrid
from earthgan.numerics.threads import one_thread
from earthgan.numerics.transform import Transform

Array = NDArray[np.float32]

#: The channels that the network sees of a shell: temperature below, on and above it, depth, distance from the axis.
CHANNELS = 5
SLOPE = 0.1


@dataclass(frozen=True)
class Layer:
    """A 3 x 3 convolution with `weights` `(channel out, channel in, 3, 3)` and `bias` `(channel out,)`. Its points lie
    `dilation` rows and columns apart.
    """

    weights: Array
    bias: Array
    dilation: int = 1

    @classmethod
    def stored(cls, arrays: Mapping[str, NDArray[Any]], name: str, dilation: int = 1) -> Layer:
        """A layer from arrays of a file. Its weights have 8 bits, with one scale for each channel of output. Raises
        KeyError.
        """
        weights = arrays[f"{name}.weight"] * arrays[f"{name}.scale"][:, None, None, None]
        return cls(weights.astype(np.float32), arrays[f"{name}.bias"], dilation)


#: Takes the channels of a shell `(channel, row, column)` and returns `(row, column)`. Each layer cuts as many rows and
#: columns off each side as its dilation says.
Network = Callable[[Array], Array]


def numpy_network(layers: Sequence[Layer]) -> Network:
    """The network in NumPy, for installations without ONNX Runtime."""
    # Each row of a layer's kernel becomes one matrix product: (row, column and channel in, channel out).
    by_row = [
        np.ascontiguousarray(layer.weights.transpose(2, 3, 1, 0).reshape(3, -1, len(layer.bias))) for layer in layers
    ]

    def convolved(x: Array, i: int) -> Array:
        d = layers[i].dilation
        rows, columns = x.shape[0] - 2 * d, x.shape[1] - 2 * d
        wide = np.concatenate([x[:, at : at + columns] for at in (0, d, 2 * d)], axis=-1)
        parts = (wide[at : at + rows].reshape(-1, wide.shape[-1]) @ by_row[i][k] for k, at in enumerate((0, d, 2 * d)))
        return np.asarray((sum(parts) + layers[i].bias).reshape(rows, columns, -1))

    def network(seen: Array) -> Array:
        x = _leaky(convolved(seen.transpose(1, 2, 0), 0))
        for i in range(1, len(layers) - 1):
            d = layers[i].dilation
            x = x[d:-d, d:-d] + _leaky(convolved(x, i))
        return convolved(x, len(layers) - 1)[..., 0]

    return network


def fastest_network(layers: Sequence[Layer]) -> Network:
    """The network in ONNX Runtime if it is installed, and in NumPy otherwise. ONNX Runtime takes half the time."""
    try:
        from earthgan.numerics.convolutions import residual_network
    except ImportError:
        return numpy_network(layers)
    weights, biases, dilations = zip(*((each.weights, each.bias, each.dilation) for each in layers), strict=True)
    return residual_network(weights, biases, SLOPE, dilations)


def _leaky(x: Array) -> Array:
    return np.asarray(np.maximum(x, np.float32(SLOPE) * x))


class Refinement:
    """Refines decoded coefficients of the component `temperature`.

    The network's prediction for each degree is multiplied by `gains` `(degree,)`. Low degrees have small gains, because
    the code stores them almost exactly.
    """

    def __init__(
        self, arguments: SpectralArguments, temperature: Component, layers: Sequence[Layer], gains: Array
    ) -> None:
        assert arguments.refinement is not None
        self.arguments, self._layers = arguments.refinement, layers
        self.nodes = arguments.radial_grid
        self.shells = RadialGrid(self.arguments.shells, self.nodes.inner, self.nodes.outer)
        self._reach = self.arguments.reach_km / arguments.thickness_km
        # Only modes that are coded describe a profile. With the other modes, coefficients would have to cancel each
        # other.
        self._basis = temperature.basis * (temperature.tables > 0)[..., None]
        self._gains = gains

    @classmethod
    def load(cls, path: Path, arguments: SpectralArguments, temperature: Component) -> Refinement:
        """Load the network from the file of a surrogate's weights. Raises DamagedSurrogate."""
        assert arguments.refinement is not None
        refinement = arguments.refinement
        inner = [refinement.channels] * (refinement.layers - 1)
        layers = []
        try:
            arrays = load_file(path)
            for i, (before, after) in enumerate(zip([CHANNELS, *inner], [*inner, 1], strict=True)):
                if arrays[f"refinement.{i}.weight"].shape != (after, before, 3, 3):
                    raise ValueError("the network does not have the shape that spec.json states")
                layers.append(Layer.stored(arrays, f"refinement.{i}"))
            gains = arrays["refinement.gains"]
            if gains.shape != (arguments.degree + 1,):
                raise ValueError("there is not a gain for each degree")
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise DamagedSurrogate(path, f"does not hold this surrogate's refinement ({error})") from error
        return cls(arguments, temperature, layers, gains)

    @cached_property
    def _network(self) -> Network:
        return fastest_network(self._layers)

    @cached_property
    def grid(self) -> Transform:
        """The rows and columns that the network sees."""
        degrees = len(self._basis)
        return Transform.gauss(degrees - 1, degrees, 2 * degrees, np.float32)

    @cached_property
    @one_thread
    def _to_shells(self) -> Array:
        """`(degree, mode, shell)`: the modes below all shells, then on all shells, then above all shells."""
        radii = np.add.outer(np.array([-1, 0, 1]) * self._reach, self.shells.nodes).ravel()
        to_radii = self.nodes.interpolation(np.clip(radii, self.nodes.inner, self.nodes.outer))
        return (self._basis @ to_radii.T).astype(np.float32)

    @cached_property
    @one_thread
    def _to_modes(self) -> Array:
        """`(degree, shell, mode)`: the matrices from a profile on the shells to mode coefficients that fit it best."""
        root = np.sqrt(self.nodes.integral)
        inverse = np.linalg.pinv((self._basis * root).transpose(0, 2, 1), rcond=1e-6)
        on_nodes = root[:, None] * self.shells.interpolation(self.nodes.nodes)
        return np.ascontiguousarray((inverse @ on_nodes).transpose(0, 2, 1), np.float32)

    @one_thread
    def __call__(self, coefficients: Array) -> Array:
        """The correction to coefficients `(degree, order, part, mode)`, of the same shape. The caller adds it."""
        added = np.stack([self._network(x) for x in self.seen(coefficients)]) * np.float32(self.arguments.error_rms)
        found = self.grid.coefficients(added).reshape(len(coefficients), -1, len(added)) * self._gains[:, None, None]
        return np.asarray(np.matmul(found, self._to_modes).reshape(coefficients.shape))

    def seen(self, coefficients: Array) -> Array:
        """The network's input `(shell, channel, row, column)`. It covers the globe and `layers` points beyond the poles
        and the date line.
        """
        degrees, modes = len(coefficients), coefficients.shape[-1]
        on_shells = np.matmul(coefficients.reshape(degrees, -1, modes), self._to_shells)
        on_shells[0] = 0  # the network does not see the lateral mean
        fields = self.grid.values(on_shells.reshape(*coefficients.shape[:3], -1)) / np.float32(self.arguments.field_rms)
        halo, (rows, columns) = self.arguments.layers, fields.shape[1:]
        x = np.empty((self.shells.count, CHANNELS, rows + 2 * halo, columns + 2 * halo), np.float32)
        globe = x[:, :, halo:-halo, halo:-halo]
        globe[:, :3] = fields.reshape(3, -1, rows, columns).swapaxes(0, 1)
        depth = 2 * (self.shells.nodes - self.shells.inner) / (self.shells.outer - self.shells.inner) - 1
        globe[:, 3] = depth[:, None, None]
        globe[:, 4] = np.sin(self.grid.rows.colatitudes)[:, None]
        opposite = columns // 2  # beyond a pole, the rows repeat in reverse order, half a turn away
        x[:, :, :halo, halo:-halo] = np.roll(globe[:, :, :halo], opposite, axis=-1)[:, :, ::-1]
        x[:, :, -halo:, halo:-halo] = np.roll(globe[:, :, -halo:], opposite, axis=-1)[:, :, ::-1]
        x[..., :halo], x[..., -halo:] = x[..., -2 * halo : -halo], x[..., halo : 2 * halo]
        return x
