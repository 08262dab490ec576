"""A map that is bounded in bytes and forgets the least recently used entries."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: The bytes of an entry besides its key and its value: its place in the table, its stored size, and the allocators'
#: rounding.
ENTRY_BYTES = 352


def key_bytes(key: object) -> int:
    """The memory in bytes that a key takes. A key is text, bytes, a number, or a tuple of such keys."""
    if isinstance(key, tuple):
        return sys.getsizeof(key) + sum(key_bytes(each) for each in key)
    return sys.getsizeof(key)


class Bounded(Generic[K, V]):
    """A map that takes at most `max_bytes`, including its keys and overhead. Several threads may use it.

    `value_bytes` returns the memory in bytes that a value takes. A value that is larger than the whole map is not kept.
    """

    def __init__(self, max_bytes: int, value_bytes: Callable[[V], int]) -> None:
        self.max_bytes = max_bytes
        self._value_bytes = value_bytes
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """The memory that all entries take now."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return the value and count it as used. Return None if there is none."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def set(self, key: K, value: V) -> bool:
        """Keep a value. Return True if other entries were dropped for it, or if it is too large to keep."""
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
        """Return the value. If there is none, compute and keep it. Two threads may compute the same value at once."""
        found = self.get(key)
        if found is None:
            found = compute()
            self.set(key, found)
        return found
