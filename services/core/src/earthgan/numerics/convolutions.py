"""A small network of 3 x 3 convolutions in ONNX Runtime. Needs the `onnx` extra.

The ONNX model is made from the weights when it is needed, so no second file has to be kept equal to them. This module
encodes the few messages of the model itself, because the package `onnx` is not installed for serving. The field numbers
come from https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Their encoding is described at
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from earthgan.numerics.runtime import session

Array = NDArray[np.float32]

_IR_VERSION, _OPSET = 8, 17
_FLOAT_TYPE, _FLOAT_ATTRIBUTE, _INTEGERS_ATTRIBUTE = 1, 1, 7
_Field = tuple[int, int | float | str | bytes]  # the field's number, and its value or an encoded message


def residual_network(
    weights: Sequence[Array], biases: Sequence[Array], slope: float, dilations: Sequence[int]
) -> Callable[[Array], Array]:
    """A function that takes `(channel, row, column)` and returns `(row, column)`. Each layer cuts as many rows and
    columns off each side as its dilation says.

    Layers have `weights` `(channel out, channel in, 3, 3)` and `biases` `(channel out,)`. Layers between the first and
    the last pass their output through a leaky ReLU and add it to their input. The network runs on one thread.
    """
    run = session(residual_model(weights, biases, slope, dilations), threads=1).run
    edge = sum(dilations)

    def network(x: Array) -> Array:
        (found,) = run(None, {"x": np.ascontiguousarray(x[None])})
        return np.asarray(found[0, 0, edge:-edge, edge:-edge])

    return network


def residual_model(weights: Sequence[Array], biases: Sequence[Array], slope: float, dilations: Sequence[int]) -> bytes:
    """The network as an ONNX model with input `x` `(1, channel, row, column)` and output `y` `(1, 1, row, column)`.

    The layers pad with zeros, so that both terms of a sum have the same shape. The padding spoils an edge as wide as
    the sum of the dilations. The caller has to cut this edge off.
    """
    last, nodes, constants = len(weights) - 1, [], []
    for i, (weight, bias, d) in enumerate(zip(weights, biases, dilations, strict=True)):
        constants += [_tensor(f"weight{i}", weight), _tensor(f"bias{i}", bias)]
        given, found = f"x{i}" if i else "x", "y" if i == last else f"found{i}"
        apart = _integers("pads", d, d, d, d), _integers("dilations", d, d)
        nodes.append(_node("Conv", [given, f"weight{i}", f"bias{i}"], found, *apart))
        if i < last:
            bent = f"bent{i}" if i else "x1"
            alpha = _message((1, "alpha"), (2, slope), (20, _FLOAT_ATTRIBUTE))
            nodes.append(_node("LeakyRelu", [found], bent, alpha))
            if i:
                nodes.append(_node("Add", [given, bent], f"x{i + 1}"))
    graph = _message(
        *((1, node) for node in nodes),
        (2, "residual"),
        *((5, constant) for constant in constants),
        (11, _value("x", 1, weights[0].shape[1], "rows", "columns")),
        (12, _value("y", 1, 1, "rows", "columns")),
    )
    return _message((1, _IR_VERSION), (7, graph), (8, _message((1, ""), (2, _OPSET))))


def _node(kind: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    names: list[_Field] = [(1, name) for name in inputs]
    return _message(*names, (2, output), (4, kind), *((5, attribute) for attribute in attributes))


def _integers(name: str, *values: int) -> bytes:
    return _message((1, name), *((8, value) for value in values), (20, _INTEGERS_ATTRIBUTE))


def _tensor(name: str, values: Array) -> bytes:
    data = values.astype("<f4").tobytes()
    return _message(*((1, length) for length in values.shape), (2, _FLOAT_TYPE), (8, name), (9, data))


def _value(name: str, *shape: int | str) -> bytes:
    """An input or an output. Each of its axes has a length, or a name if any length is allowed."""
    axes = _message(*((1, _message((2 if isinstance(axis, str) else 1, axis))) for axis in shape))
    return _message((1, name), (2, _message((1, _message((1, _FLOAT_TYPE), (2, axes))))))


def _message(*fields: _Field) -> bytes:
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += _varint(number << 3) + _varint(value)
        elif isinstance(value, float):
            out += _varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += _varint(number << 3 | 2) + _varint(len(data)) + data
    return bytes(out)


def _varint(value: int) -> bytes:
    """Encode a number with seven bits a byte, the lowest bits first. The eighth bit says that more bytes follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
