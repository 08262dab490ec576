"""Ctrl-C while files are read."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from earthgan.progress import Show


@contextmanager
def interruptible(show: Show) -> Iterator[Show]:
    """Yield the same function, which also raises KeyboardInterrupt if the user has asked for it.

    The NetCDF library drops two of five exceptions that a signal raises while it reads. Ctrl-C would often do nothing.
    """
    came = False

    def interrupt(*_: Any) -> None:
        nonlocal came
        came = True
        raise KeyboardInterrupt

    def checked(what: str, done: float, total: float | None, note: str = "") -> None:
        if came:
            raise KeyboardInterrupt
        show(what, done, total, note)

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield show  # the caller treats the signal in another way, or ignores it
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield checked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
