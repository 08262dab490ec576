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

#: A shell that takes this many multiplications or more is worth every core: it would take a third of a second on one
#: core. For a cheaper shell, several threads mostly wait for each other and take 1.5 times the CPU time.
WORTH_ALL_CORES = 5e9


def onnx_backend(surrogate: Surrogate, threads: int | None = None) -> Backend:
    """A backend that runs the surrogate's `generator.onnx` on `threads` threads. 0 threads means every core.

    By default, a generator whose shells cost at least `WORTH_ALL_CORES` takes every core, and any other takes one
    thread. Raises DamagedSurrogate.
    """
    if threads is None:
        whole = surrogate.grid.whole
        cost = surrogate.planner.multiply_adds(Window(range(1), whole.rows, whole.columns), len(surrogate.variables))
        threads = 0 if cost >= WORTH_ALL_CORES else 1
    return onnx_file_backend(surrogate.onnx_path, threads)


def onnx_file_backend(path: Path, threads: int = 0) -> Backend:
    """A backend that runs any generator in ONNX. 0 threads means every core. Raises DamagedSurrogate if ONNX Runtime
    cannot load it.
    """
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
