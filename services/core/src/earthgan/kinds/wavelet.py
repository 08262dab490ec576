"""The `wavelet` kind. It codes the field itself, on the source's own grid, and serves the cells that it decodes.

A time step is coded in boxes: each variable's shells are divided into runs of neighbours, and each run is coded on its
own (`earthgan.kinds.wavelet_code`). So one shell can be decoded without all others.

The bytes of a time step are: a CRC-16 of all that follows (2 bytes); the version; the number of boxes of each variable
(a byte); the number of bytes of each box but the last (varints), variable by variable and then from the core outwards;
and the boxes in this order.
"""

from __future__ import annotations

import binascii
import hashlib
import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.kept_inputs import KeptInputs
from earthgan.kinds.registry import Feeds, Kind, KindArguments, StepInputs, register
from earthgan.kinds.wavelet_code import decode_box
from earthgan.kinds.wavelet_entropy import read_varints, write_varints
from earthgan.records import Frozen, VariableSpec
from earthgan.sphere.grid import ShellGrid, Window

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

Array = NDArray[np.float32]

#: A box has at most about this many cells, unless a single shell has more.
BOX_CELLS = 4 << 20
#: The shells, rows and columns of a preview, and the number of boxes of each variable that it decodes.
LOOK, LOOK_BOXES = (30, 45, 90), 2

_CRC_BYTES, _CRC_START, _VERSION = 2, 0xFFFF, 2
_HEAD_BYTES = _CRC_BYTES + 2
#: A time step in memory begins with this many bytes of its SHA-256, which name it.
_DIGEST_BYTES = 8


class VariableCoding(Frozen):
    """How one variable is coded in every time step.

    `step` is the quantisation step and `max_error` the tolerance, both in the variable's unit. Without a tolerance, no
    cell is corrected. `order` and `levels` say how the transform splits, `across` whether neighbouring shells resemble
    each other, and `refined` whether a network adds what the rounding may have lost (`earthgan.kinds.wavelet_code`).
    """

    step: float = Field(gt=0)
    max_error: float | None = Field(default=None, ge=0)
    order: int = Field(ge=0, le=2)
    levels: tuple[int, int, int]
    across: bool = True
    refined: bool = False


class WaveletArguments(KindArguments):
    """How the variables are coded, in their order. Only the encoder of later time steps needs this."""

    preset: Literal["wavelet"] = "wavelet"
    coding: tuple[VariableCoding, ...] = Field(min_length=1)


class WaveletInputsSpec(StepInputs):
    """The conditional inputs are coded fields (`earthgan.kinds.wavelet`)."""

    boxes: Literal[True] = True


