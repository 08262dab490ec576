"""Time steps as coded coefficients: a few thousand bytes each, read without torch.

A number of the code is a coefficient of an orthonormal harmonic and an orthonormal radial mode, divided by the
component's `step` and rounded, so that an error of any of them weighs the same in the field. Which table it follows
depends on its degree and mode, and on the loudness of the time step, one number: given those, neighbouring coefficients
tell nothing more (`docs/decisions.md`).
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.entropy import EntropyCode, Tables
from earthgan.kinds.spectral_arguments import SpectralArguments

Array = NDArray[np.float32]

#: How steps are coded. Weights say by which version theirs are.
VERSION = 2
_CRC_BYTES, _CRC_START = 2, 0xFFFF


@dataclass(frozen=True)
class Component:
    """How one field's coefficients are coded.

    `basis` `(degree, mode, node)`: the radial modes, at temperature's nodes or at velocity's knots. `centre` `(mode,)`:
    what is added to degree 0, for the mean profile is always there. `tables` `(degree, mode)`: which table a
    coefficient follows in a step of loudness 0, from 1 on, and as many further as a step is louder; where that is below
    1, it is not stored.
    """

    basis: NDArray[np.float64]
    centre: NDArray[np.float64]
    tables: NDArray[np.int8]
    step: float


@dataclass(frozen=True)
class CodedStep:
    """A time step as it was coded: its loudness, by how many tables its coefficients are larger than usual, and the
    `values` `(number,)` of those that it stores.
    """

    loudness: int
    values: Array


@dataclass(frozen=True)
class _Layout:
    """What steps of one loudness store: of each component flat indices into `(degree, order, part, mode)`, by table and
    then ascending; of all of them one after another their tables, from 0 on, and what 1 stands for.
    """

    index: dict[str, NDArray[np.intp]]
    tables: NDArray[np.intp]
    units: NDArray[np.float64]


class Code:
    """The code of a surrogate: tables shared by its components, and each component's modes.

    `inward` `(table, 2)`: how much nearer to zero, in steps, than the middle of its interval a coefficient is expected
    that was rounded to one step, or to more.
    """

    def __init__(self, degree: int, components: Mapping[str, Component], tables: Tables, inward: Array) -> None:
        self.degree, self.components = degree, dict(components)
        self._entropy, self._inward = EntropyCode(tables), inward
        self._layout = lru_cache(maxsize=8)(self._layout_of)

    @classmethod
    def load(cls, path: Path, arguments: SpectralArguments) -> Code:
        """The code in a surrogate's weights. Raises DamagedSurrogate."""
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
                    raise ValueError("the modes have another shape than spec.json says")
                components[name] = Component(basis, numbers[1], numbers[0], component.step)
            return cls(arguments.degree, components, tables, arrays["inward"])
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise DamagedSurrogate(path, f"does not hold this surrogate's code ({error})") from error

    def _layout_of(self, loudness: int) -> _Layout:
        degrees = self.degree + 1
        degree, order, part = np.ogrid[:degrees, :degrees, :2]
        exists = (order <= degree) & ((order > 0) | (part == 0))
        index, follow, units = {}, [], []
        for name, component in self.components.items():
            tables = np.clip(component.tables.astype(int) + loudness, 0, len(self._inward))
            flat = np.where(exists[..., None], tables[:, None, None, :], 0).reshape(-1)
            coded = np.flatnonzero(flat)
            # One table after another: whoever decodes then has only one at hand at a time.
            index[name] = coded[np.argsort(flat[coded].astype(np.uint8), kind="stable")]
            follow.append(flat[index[name]] - 1)
            orders = index[name] // (2 * component.basis.shape[1]) % degrees
            # Coefficients of order m > 0 stand for two, of m and of -m.
            units.append(component.step / np.where(orders > 0, np.sqrt(2.0), 1.0))
        return _Layout(index, np.concatenate(follow), np.concatenate(units))

    def encode(self, coefficients: Mapping[str, NDArray[np.floating]], loudness: int, deadzone: float = 0.37) -> bytes:
        """The bytes of each component's coefficients `(degree, order, part, mode)`.

        Magnitudes are rounded down but for the last `deadzone` of a step: a zero costs next to nothing. Raises
        ValueError where a coefficient is too large for the code.
        """
        layout = self._layout(loudness)
        values = []
        for name, component in self.components.items():
            each = coefficients[name].astype(np.float64)
            each[0, 0, 0] -= component.centre
            values.append(each.reshape(-1)[layout.index[name]])
        scaled = np.concatenate(values) / layout.units
        numbers = (np.sign(scaled) * np.floor(np.abs(scaled) + deadzone)).astype(np.int64)
        return _checked(loudness.to_bytes(1, "little", signed=True) + self._entropy.encode(numbers, layout.tables))

    def decode(self, data: bytes) -> CodedStep:
        """The step of `encode`. Raises ValueError where the bytes are not as they were written."""
        data = _unchecked(data)
        loudness = int.from_bytes(data[:1], "little", signed=True)
        layout = self._layout(loudness)
        numbers = self._entropy.decode(data[1:], layout.tables)
        values = np.zeros(len(numbers), np.float32)
        stored = np.flatnonzero(numbers)  # a quarter of them
        signed = numbers[stored]
        magnitude = np.abs(signed)
        inward = self._inward[layout.tables[stored], np.minimum(magnitude, 2) - 1]
        values[stored] = np.sign(signed) * (magnitude - inward) * layout.units[stored]
        return CodedStep(loudness, values)

    def coefficients(self, step: CodedStep) -> Array:
        """Coefficients `(degree, order, part, mode)`, the modes of all components one after another."""
        layout, blocks, first = self._layout(step.loudness), [], 0
        for name, component in self.components.items():
            block = np.zeros((self.degree + 1, self.degree + 1, 2, component.basis.shape[1]), np.float32)
            index = layout.index[name]
            block.reshape(-1)[index] = step.values[first : first + len(index)]
            block[0, 0, 0] += component.centre
            blocks.append(block)
            first += len(index)
        return np.concatenate(blocks, axis=-1)

    def added(self, step: CodedStep, to_temperature: Array) -> CodedStep:
        """The step with coefficients `(degree, order, part, mode)` added to temperature's, where it has any coded."""
        index = self._layout(step.loudness).index["temperature"]
        values = step.values.copy()
        values[: len(index)] += to_temperature.reshape(-1)[index]
        return CodedStep(step.loudness, values)


def _checked(content: bytes) -> bytes:
    """The content behind its CRC, so that no other bytes pass for a step's."""
    return binascii.crc_hqx(content, _CRC_START).to_bytes(_CRC_BYTES, "little") + content


def _unchecked(data: bytes) -> bytes:
    content = data[_CRC_BYTES:]
    if not content or _checked(content) != data:
        raise ValueError("the coded step is damaged")
    return content
