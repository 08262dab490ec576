"""Runs a surrogate's generator with ONNX Runtime on the CPU. Needs the `onnx` extra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import DamagedSurrogate, EngineAnswerInvalid
from earthgan.numerics.runtime import session
from earthgan.sphere.grid import Window
from earthgan.surrogate import Backend, Field, Surrogate

#: Multiplications of a whole shell from which on it is worth every core: a third of a second on one. Below, threads
#: take half as much CPU time again, for they mostly wait for each other.
WORTH_ALL_CORES = 5e9


def onnx_backend(surrogate: Surrogate, threads: int | None = None) -> Backend:
    """A backend over the surrogate's `generator.onnx`. `threads` 0 takes every core; unless said, a generator takes
    one, and one whose shells cost so much that a reader would wait takes all. Raises DamagedSurrogate.
    """
    if threads is None:
        whole = surrogate.grid.whole
        cost = surrogate.planner.multiply_adds(Window(range(1), whole.rows, whole.columns), len(surrogate.variables))
        threads = 0 if cost >= WORTH_ALL_CORES else 1
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
