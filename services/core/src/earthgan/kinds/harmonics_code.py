"""The code of a `harmonics` surrogate: how coefficients become bytes, and how few bytes say that.

A time step is coded as in `earthgan.kinds.coded`. What is written once for all steps, the *weights*, has to be small
too, because a source may have a single step. It consists of whole numbers, which are coded like coefficients:

* the *centre*, which is the mean of degree 0, in rounding steps;
* the usual sizes of coefficients. The table of degree l and mode k is `of_degree[l] + of_band[band of l, k]`;
* learned modes, as whole numbers in proportion. They are made orthonormal again when they are read.

Polynomials take no bytes. They are those of the shells' radii, and orthonormal over the shells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded import Code
from earthgan.kinds.distributions import COUNT, distributions, sizes
from earthgan.kinds.entropy import EntropyCode
from earthgan.kinds.harmonics_arguments import HarmonicsArguments, ScalarSpec

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

#: The version of the weights. It is their first byte.
VERSION = 1
#: The name of the only array in the file of weights.
CODE = "code"
#: The distribution of the whole numbers in the weights: Laplace's.
_LAPLACE = 4
#: No loudness of a step makes a coefficient of this table one that is stored.
NEVER = -128
#: The least gap between two shells, in mean gaps, that polynomials see. Levels may be doubled at a discontinuity.
_LEAST_GAP = 0.25


@dataclass(frozen=True)
class Weights:
    """The whole numbers of one variable. `centre` `(mode,)`, `of_degree` `(degree,)` and `of_band` `(band, mode)` are
    described above. `modes` holds, for each group, learned modes `(mode, shell)`; it is empty for polynomials.
    """

    centre: Ints
    of_degree: Ints
    of_band: Ints
    modes: tuple[Ints, ...] = ()

    def arrays(self) -> list[Ints]:
        """The numbers in the order in which they are coded, each array with one usual size."""
        first, differences = self.of_band[:1], np.diff(self.of_band, axis=0)
        return [
            self.centre,
            np.diff(self.of_degree, prepend=0),
            np.diff(first, axis=1, prepend=0).reshape(-1),
            differences.reshape(-1),
            *(mode for of_group in self.modes for mode in of_group),
        ]


@dataclass(frozen=True)
class ScalarComponent:
    """The parameters by which a variable's coefficients are coded. `centre`, `tables` and `step` are those of
    `earthgan.kinds.coded.Component`. `basis` `(group, mode, shell)` holds the radial modes, and `group` `(degree,)` the
    group of each degree. The mean square of a mode over the shells is 4 pi.
    """

    basis: Array
    group: NDArray[np.intp]
    centre: Array
    tables: NDArray[np.int8]
    step: float

    @classmethod
    def of(cls, spec: ScalarSpec, weights: Weights, bands: Sequence[int], radii_km: ArrayLike) -> ScalarComponent:
        """The component that whole numbers describe."""
        degrees = np.arange(len(weights.of_degree))
        group = np.searchsorted(spec.groups or (0,), degrees, side="right") - 1
        band = np.searchsorted(bands, degrees, side="right") - 1
        tables = np.clip(weights.of_degree[:, None] + weights.of_band[band], NEVER + 1, COUNT).astype(np.int8)
        shells = np.size(radii_km)
        basis = np.zeros((len(spec.modes), spec.most_modes, shells))
        for i, count in enumerate(spec.modes):
            basis[i, :count] = orthonormal(weights.modes[i]) if spec.groups else polynomials(radii_km, count)
            tables[group == i, count:] = NEVER
        basis *= np.sqrt(4 * np.pi * shells)
        return cls(basis, group, weights.centre * np.float64(spec.step), tables, spec.step)


def polynomials(radii_km: ArrayLike, count: int) -> Array:
    """`(polynomial, shell)`: polynomials of ascending degree that are orthonormal over the shells.

    Two shells that are nearly at one radius count as a quarter of the mean gap apart.
    """
    gaps = np.diff(np.asarray(radii_km, np.float64))
    place = np.r_[0, np.cumsum(np.maximum(gaps, _LEAST_GAP * gaps.mean()))]
    place = 2 * place / place[-1] - 1
    out = np.empty((count, len(place)))
    out[0] = 1 / np.sqrt(len(place))
    for k in range(1, count):
        out[k] = _added(place * out[k - 1], out[:k])
    return out


def orthonormal(rows: NDArray[np.integer]) -> Array:
    """Rows `(mode, shell)` made orthonormal by the method of Gram and Schmidt, from the first to the last.

    Raises ValueError if they are not independent.
    """
    out = np.empty(rows.shape)
    for k, row in enumerate(rows):
        out[k] = _added(row / np.maximum(np.linalg.norm(row), 1), out[:k])
    return out


def _added(row: Array, before: Array) -> Array:
    """The direction of `row` that is orthogonal to orthonormal rows. It is subtracted twice against rounding."""
    for _ in range(2):
        row = row - (before @ row) @ before
    length = np.linalg.norm(row)
    if not length > 1e-9:
        raise ValueError("the radial modes are not independent")
    return np.asarray(row / length)


def packed(arrays: Iterable[Ints]) -> bytes:
    """Code arrays of whole numbers. Each array follows the table that suits it best."""
    each = list(arrays)
    tables = [_table_of(array) for array in each]
    follow = np.repeat(tables, [len(array) for array in each])
    return bytes(tables) + EntropyCode(distributions(_LAPLACE).tables).encode(np.concatenate(each), follow)


def unpacked(data: bytes, lengths: Sequence[int]) -> list[Ints]:
    """The arrays with these lengths that `packed` coded. Raises ValueError if the bytes are others."""
    tables = np.frombuffer(data[: len(lengths)], np.uint8)
    if len(tables) < len(lengths) or tables.max() >= COUNT:
        raise ValueError("the weights are too short, or damaged")
    code = EntropyCode(distributions(_LAPLACE).tables)
    numbers = code.decode(data[len(lengths) :], np.repeat(tables, lengths)).astype(np.int64)
    return np.split(numbers, np.cumsum(lengths)[:-1])


def _table_of(array: Ints) -> int:
    size = np.sqrt(np.mean(np.square(array, dtype=np.float64))) if len(array) else 0.0
    return int(np.abs(np.log2(sizes() / max(size, 1e-3))).argmin())


def packed_weights(weights: Iterable[Weights]) -> NDArray[np.uint8]:
    """The content of the array `CODE`: all variables' weights."""
    arrays = [array for each in weights for array in each.arrays()]
    return np.frombuffer(bytes([VERSION]) + packed(arrays), np.uint8)


