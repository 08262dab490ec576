"""ONNX Runtime on the CPU. Needs the `onnx` extra."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # the library reads this when it is loaded
import onnxruntime


def session(model: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """A session that runs a model. `model` is the path of a file, or the file's bytes. 0 threads means every core.

    ONNX Runtime's errors pass through. They have no common type.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
