"""What the tests of the generators that compute on the input's cells share. Those have ten columns, each of eight."""

from collections.abc import Callable, Mapping

import numpy as np
import onnx
import onnxruntime
import torch
from hypothesis import strategies as st

from earthgan import Window


def windows(rows: int) -> st.SearchStrategy[Window]:
    """Windows of an output grid of 17 shells, so many rows and 80 columns, which may begin in the turn before."""
    return st.tuples(st.integers(0, 16), st.integers(0, rows - 1), st.integers(-80, 79)).flatmap(
        lambda start: st.tuples(
            *(st.integers(1, min(most, size - at)) for at, size, most in zip(start, (17, rows, 160), (17, 12, 20)))
        ).map(lambda size: Window(*(range(at, at + n) for at, n in zip(start, size))))
    )


def turned(field: np.ndarray, cells: int) -> np.ndarray:
    """A field `(variable, shell, row, column)`, turned by whole cells, and its velocity (variables 1 to 3) with it."""
    moved = np.roll(field, cells * (field.shape[-1] // 10), axis=-1)
    angle = 2 * np.pi * cells / 10
    x, y = moved[1].copy(), moved[2].copy()
    moved[1], moved[2] = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    return moved


def of_onnx(graph: onnx.ModelProto, feeds: Mapping[str, np.ndarray]) -> np.ndarray:
    """What ONNX Runtime computes from the feeds of one window."""
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (field,) = session.run(None, dict(feeds))
    return field[0]


def multiplications(network: torch.nn.Module, compute: Callable[[], object]) -> int:
    """How many multiplications the network's convolutions do."""
    counted = 0

    def count(module: torch.nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal counted
        counted += output.numel() * module.weight[0].numel()

    convolutions = torch.nn.Conv2d, torch.nn.Conv3d
    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, convolutions)]
    compute()
    for hook in hooks:
        hook.remove()
    return counted
