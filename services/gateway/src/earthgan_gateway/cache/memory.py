"""A cache in this process's memory. It drops the least recently used entries when it is full."""

from __future__ import annotations

import sys

from earthgan.bounded import Bounded


class MemoryCache(Bounded[str, bytes]):
    """A map from keys to bytes. Its size is bounded in bytes, which include the keys and the overhead."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes, sys.getsizeof)
