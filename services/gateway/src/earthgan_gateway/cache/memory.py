"""The least recently used bytes of this process, up to a size."""

from __future__ import annotations

import sys

from earthgan.bounded import Bounded


class MemoryCache(Bounded[str, bytes]):
    """A map from key to bytes that is bounded in bytes, keys and overhead included."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes, sys.getsizeof)
