"""Bodies of the Open Inference Protocol: a JSON document that describes tensors, whose values stand in it or follow it.

Values that follow are those of the binary tensor data extension: little-endian, in C order, one tensor after another.
The header field `Inference-Header-Content-Length` then says where the document ends.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

JSON_LENGTH = "Inference-Header-Content-Length"
EXTENSION = "binary_tensor_data"
MODEL = "earthgan"
#: The name of the only output.
OUTPUT = "field"
#: The types of numbers that are read and written, as NumPy spells them.
NUMBERS = {"INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
TEXT = "BYTES"
_LARGEST_TENSOR = 2**31

Values = NDArray[Any] | list[str]


class Tensor(BaseModel):
    """A tensor of a body. Its values are in `data`, or follow the document if `binary_data_size` is a parameter."""

    model_config = ConfigDict(frozen=True)

    name: str
    shape: list[Annotated[int, Field(ge=0, le=_LARGEST_TENSOR)]] = Field(max_length=8)
    datatype: str
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None


def document_of(body: bytes, json_length: str | None) -> tuple[Any, memoryview]:
    """Split a body into its document and the bytes that follow it. Raises ValueError."""
    length = len(body)
    if json_length is not None:
        if not (json_length.isascii() and json_length.isdecimal() and int(json_length) <= len(body)):
            raise ValueError(f"{JSON_LENGTH} must be the length of the JSON document in bytes")
        length = int(json_length)
    try:
        return json.loads(body[:length]), memoryview(body)[length:]
    except (ValueError, RecursionError):
        raise ValueError("the body does not begin with a JSON document of that length") from None


def tensors_of(described: Iterable[Any], following: memoryview) -> dict[str, Values]:
    """Read the values of tensors by their names. Numbers have the tensor's shape. Raises ValueError."""
    found: dict[str, Values] = {}
    start = 0
    for each in described:
        try:
            tensor = Tensor.model_validate(each)
        except ValidationError as error:
            raise ValueError(f"a tensor cannot be read: {error.errors()[0]['msg']}") from None
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            found[tensor.name] = _from_json(tensor)
            continue
        if not isinstance(size, int) or not 0 <= size <= len(following) - start:
            raise ValueError(f"{tensor.name}: binary_data_size does not fit the body")
        found[tensor.name] = _from_bytes(tensor, following[start : start + size])
        start += size
    if start != len(following):
        raise ValueError("bytes follow the document that belong to no tensor")
    return found


def described(name: str, datatype: str, values: NDArray[Any] | Sequence[str], binary: bool) -> tuple[Any, bytes]:
    """Describe a tensor for a document, and return the bytes that have to follow it, if it is binary."""
    if datatype == TEXT:
        texts = [str(each) for each in values]
        return {"name": name, "shape": [len(texts)], "datatype": TEXT, "data": texts}, b""
    array = np.asarray(values).astype(NUMBERS[datatype])
    about: dict[str, Any] = {"name": name, "shape": list(array.shape), "datatype": datatype}
    if binary:
        raw = array.tobytes()
        return {**about, "parameters": {"binary_data_size": len(raw)}}, raw
    # JSON has no number for "no value"
    data = [value if math.isfinite(value) else None for value in array.ravel().tolist()]
    return {**about, "data": data}, b""


def body_of(document: Mapping[str, Any], following: bytes = b"") -> tuple[bytes, dict[str, str]]:
    """Write a body, and the header fields that say how to read it."""
    text = json.dumps(document, allow_nan=False, separators=(",", ":")).encode()
    if not following:
        return text, {"content-type": "application/json"}
    return text + following, {"content-type": "application/octet-stream", JSON_LENGTH: str(len(text))}


def _from_json(tensor: Tensor) -> Values:
    flat = _flat(tensor.data or [])
    if len(flat) != math.prod(tensor.shape):
        raise ValueError(f"{tensor.name}: the data do not fit the shape")
    if tensor.datatype == TEXT:
        if not all(isinstance(each, str) for each in flat):
            raise ValueError(f"{tensor.name}: the data must be texts")
        return [str(each) for each in flat]
    whole = tensor.datatype.startswith("INT")
    kinds = int if whole else (int, float)
    if not all(isinstance(each, kinds) and not isinstance(each, bool) for each in flat if whole or each is not None):
        raise ValueError(f"{tensor.name}: the data must be numbers of type {tensor.datatype}")
    try:
        numbers = np.array([np.nan if each is None else each for each in flat], _type(tensor))
    except OverflowError:
        raise ValueError(f"{tensor.name}: a number is too large for {tensor.datatype}") from None
    return numbers.reshape(tensor.shape)


def _from_bytes(tensor: Tensor, raw: memoryview) -> Values:
    if tensor.datatype == TEXT:
        return _texts(tensor, bytes(raw))
    kind = np.dtype(_type(tensor))
    if len(raw) != math.prod(tensor.shape) * kind.itemsize:
        raise ValueError(f"{tensor.name}: binary_data_size does not fit the shape")
    return np.frombuffer(raw, kind).reshape(tensor.shape)


def _texts(tensor: Tensor, raw: bytes) -> list[str]:
    """Texts, each after its length as a little-endian uint32."""
    found: list[str] = []
    start = 0
    while start < len(raw):
        end = start + 4 + int.from_bytes(raw[start : start + 4], "little")
        if end > len(raw):
            raise ValueError(f"{tensor.name}: a text is longer than the tensor")
        found.append(raw[start + 4 : end].decode())  # what cannot be decoded is a ValueError as well
        start = end
    if len(found) != math.prod(tensor.shape):
        raise ValueError(f"{tensor.name}: the texts do not fit the shape")
    return found


def _type(tensor: Tensor) -> str:
    if tensor.datatype not in NUMBERS:
        raise ValueError(f"{tensor.name}: the type must be one of {', '.join((*NUMBERS, TEXT))}")
    return NUMBERS[tensor.datatype]


def _flat(data: Any) -> list[Any]:
    """The numbers of nested lists in order, one level at a time."""
    flat = list(data)
    while any(isinstance(each, list) for each in flat):
        flat = [one for each in flat for one in (each if isinstance(each, list) else [each])]
    return flat
