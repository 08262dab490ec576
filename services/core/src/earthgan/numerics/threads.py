"""How many threads linear algebra takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, TypeVar, cast

from threadpoolctl import threadpool_limits

_Function = TypeVar("_Function", bound=Callable[..., Any])


class _OneThread:
    """A limit of one thread for as long as anyone needs it: it is the process's, so whoever comes last lifts it."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = threadpool_limits(limits=1)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


_one_thread = _OneThread()


def one_thread(function: _Function) -> _Function:
    """For many small products: several threads would mostly wait for each other, and on a busy machine for minutes."""

    @wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        with _one_thread:
            return function(*args, **kwargs)

    return cast(_Function, limited)
