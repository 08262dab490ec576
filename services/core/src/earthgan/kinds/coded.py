"""The code of time steps. A time step is stored as coded coefficients, which take a few thousand bytes and are read
without torch.

The code stores each coefficient of an orthonormal harmonic and an orthonormal radial mode as a whole number: the
coefficient is divided by the component's `step` and rounded. An error of any coefficient therefore has the same effect
on the field. The entropy code has tables of frequencies. The degree and the mode of a coefficient, and the *loudness*
of the time step, which is one number, decide which table a coefficient follows. Given these, neighbouring coefficients
carry no more information about it (`docs/decisions.md`).
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.entropy import EntropyCode, Tables
from earthgan.kinds.spectral_arguments import SpectralArguments, tables_name

Array = NDArray[np.float32]

#: The version of the code. A surrogate's weights state the version by which its time steps are coded.
VERSION = 2
_CRC_BYTES, _CRC_START = 2, 0xFFFF


class Coding(Protocol):
    """How one field's coefficients are coded: the part of a `Component` that does not depend on its radial modes."""

    @property
    def centre(self) -> NDArray[np.float64]: ...

    @property
    def tables(self) -> NDArray[np.int8]: ...

    @property
    def step(self) -> float: ...


C = TypeVar("C", bound=Coding)


@dataclass(frozen=True)
class Component:
    """The parameters by which one field's coefficients are coded.

    `basis` `(degree, mode, node)` holds the radial modes at the nodes of temperature or at the knots of velocity.
    `centre` `(mode,)` is the mean profile, which is added to degree 0. `tables` `(degree, mode)` holds the number of
    the table, counted from 1, that a coefficient follows in a time step of loudness 0. The loudness of a time step is
    added to this number. If the sum is below 1, the coefficient is not stored. `step` is the size of a rounding step.
    `predicted` holds the tables of steps that are predicted, if there are any.
    """

    basis: NDArray[np.float64]
    centre: NDArray[np.float64]
    tables: NDArray[np.int8]
    step: float
    predicted: NDArray[np.int8] | None = None


@dataclass(frozen=True)
class CodedStep:
    """A decoded time step.

    `loudness` says by how many tables its coefficients are larger than usual. `values` `(number,)` holds the
    coefficients that the time step stores. If the time step is `predicted`, these are differences from the prediction.
    """

    loudness: int
    values: Array
    predicted: bool = False


@dataclass(frozen=True)
class _Layout:
    """The coefficients that time steps of one loudness store.

    `index` holds, for each component, flat indices into `(degree, order, part, mode)`, sorted by table and then
    ascending. `tables` and `units` `(number,)` hold one entry for each stored coefficient of all components: its table,
    counted from 0, and the value of the whole number 1.
    """

    index: dict[str, NDArray[np.intp]]
    tables: NDArray[np.intp]
    units: NDArray[np.float64]