def runs_of_shells(shape: tuple[int, int, int], boxes: int | None = None) -> list[range]:
    """The runs of shells that are coded together: as few as possible, or a given number, of about equal lengths."""
    count = min(shape[0], math.ceil(math.prod(shape) / BOX_CELLS)) if boxes is None else boxes
    edges = [shape[0] * i // count for i in range(count + 1)]
    return [range(a, b) for a, b in pairwise(edges)]


def step_bytes(boxes: Sequence[Sequence[bytes]]) -> bytes:
    """The bytes of a time step, from the coded boxes of each variable."""
    flat = [box for each in boxes for box in each]
    content = b"".join([bytes([_VERSION, len(boxes[0])]), write_varints(len(box) for box in flat[:-1]), *flat])
    return _crc(content) + content


def _crc(content: bytes) -> bytes:
    return binascii.crc_hqx(content, _CRC_START).to_bytes(_CRC_BYTES, "little")


class WaveletInputs(KeptInputs[tuple[bytes, int, int], Array]):
    """Conditional inputs that are the bytes of coded fields. A box is decoded when a window needs it, and kept."""

    def __init__(self, variables: int, grid: ShellGrid) -> None:
        super().__init__(lambda field: field.nbytes)
        self._variables, self._grid = variables, grid

    def read(self, path: Path) -> Array:
        """The bytes of a time step after a digest of them, and after a check that they are whole."""
        try:
            data = path.read_bytes()
            self._boxes(data)
            if _crc(data[_CRC_BYTES:]) != data[:_CRC_BYTES]:
                raise ValueError("the coded step is damaged")
        except (OSError, ValueError) as error:
            raise DamagedSurrogate(path, str(error)) from error
        content: NDArray[Any] = np.frombuffer(hashlib.sha256(data).digest()[:_DIGEST_BYTES] + data, np.uint8)
        return content

    def has(self, path: Path) -> bool:
        """True, because boxes are decoded later, when a window needs them."""
        return True

    def read_ahead(self, path: Path) -> bool:
        """Decode a whole time step, if that fits into the memory."""
        cells = self._variables * math.prod(self._grid.shape)
        if cells * np.dtype(np.float32).itemsize > self._decoded.max_bytes:
            return True
        data = self.read(path)
        dropped = False
        for variable, boxes in enumerate(self._boxes(_stored(data))):
            for box in range(len(boxes)):
                key = data[:_DIGEST_BYTES].tobytes(), variable, box
                if self._decoded.get(key) is None:
                    dropped |= self._decoded.set(key, self._box(data, variable, box))
        return dropped

    def cut(self, conditional_input: Array, window: Window) -> Array:
        return self.field(conditional_input, window, range(self._variables))[None]

    def field(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        """The decoded cells `(variable, shell, row, column)` in a window. Raises DamagedSurrogate."""
        columns = np.arange(window.columns.start, window.columns.stop) % self._grid.shape[2]
        rows = slice(window.rows.start, window.rows.stop)
        out = np.empty((len(variables), *window.shape), np.float32)
        runs = runs_of_shells(self._grid.shape, _box_count(conditional_input))
        for box, run in enumerate(runs):
            first, last = max(run.start, window.shells.start), min(run.stop, window.shells.stop)
            if first < last:
                for each, variable in zip(out, variables, strict=True):
                    shells = self._box(conditional_input, variable, box)[first - run.start : last - run.start, rows]
                    each[first - window.shells.start : last - window.shells.start] = shells[..., columns]
        return out

    def look(self, conditional_input: Array) -> tuple[ShellGrid, Array]:
        """Every so many cells along each axis. Of many boxes, only the first and the last are looked at."""
        boxes = runs_of_shells(self._grid.shape, _box_count(conditional_input))
        every = max(1, -(-(len(boxes) - 1) // (LOOK_BOXES - 1)))
        shells = [r for run in boxes[::every] for r in run]
        kept = [shells, range(self._grid.shape[1]), range(self._grid.shape[2])]
        shells, rows, columns = ([*axis[:: -(-len(axis) // most)]] for axis, most in zip(kept, LOOK, strict=True))
        grid = ShellGrid(
            radii_km=tuple(self._grid.radii_km[i] for i in shells),
            latitudes_deg=tuple(self._grid.latitudes_deg[i] for i in rows),
            longitudes_deg=tuple(self._grid.longitudes_deg[i] for i in columns),
        )
        whole = self._grid.whole
        fields = [
            self.field(conditional_input, Window(range(r, r + 1), *whole.axes[1:]), range(self._variables))[
                :, :, np.array(rows)[:, None], np.array(columns)
            ]
            for r in shells
        ]
        return grid, np.concatenate(fields, axis=1)

    def _box(self, conditional_input: Array, variable: int, box: int) -> Array:
        key = conditional_input[:_DIGEST_BYTES].tobytes(), variable, box
        return self._decoded.get_or(key, lambda: self._decode(_stored(conditional_input), variable, box))

    def _decode(self, data: bytes, variable: int, box: int) -> Array:
        boxes = self._boxes(data)[variable]
        run = runs_of_shells(self._grid.shape, len(boxes))[box]
        try:
            return decode_box(data[boxes[box]], (len(run), *self._grid.shape[1:]))
        except ValueError as error:
            raise DamagedSurrogate(Path("inputs"), f"a coded field is damaged: {error}") from error

    def _boxes(self, data: bytes) -> list[list[slice]]:
        """The place of each box by variable. Raises ValueError."""
        if len(data) < _HEAD_BYTES:
            raise ValueError("is not a coded field")
        version, boxes = data[_CRC_BYTES:_HEAD_BYTES]
        if version != _VERSION:
            raise ValueError(f"is a coded field of version {version}, not {_VERSION}: make the surrogate anew")
        if not 1 <= boxes <= self._grid.shape[0]:
            raise ValueError("is a coded field of other variables or shells")
        lengths, used = read_varints(data[_HEAD_BYTES:], self._variables * boxes - 1)
        edges = list(accumulate([_HEAD_BYTES + used, *lengths]))
        if edges[-1] > len(data):
            raise ValueError("is a coded field that is not whole")
        places = [slice(a, b) for a, b in pairwise([*edges, len(data)])]
        return [places[i : i + boxes] for i in range(0, len(places), boxes)]


def _stored(conditional_input: Array) -> bytes:
    """The bytes of a time step as they are stored, without the digest."""
    return conditional_input[_DIGEST_BYTES:].tobytes()


def _box_count(conditional_input: Array) -> int:
    return int(conditional_input[_DIGEST_BYTES + _HEAD_BYTES - 1])


class WaveletPlanner:
    """Plans windows. The generator needs nothing but the decoded cells."""

    def feeds(self, window: Window, seed: int | None) -> Feeds:
        return {}

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The multiplications by which a window's cells are decoded: six for each axis."""
        return 18 * variables * math.prod(window.shape)


@register
class WaveletKind(Kind):
    """Surrogates whose conditional inputs are the coded fields themselves."""

    name = "wavelet"
    Arguments = WaveletArguments
    StepInputs = WaveletInputsSpec
    evaluates = True
    exact = True
    has_parameters = False

    def __init__(self, inputs: WaveletInputs, arguments: WaveletArguments) -> None:
        super().__init__(WaveletPlanner(), inputs)
        self._inputs, self._arguments = inputs, arguments

    @classmethod
    def open(
        cls,
        arguments: WaveletArguments,
        inputs: WaveletInputsSpec,
        variables: Sequence[VariableSpec],
        grid: ShellGrid,
        weights: Path,
    ) -> WaveletKind:
        return cls(WaveletInputs(len(variables), grid), arguments)

    @classmethod
    def torch_module(cls, arguments: WaveletArguments, variables: int) -> Module:
        from earthgan.kinds.networks import Unchanged

        return Unchanged()

    @classmethod
    def onnx_graph(cls, arguments: WaveletArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import unchanged_graph

        return unchanged_graph(variables)

    @classmethod
    def check(cls, arguments: WaveletArguments, inputs: WaveletInputsSpec, variables: Sequence[VariableSpec]) -> None:
        if len(arguments.coding) != len(variables):
            raise ValueError("the variables need one coding each")

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        return self._inputs.field(conditional_input, window, variables)

    def facts(self) -> dict[str, Any]:
        stated = [coding.max_error for coding in self._arguments.coding]
        return {} if None in stated else {"max_error": stated}
