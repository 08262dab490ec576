"""How many threads linear algebra takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from threadpoolctl import threadpool_limits

_Function = TypeVar("_Function", bound=Callable[..., Any])


def one_thread(function: _Function) -> _Function:
    """For many small products: several threads would mostly wait for each other, and on a busy machine for minutes."""
    return cast(_Function, threadpool_limits.wrap(limits=1)(function))
