"""Runs a surrogate's generator with ONNX Runtime on the CPU. Needs the `onnx` extra."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import DamagedSurrogate, EngineAnswerInvalid
from earthgan.surrogate import Backend, Field, Surrogate

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
import onnxruntime


def onnx_backend(surrogate: Surrogate, threads: int = 0) -> Backend:
    """A backend over the surrogate's `generator.onnx`; `threads` 0 takes every core. Raises DamagedSurrogate."""
    return onnx_file_backend(surrogate.onnx_path, threads)


def onnx_file_backend(path: Path, threads: int = 0) -> Backend:
    """A backend over any generator in ONNX. Raises DamagedSurrogate where it cannot be loaded."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common exception type
        raise DamagedSurrogate(path, "ONNX Runtime cannot load it") from error
    names = {item.name for item in session.get_inputs()}

    def run(feeds: Mapping[str, NDArray[np.generic]]) -> Field:
        try:
            (answer,) = session.run(None, {name: value for name, value in feeds.items() if name in names})
        except Exception as error:
            raise EngineAnswerInvalid("the ONNX generator could not compute the window") from error
        return np.asarray(answer, dtype=np.float32)

    return run
