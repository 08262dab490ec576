"""`earthgan serve`, and a file that says once a second how many bytes each cache holds and may hold.

    python -m load.open_caches FILE serve SURROGATE --port 8000

The caches count these bytes themselves. A cache is named after the module that made it.
"""

import json
import sys
import threading
import time
import weakref
from pathlib import Path
from types import FrameType
from typing import Any

from earthgan import bounded, cli
from earthgan.files import write_whole

EVERY_S = 1.0


def _maker(frame: FrameType | None) -> str:
    """The name of the module that made a cache, without those of the caches themselves."""
    while frame is not None and Path(frame.f_code.co_filename).name in ("bounded.py", "memory.py"):
        frame = frame.f_back
    return "?" if frame is None else Path(frame.f_code.co_filename).stem


def watch(file: Path) -> None:
    """Write the bytes of all caches that are made from now on to a file, again and again."""
    made: list[tuple[str, weakref.ref[bounded.Bounded[Any, Any]]]] = []
    make = bounded.Bounded.__init__

    def remember(self: bounded.Bounded[Any, Any], *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        made.append((_maker(sys._getframe(1)), weakref.ref(self)))

    def write() -> None:
        while True:
            found: dict[str, list[int]] = {}
            for name, each in made:
                if (cache := each()) is not None and cache.bytes:
                    so_far = found.setdefault(name, [0, 0])
                    found[name] = [so_far[0] + cache.bytes, so_far[1] + cache.max_bytes]
            write_whole(file, json.dumps(found).encode(), durable=False)
            time.sleep(EVERY_S)

    bounded.Bounded.__init__ = remember  # type: ignore[method-assign]
    threading.Thread(target=write, daemon=True).start()


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    sys.exit(cli.main(sys.argv[2:]))
