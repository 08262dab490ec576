"""Runs a surrogate's generator with ONNX Runtime on the CPU. Needs the `onnx` extra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.backends.runtime import session
from earthgan.errors import DamagedSurrogate, EngineAnswerInvalid
from earthgan.surrogate import Backend, Field, Surrogate


def onnx_backend(surrogate: Surrogate, threads: int = 0) -> Backend:
    """A backend over the surrogate's `generator.onnx`; `threads` 0 takes every core. Raises DamagedSurrogate."""
    return onnx_file_backend(surrogate.onnx_path, threads)


def onnx_file_backend(path: Path, threads: int = 0) -> Backend:
    """A backend over any generator in ONNX. Raises DamagedSurrogate where it cannot be loaded."""
    try:
        opened = session(path, threads)
    except Exception as error:  # ONNX Runtime has no common exception type
        raise DamagedSurrogate(path, "ONNX Runtime cannot load it") from error
    names = {item.name for item in opened.get_inputs()}

    def run(feeds: Mapping[str, NDArray[np.generic]]) -> Field:
        try:
            (answer,) = opened.run(None, {name: value for name, value in feeds.items() if name in names})
        except Exception as error:
            raise EngineAnswerInvalid("the ONNX generator could not compute the window") from error
        return np.asarray(answer, dtype=np.float32)

    return run
