"""`earthgan export` writes a surrogate's generator as ONNX and compares it with torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from earthgan.backends.onnx import onnx_file_backend
from earthgan.backends.torch import torch_backend
from earthgan.errors import BadInput
from earthgan.kinds.registry import KindArguments, kind_of
from earthgan.records import FileSpec
from earthgan.sphere.grid import Window
from earthgan.surrogate import Backend, Surrogate
from earthgan_training.surrogates.folder import ONNX_FILE, changed_folder, write_file, write_spec

TOLERANCE = 1e-5


def write_onnx(folder: Path, variables: int, arguments: KindArguments, state: Mapping[str, torch.Tensor]) -> FileSpec:
    """Write a generator as ONNX to the draft of a surrogate folder. Raises OSError."""
    arrays = {name: tensor.float().numpy() for name, tensor in state.items()}
    return write_file(
        folder, ONNX_FILE, kind_of(arguments).onnx_graph(arguments, variables, arrays).SerializeToString()
    )


def export(folder: Path) -> float:
    """Write the ONNX generator of a surrogate folder again. Returns the largest difference from torch over a few
    windows.

    Raises BadInput if the difference is above 1e-5 in normalised units. The folder is then unchanged.
    """
    with changed_folder(folder) as draft:
        surrogate = Surrogate(folder)
        spec = surrogate.spec
        onnx = write_onnx(draft, len(spec.variables), spec.generator.arguments, load_file(surrogate.weights_path))
        difference = largest_difference(surrogate, onnx_file_backend(draft / onnx.file))
        if difference > TOLERANCE:
            raise BadInput(f"{folder}: the ONNX generator differs from torch by {difference:.1e} in normalised units")
        write_spec(draft, spec.model_copy(update={"generator": spec.generator.model_copy(update={"onnx": onnx})}))
    return difference


def largest_difference(surrogate: Surrogate, backend: Backend) -> float:
    """The largest absolute difference from torch, in normalised units, over windows that start at odd
    and even indices.
    """
    reference = torch_backend(surrogate, device="cpu", dtype=torch.float32)
    shells, rows, columns = surrogate.grid.shape
    windows = [
        Window(range(shells // 2, shells // 2 + 1), range(rows // 3, rows // 3 + 20), range(-5, 16)),
        Window(range(0, 3), range(0, 7), range(columns - 4, columns + 5)),
        Window(range(shells - 2, shells), range(rows - 8, rows), range(1, 12)),
    ]
    t = surrogate.steps[0].t
    feeds = [surrogate.feeds(t, window, seed=1) for window in windows]
    return max(float(np.abs(backend(each) - reference(each)).max()) for each in feeds)
