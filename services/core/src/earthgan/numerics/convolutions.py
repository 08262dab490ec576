"""A small network of 3 x 3 convolutions in ONNX Runtime. Needs the `onnx` extra.

The ONNX model is made from the weights where it is run, so there is no second file to keep equal to them. Only its
few messages are encoded here: the package that usually does it is not among those that serve. Field numbers are those
of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, their encoding that of https://protobuf.dev/programming-guides/encoding.
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
_Field = tuple[int, int | float | str | bytes]  # its number, and its value or an encoded message


def residual_network(weights: Sequence[Array], biases: Sequence[Array], slope: float) -> Callable[[Array], Array]:
    """A function from `(channel, row, column)` to `(row, column)`, each layer taking a row and a column off each side.

    Layers have `weights` `(channel out, channel in, 3, 3)` and `biases` `(channel out,)`. Those between the first and
    the last add what they find, through a leaky ReLU, to what they were given. It runs on one thread.
    """
    run = session(residual_model(weights, biases, slope), threads=1).run
    edge = len(weights)

    def network(x: Array) -> Array:
        (found,) = run(None, {"x": np.ascontiguousarray(x[None])})
        return np.asarray(found[0, 0, edge:-edge, edge:-edge])

    return network


def residual_model(weights: Sequence[Array], biases: Sequence[Array], slope: float) -> bytes:
    """The network as an ONNX model from `x` `(1, channel, row, column)` to `y` of as many rows and columns.

    The layers pad with zeros, so that a sum has two terms of one shape. What that spoils, an edge as wide as there are
    layers, is cut off by the caller.
    """
    last, nodes, constants = len(weights) - 1, [], []
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        constants += [_tensor(f"weight{i}", weight), _tensor(f"bias{i}", bias)]
        given, found = f"x{i}" if i else "x", "y" if i == last else f"found{i}"
        nodes.append(_node("Conv", [given, f"weight{i}", f"bias{i}"], found, _integers("pads", 1, 1, 1, 1)))
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
    """An input or an output; its axes have a length or, where any length will do, a name."""
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
    """Seven bits a byte, the lowest first; the eighth bit says that more follow."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
