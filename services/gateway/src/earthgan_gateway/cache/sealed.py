"""Values with a checksum of themselves and of their key, so that a cache notices bytes that nobody has put there."""

from __future__ import annotations

import hashlib

#: A part of every key in Redis. Change it when values are sealed differently.
VERSION = "sealed-1"

_SUM_BYTES = 16


def seal(key: str, value: bytes) -> bytes:
    """Return the bytes to keep under a key."""
    return _sum(key, value) + value


def unseal(key: str, kept: bytes) -> bytes | None:
    """Return the value, or None if the bytes were cut, altered, or sealed for another key."""
    value = kept[_SUM_BYTES:]
    return value if kept[:_SUM_BYTES] == _sum(key, value) else None


def _sum(key: str, value: bytes) -> bytes:
    found = hashlib.sha256(key.encode())
    found.update(b"\0")
    found.update(value)
    return found.digest()[:_SUM_BYTES]
