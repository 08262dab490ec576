"""The least recently used bytes of this process, up to a size."""

from __future__ import annotations

from cachetools import LRUCache


class MemoryCache:
    """A bounded map from key to bytes that forgets what was used longest ago."""

    def __init__(self, max_bytes: int) -> None:
        self._entries: LRUCache[str, bytes] = LRUCache(max_bytes, getsizeof=len)

    def get(self, key: str) -> bytes | None:
        return self._entries.get(key)

    def set(self, key: str, value: bytes) -> None:
        if len(value) <= self._entries.maxsize:
            self._entries[key] = value
