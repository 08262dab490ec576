"""The protocol between the gateway and the model server: a small request in JSON, and a compact binary answer.

An answer holds, one after another: the bytes `EGA1`, the header's length as a little-endian uint32, the header as JSON
(`shape`, `dtype`, `digest`), and the array, little-endian in C order. The array is normalised, because a velocity of
1e-10 m/s would be zero in float16.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from earthgan.errors import EngineAnswerInvalid
from earthgan.records import Frozen, Seed, Sha256

MAGIC = b"EGA1"
_PREFIX = struct.Struct("<4sI")
_LONGEST_HEADER = 4096

#: No side of an array is longer. The grids of surrogates are far smaller.
_LONGEST_SIDE = 2**20

WireType = Literal["float16", "float32"]
Index = Annotated[int, Field(ge=0, strict=True)]
Offset = Annotated[int, Field(strict=True)]


class ShellRequest(Frozen):
    """A request for radial shells of some variables at a time step. Without a seed, the surrogate's own seed is used.

    `rows` and `columns` are half-open ranges. If they are given, only that part of each shell is requested. `columns`
    may run over the date line.
    """

    variables: tuple[str, ...] = Field(min_length=1)
    t: Index
    shells: tuple[Index, ...] = Field(min_length=1)
    seed: Seed | None = None
    dtype: WireType = "float16"
    rows: tuple[Index, Index] | None = None
    columns: tuple[Offset, Offset] | None = None


class _Header(Frozen):
    shape: tuple[Annotated[int, Field(ge=0, le=_LONGEST_SIDE, strict=True)], ...] = Field(max_length=8)
    dtype: WireType
    digest: Sha256


def encode(array: NDArray[np.float32], dtype: WireType, digest: str) -> bytes:
    """Encode `array` as an answer with numbers of type `dtype`. `digest` is that of the surrogate."""
    header = _Header(shape=array.shape, dtype=dtype, digest=digest).model_dump_json().encode()
    return _PREFIX.pack(MAGIC, len(header)) + header + array.astype(np.dtype(dtype).newbyteorder("<")).tobytes()


def decode(answer: bytes) -> tuple[NDArray[np.float32], str]:
    """Decode an answer to its array, as float32, and the surrogate's digest. Raises EngineAnswerInvalid."""
    try:
        magic, length = _PREFIX.unpack_from(answer)
        if magic != MAGIC or length > _LONGEST_HEADER:
            raise ValueError("not an EarthGAN answer")
        start = _PREFIX.size + length
        header = _Header.model_validate(json.loads(answer[_PREFIX.size : start]))
        dtype = np.dtype(header.dtype).newbyteorder("<")
        if len(answer) - start != math.prod(header.shape) * dtype.itemsize:
            raise ValueError("the length does not fit the shape")
    except (struct.error, ValueError, ValidationError, RecursionError) as error:
        raise EngineAnswerInvalid("the model server's answer cannot be read") from error
    array = np.frombuffer(answer, dtype=dtype, offset=start).reshape(header.shape)
    return array.astype(np.float32), header.digest


def longest_answer(request: ShellRequest, part: tuple[int, int]) -> int:
    """The size in bytes that no answer to a request exceeds. `part` is the shape of each shell's part."""
    numbers = len(request.variables) * len(request.shells) * math.prod(part)
    return _PREFIX.size + _LONGEST_HEADER + numbers * np.dtype(request.dtype).itemsize