def unpacked_weights(content: NDArray[np.uint8], arguments: HarmonicsArguments, shells: int) -> list[Weights]:
    """Read what `packed_weights` wrote. Raises ValueError if it does not fit."""
    if not len(content) or content[0] != VERSION:
        raise ValueError(f"they are of another version than {VERSION}: make the surrogate anew")
    bands, out = len(arguments.bands), []
    lengths: list[int] = []
    for spec in arguments.components:
        learned = [shells] * (sum(spec.modes) if spec.groups else 0)
        lengths += [spec.most_modes, arguments.degree + 1, spec.most_modes, (bands - 1) * spec.most_modes, *learned]
    arrays = iter(unpacked(content[1:].tobytes(), lengths))
    for spec in arguments.components:
        centre, of_degree, first, differences = (next(arrays) for _ in range(4))
        of_band = np.cumsum(np.concatenate([np.cumsum(first), differences]).reshape(bands, -1), axis=0)
        counts = spec.modes if spec.groups else ()
        modes = tuple(np.stack([next(arrays) for _ in range(count)]) for count in counts)
        out.append(Weights(centre, np.cumsum(of_degree), of_band, modes))
    return out


def code_of(arguments: HarmonicsArguments, weights: Iterable[Weights], radii_km: ArrayLike) -> Code[ScalarComponent]:
    """The code that arguments and weights describe, on shells at these radii. Raises ValueError."""
    components = {
        spec.variable: ScalarComponent.of(spec, each, arguments.bands, radii_km)
        for spec, each in zip(arguments.components, weights, strict=True)
    }
    of_shape = distributions(arguments.shape)
    return Code(arguments.degree, components, of_shape.tables, of_shape.inward)


def load_code(path: Path, arguments: HarmonicsArguments, radii_km: Sequence[float]) -> Code[ScalarComponent]:
    """Load the code from the file of a surrogate's weights. Raises DamagedSurrogate."""
    try:
        weights = unpacked_weights(load_file(path)[CODE], arguments, len(radii_km))
        return code_of(arguments, weights, radii_km)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise DamagedSurrogate(path, f"does not hold this surrogate's code ({error})") from error
