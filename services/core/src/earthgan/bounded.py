"""A map that is bounded in bytes and forgets what was used longest ago."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: What one entry takes beside its key and its value: its place in the table, its size, and what allocators round up.
ENTRY_BYTES = 352


def key_bytes(key: object) -> int:
    """The memory that a key takes: text, bytes, numbers, or tuples of them."""
    if isinstance(key, tuple):
        return sys.getsizeof(key) + sum(key_bytes(each) for each in key)
    return sys.getsizeof(key)


class Bounded(Generic[K, V]):
    """A map of at most `max_bytes`, with keys and overhead counted; several threads may use it.

    `value_bytes` gives the memory that a value takes. A value that is too large by itself is not kept.
    """

    def __init__(self, max_bytes: int, value_bytes: Callable[[V], int]) -> None:
        self.max_bytes = max_bytes
        self._value_bytes = value_bytes
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """What all entries take now."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value, which counts as used; None where there is none."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def set(self, key: K, value: V) -> bool:
        """Keep a value. Returns whether something had to go for it, or whether it was too large to keep."""
        size = ENTRY_BYTES + key_bytes(key) + self._value_bytes(value)
        with self._lock:
            old = self._entries.pop(key, None)
            self._bytes -= 0 if old is None else old[1]
            if size > self.max_bytes:
                return True
            self._entries[key] = value, size
            self._bytes += size
            forgotten = False
            while self._bytes > self.max_bytes:
                self._bytes -= self._entries.popitem(last=False)[1][1]
                forgotten = True
            return forgotten

    def get_or(self, key: K, compute: Callable[[], V]) -> V:
        """The value; it is computed and kept where there is none. Two threads may compute the same at once."""
        found = self.get(key)
        if found is None:
            found = compute()
            self.set(key, found)
        return found
