"""`earthgan serve`, and a file that says once a second what each cache holds, may hold, and has still to forget.

    python -m load.open_caches FILE serve SURROGATE --port 8000

The caches count these bytes themselves. A cache is named after the module that made it. It has settled once it has
forgotten as much as it may hold: then all that it holds came while it was full.
"""

import json
import sys
import threading
import time
import weakref
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from earthgan import bounded, cli
from earthgan.files import write_whole

EVERY_S = 1.0
AnyCache = bounded.Bounded[Any, Any]


def _maker(frame: FrameType | None) -> str:
    """The name of the module that made a cache, without those of the caches themselves."""
    while frame is not None and Path(frame.f_code.co_filename).name in ("bounded.py", "memory.py"):
        frame = frame.f_back
    return "?" if frame is None else Path(frame.f_code.co_filename).stem


class Watched:
    """A cache, the module that made it, and the bytes that it has taken in."""

    def __init__(self, name: str, cache: AnyCache) -> None:
        self.name, self.cache, self.taken = name, weakref.ref(cache), 0

    def summed(self, so_far: list[int]) -> list[int]:
        """The bytes that this cache and others hold, may hold, and have still to forget until they have settled."""
        cache = self.cache()
        if cache is None or not cache.bytes:
            return so_far
        held, limit = cache.bytes, cache.max_bytes
        return [a + b for a, b in zip(so_far, (held, limit, max(0, limit - (self.taken - held))))]


def sums(watched: Iterable[Watched]) -> dict[str, list[int]]:
    """What the caches of each module hold, may hold, and have still to forget, without those that are empty."""
    found: dict[str, list[int]] = {}
    for each in watched:
        found[each.name] = each.summed(found.get(each.name, [0, 0, 0]))
    return {name: numbers for name, numbers in found.items() if numbers[1]}


def watched() -> list[Watched]:
    """A list of all caches that are made from now on."""
    made: list[Watched] = []
    number = "_number_in_watched"
    make, keep = bounded.Bounded.__init__, bounded.Bounded.set

    def remember(self: AnyCache, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        setattr(self, number, len(made))
        made.append(Watched(_maker(sys._getframe(1)), self))

    def count(self: AnyCache, key: Any, value: Any) -> bool:
        is_new = key not in self._entries
        forgotten = keep(self, key, value)
        if is_new and (kept := self._entries.get(key)) is not None:
            made[getattr(self, number)].taken += kept[1]
        return forgotten

    bounded.Bounded.__init__ = remember  # type: ignore[method-assign]
    bounded.Bounded.set = count  # type: ignore[method-assign]
    return made


def watch(file: Path) -> None:
    """Write the sums of all caches that are made from now on to a file, again and again."""
    made = watched()

    def write() -> None:
        while True:
            write_whole(file, json.dumps(sums(list(made))).encode(), durable=False)
            time.sleep(EVERY_S)

    threading.Thread(target=write, daemon=True).start()


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    sys.exit(cli.main(sys.argv[2:]))
