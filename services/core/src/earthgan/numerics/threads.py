"""Limits the number of threads that linear algebra uses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, wraps
from threading import Lock, local
from typing import Any, TypeVar, cast

from threadpoolctl import ThreadpoolController

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Before = dict[str, tuple[Any, int]]  # by file name: a library, and its limit on threads before ours


class _OneThread:
    """A limit of one thread that holds as long as any thread needs it.

    Most libraries have one limit for the whole process. The first thread that enters sets it, and the last one that
    leaves lifts it. OpenBLAS on OpenMP has a limit for each thread, so every thread sets and lifts its own.
    """

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._of_process: _Before = {}
        self._of_thread = local()

    def __enter__(self) -> None:
        mine = self._of_thread
        mine.depth = getattr(mine, "depth", 0) + 1
        if mine.depth > 1:
            return
        mine.before = {}
        with self._lock:
            self._inside += 1
            for library in _libraries(len(sys.modules)):
                per_thread = getattr(library, "threading_layer", None) == "openmp"
                before = mine.before if per_thread else self._of_process
                before.setdefault(library.filepath, (library, library.num_threads))
                _allow(library, 1)

    def __exit__(self, *_: object) -> None:
        mine = self._of_thread
        mine.depth -= 1
        if mine.depth:
            return
        with self._lock:
            self._inside -= 1
            lifted = list(mine.before.values())
            if not self._inside:
                lifted += self._of_process.values()
                self._of_process = {}
            for library, threads in lifted:
                _allow(library, threads)


@lru_cache(maxsize=1)
def _libraries(_modules: int) -> list[Any]:
    """The linear algebra libraries that are loaded. A search takes 1.6 ms, so it is repeated only after an import."""
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def _allow(library: Any, threads: int) -> None:
    """Set a library's limit, whichever thread calls.

    Since version 3.8, threadpoolctl obeys only the thread that was first to set the limit of OpenBLAS, as long as that
    thread lives. It silently ignores all other threads. `_OneThread` counts the threads that need the limit, so this
    function takes control and gives it back each time.
    """
    give_up = getattr(library, "clear_controlling_thread", lambda force: None)
    give_up(force=True)
    library.set_num_threads(threads)
    give_up(force=True)


_one_thread = _OneThread()


def one_thread(function: _Function) -> _Function:
    """Limit linear algebra to one thread while a function runs. This is a decorator.

    It suits functions with many small products. Several threads would mostly wait for each other, and on a busy machine
    they would wait for minutes.
    """

    @wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        with _one_thread:
            return function(*args, **kwargs)

    return cast(_Function, limited)
