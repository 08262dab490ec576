"""What all conditional inputs share that are stored as a code: decoding is slow, so what it gives is kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Generic, TypeVar

from earthgan.bounded import Bounded

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: The default for the memory in bytes that keeps what was decoded.
KEPT_BYTES = 48 * 2**20


class KeptInputs(Generic[K, V]):
    """Conditional inputs that are stored as a code, lie on no grid, and keep in `_decoded` what they decoded.

    `value_bytes` returns the memory in bytes that a decoded value takes.
    """

    def __init__(self, value_bytes: Callable[[V], int]) -> None:
        self._value_bytes = value_bytes
        self.keep(KEPT_BYTES)

    @property
    def grid(self) -> None:
        return None

    @property
    def stored_as(self) -> str:
        return "coded"

    def check(self, path: Path) -> None:
        """Check nothing. The digest has been compared already, and anything else would need decoding."""

    def keep(self, max_bytes: int) -> None:
        """Set the memory for what was decoded, and forget it all."""
        self._decoded: Bounded[K, V] = Bounded(max_bytes, self._value_bytes)
