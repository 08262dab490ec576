"""ONNX Runtime on the CPU. Needs the `onnx` extra."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
import onnxruntime


def session(model: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session of a model, a file or its bytes; `threads` 0 takes every core. Raises what ONNX Runtime raises: it has
    no common exception type.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
