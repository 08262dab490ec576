"""Time steps as coded coefficients: a few thousand bytes each, read without torch.

A number of the code is a coefficient of an orthonormal harmonic and an orthonormal radial mode, divided by the
component's `step` and rounded, so that an error of any of them weighs the same in the field. Which table it follows
depends on its degree and mode alone: given those, neighbouring coefficients tell nothing more (`docs/decisions.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from earthgan.entropy import EntropyCode, Tables
from earthgan.errors import DamagedSurrogate
from earthgan.spec import SpectralArguments

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Component:
    """How one field's coefficients are coded.

    `basis` `(degree, mode, node)`: the radial modes, at temperature's nodes or at velocity's knots. `centre` `(mode,)`:
    what is added to degree 0, for the mean profile is always there. `tables` `(degree, mode)`: which table a
    coefficient follows, from 1 on; 0 is never stored.
    """

    basis: NDArray[np.float64]
    centre: NDArray[np.float64]
    tables: NDArray[np.uint8]
    step: float


class Code:
    """The code of a surrogate: tables shared by its components, and each component's modes.

    `inward` `(table, 2)`: how much nearer to zero, in steps, than the middle of its interval a coefficient is expected
    that was rounded to one step, or to more.
    """

    def __init__(self, degree: int, components: Mapping[str, Component], tables: Tables, inward: Array) -> None:
        self.degree, self.components = degree, dict(components)
        self._entropy, self._inward = EntropyCode(tables), inward

    @classmethod
    def load(cls, path: Path, arguments: SpectralArguments) -> Code:
        """The code in a surrogate's weights. Raises DamagedSurrogate."""
        try:
            arrays = load_file(path)
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

    @cached_property
    def _places(self) -> dict[str, tuple[NDArray[np.intp], NDArray[np.uint8]]]:
        """Of each component the coded coefficients' flat indices into `(degree, order, part, mode)`, and tables."""
        degrees = self.degree + 1
        degree, order, part = np.ogrid[:degrees, :degrees, :2]
        exists = (order <= degree) & ((order > 0) | (part == 0))
        out = {}
        for name, component in self.components.items():
            tables = np.where(exists[..., None], component.tables[:, None, None, :], 0)
            flat = tables.reshape(-1)
            index = np.flatnonzero(flat)
            out[name] = index, flat[index] - 1
        return out

    def _weight(self, index: NDArray[np.intp], modes: int) -> NDArray[np.float64]:
        """Coefficients of order m > 0 stand for two, of m and of -m."""
        order = index // (2 * modes) % (self.degree + 1)
        return np.where(order > 0, np.sqrt(2.0), 1.0)

    def encode(self, coefficients: Mapping[str, NDArray[np.floating]], deadzone: float = 0.37) -> bytes:
        """The bytes of each component's coefficients `(degree, order, part, mode)`.

        Magnitudes are rounded down but for the last `deadzone` of a step: a zero costs next to nothing. Raises
        ValueError where a coefficient is too large for the code.
        """
        numbers: list[int] = []
        follow: list[int] = []
        for name, component in self.components.items():
            index, tables = self._places[name]
            modes = component.basis.shape[1]
            values = coefficients[name].astype(np.float64)
            values[0, 0, 0] -= component.centre
            scaled = values.reshape(-1)[index] * self._weight(index, modes) / component.step
            numbers += (np.sign(scaled) * np.floor(np.abs(scaled) + deadzone)).astype(int).tolist()
            follow += tables.tolist()
        return self._entropy.encode(numbers, follow)

    @cached_property
    def _follow(self) -> NDArray[np.uint8]:
        """The tables of all numbers of a step."""
        return np.concatenate([tables for _, tables in self._places.values()])

    def decode(self, data: bytes) -> NDArray[np.int32]:
        """The numbers of `encode`, few enough to keep many steps of. Raises ValueError where the bytes end too soon."""
        return self._entropy.decode(data, self._follow.tolist())

    def values(self, numbers: NDArray[np.int32]) -> Array:
        """The coefficients `(number,)` that the numbers of a step stand for."""
        magnitude = np.abs(numbers)
        inward = self._inward[self._follow, np.minimum(magnitude, 2) - 1]
        values: Array = np.sign(numbers) * (magnitude - np.where(magnitude > 0, inward, 0)) * self._units
        return values.astype(np.float32)

    @cached_property
    def _units(self) -> NDArray[np.float64]:
        """What 1 stands for, of all numbers of a step."""
        parts = zip(self._places.values(), self.components.values(), strict=True)
        return np.concatenate([c.step / self._weight(index, c.basis.shape[1]) for (index, _), c in parts])

    def coefficients(self, values: Array) -> Array:
        """Coefficients `(degree, order, part, mode)` of `values`, the modes of all components one after another."""
        blocks, first = [], 0
        for (index, _), component in zip(self._places.values(), self.components.values(), strict=True):
            block = np.zeros((self.degree + 1, self.degree + 1, 2, component.basis.shape[1]), np.float32)
            block.reshape(-1)[index] = values[first : first + len(index)]
            block[0, 0, 0] += component.centre
            blocks.append(block)
            first += len(index)
        return np.concatenate(blocks, axis=-1)

    def added(self, values: Array, to_temperature: Array) -> Array:
        """`values` with coefficients `(degree, order, part, mode)` added to temperature's, where it has any coded."""
        index, _ = self._places["temperature"]
        values = values.copy()
        values[: len(index)] += to_temperature.reshape(-1)[index]
        return values