class Code(Generic[C]):
    """The code of a surrogate: tables that its components share, and each component's modes.

    A rounded coefficient is expected nearer to zero than the middle of its interval. `inward` `(table, 2)` says how
    much nearer, in steps: first for coefficients that were rounded to one step, then for those of more steps. The
    rounding steps of predicted time steps are `coarseness` times as large.
    """

    def __init__(
        self, degree: int, components: Mapping[str, C], tables: Tables, inward: Array, coarseness: float = 1.0
    ) -> None:
        self.degree, self.components = degree, dict(components)
        self._tables, self._entropy, self._inward = tables, EntropyCode(tables), inward
        # A cache of a method would refer to the code that holds it. Codes are large, so they must go when they are
        # dropped, and not wait for the garbage collector.
        self._layout = lru_cache(maxsize=8)(partial(_layout_of, degree, self.components, len(inward), coarseness))

    @classmethod
    def load(cls, path: Path, arguments: SpectralArguments) -> Code[Component]:
        """Load the code from the file of a surrogate's weights. Raises DamagedSurrogate."""
        try:
            arrays = load_file(path)
            version = arrays["version"].tolist() if "version" in arrays else [1]
            if version != [VERSION]:
                raise ValueError(
                    f"its steps are coded by version {version[0]}, not {VERSION}: run `earthgan spectral` anew"
                )
            tables = Tables(arrays["frequencies"], arrays["shifts"])
            components: dict[str, Component] = {}
            for component in arguments.components:
                name, last = component.field, [*arguments.bands[1:], arguments.degree + 1]
                widths = np.subtract(last, arguments.bands)
                modes = arrays[f"{name}.modes"] * arrays[f"{name}.scales"].astype(np.float64)[..., None]
                basis = np.repeat(modes, widths, axis=0)
                numbers = arrays[f"{name}.tables"], arrays[f"{name}.centre"].astype(np.float64)
                nodes = arguments.nodes if name == "temperature" else arguments.stored.knots
                if basis.shape[::2] != (arguments.degree + 1, nodes) or numbers[0].shape != basis.shape[:2]:
                    raise ValueError("the modes do not have the shape that spec.json states")
                predicted = arrays[tables_name(name)] if arguments.prediction else None
                if predicted is not None and predicted.shape != basis.shape[:2]:
                    raise ValueError("the tables of predicted steps do not have the shape that spec.json states")
                components[name] = Component(basis, numbers[1], numbers[0], component.step, predicted)
            coarseness = arguments.prediction.coarseness if arguments.prediction else 1.0
            return Code(arguments.degree, components, tables, arrays["inward"], coarseness)
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise DamagedSurrogate(path, f"does not hold this surrogate's code ({error})") from error

    def with_components(self, components: Mapping[str, C], coarseness: float) -> Code[C]:
        """The code with the same tables for other components."""
        return Code(self.degree, components, self._tables, self._inward, coarseness)

    def encode(
        self,
        coefficients: Mapping[str, NDArray[np.floating]],
        loudness: int,
        deadzone: float = 0.37,
        predicted: bool = False,
    ) -> bytes:
        """Encode each component's coefficients `(degree, order, part, mode)` as the bytes of one time step. If the time
        step is `predicted`, these are differences from the prediction.

        A magnitude is rounded up only if it lies in the last `deadzone` of a step, and down otherwise, because a zero
        costs next to nothing. Raises ValueError if a coefficient is too large for the code.
        """
        layout = self._layout(loudness, predicted)
        values = []
        for name, component in self.components.items():
            each = coefficients[name].astype(np.float64)
            if not predicted:
                each[0, 0, 0] -= component.centre
            values.append(each.reshape(-1)[layout.index[name]])
        scaled = np.concatenate(values) / layout.units
        numbers = (np.sign(scaled) * np.floor(np.abs(scaled) + deadzone)).astype(np.int64)
        return _checked(loudness.to_bytes(1, "little", signed=True) + self._entropy.encode(numbers, layout.tables))

    def decode(self, data: bytes, predicted: bool = False) -> CodedStep:
        """Decode the bytes that `encode` wrote. Raises ValueError if the bytes have changed."""
        data = _unchecked(data)
        loudness = int.from_bytes(data[:1], "little", signed=True)
        layout = self._layout(loudness, predicted)
        numbers = self._entropy.decode(data[1:], layout.tables)
        values = np.zeros(len(numbers), np.float32)
        stored = np.flatnonzero(numbers)  # a quarter of the numbers are not zero
        signed = numbers[stored]
        magnitude = np.abs(signed)
        inward = self._inward[layout.tables[stored], np.minimum(magnitude, 2) - 1]
        values[stored] = np.sign(signed) * (magnitude - inward) * layout.units[stored]
        return CodedStep(loudness, values, predicted)

    def coefficients(self, step: CodedStep) -> Array:
        """The coefficients `(degree, order, part, mode)`. The modes of all components follow one another. Those of a
        predicted time step are differences.
        """
        layout, blocks, first = self._layout(step.loudness, step.predicted), [], 0
        for name, component in self.components.items():
            block = np.zeros((self.degree + 1, self.degree + 1, 2, component.tables.shape[1]), np.float32)
            index = layout.index[name]
            block.reshape(-1)[index] = step.values[first : first + len(index)]
            if not step.predicted:
                block[0, 0, 0] += component.centre
            blocks.append(block)
            first += len(index)
        return np.concatenate(blocks, axis=-1)

    def added(self, step: CodedStep, to_temperature: Array) -> CodedStep:
        """The time step after `to_temperature` `(degree, order, part, mode)` is added to temperature's coefficients.

        Only coefficients that the time step stores are changed.
        """
        index = self._layout(step.loudness, step.predicted).index["temperature"]
        values = step.values.copy()
        values[: len(index)] += to_temperature.reshape(-1)[index]
        return CodedStep(step.loudness, values, step.predicted)


def _layout_of(
    degree: int, components: Mapping[str, Coding], tables: int, coarseness: float, loudness: int, predicted: bool
) -> _Layout:
    """The layout of a loudness, in a code with this number of tables."""
    degrees = degree + 1
    of_degree, order, part = np.ogrid[:degrees, :degrees, :2]
    exists = (order <= of_degree) & ((order > 0) | (part == 0))
    index, follow, units = {}, [], []
    for name, component in components.items():
        usual = _predicted_tables(component) if predicted else component.tables
        louder = np.clip(usual.astype(int) + loudness, 0, tables).astype(np.uint8)
        flat = np.where(exists[..., None], louder[:, None, None, :], np.uint8(0)).reshape(-1)
        coded = np.flatnonzero(flat)
        # Sorted by table, so that a decoder uses only one table at a time.
        index[name] = coded[np.argsort(flat[coded], kind="stable")]
        follow.append(flat[index[name]].astype(np.intp) - 1)
        orders = index[name] // (2 * component.tables.shape[1]) % degrees
        # A coefficient of order m > 0 stands for two, those of m and of -m.
        step = component.step * (coarseness if predicted else 1.0)
        units.append(step / np.where(orders > 0, np.sqrt(2.0), 1.0))
    return _Layout(index, np.concatenate(follow), np.concatenate(units))


def _predicted_tables(component: Coding) -> NDArray[np.int8]:
    tables: NDArray[np.int8] | None = getattr(component, "predicted", None)
    if tables is None:
        raise ValueError("the step is predicted, but the surrogate does not say how")
    return tables


def _checked(content: bytes) -> bytes:
    """The content after its CRC, which makes other bytes recognisable as damaged."""
    return binascii.crc_hqx(content, _CRC_START).to_bytes(_CRC_BYTES, "little") + content


def _unchecked(data: bytes) -> bytes:
    content = data[_CRC_BYTES:]
    if not content or _checked(content) != data:
        raise ValueError("the coded step is damaged")
    return content
