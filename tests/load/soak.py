"""`make soak`: a gateway at half its load for half an hour. Its memory must not grow, and nothing may leak or fail.

The load is that of `load.memory`, in which all requests differ, and tiles of other shells and steps. Half of it is half
the rate that the gateway reaches in the first seconds, when clients wait for nothing but their answers. The caches are
small, so that they are full before the first measurement.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import httpx2 as httpx

from earthgan.files import write_json
from integration.redis_server import redis_server
from load.memory import paths, request, rss_mb
from load.processes import cpu_s, gateway_group
from load.waves import Waves
from places import DEFAULT_SURROGATE

#: The allowed growth of the memory, as a share of it.
MOST_GROWTH = 0.01
CACHE_MB, REDIS_MB = 64, 64
#: Each request has a connection of its own, so that none is closed while another one waits for a time step.
AT_ONCE = 8
#: The share of the time after which the caches count as full, and the share at both ends of the rest over which the
#: memory is averaged.
FILLED, ENDS = 0.2, 0.2
ALLOWED = {200, 404, 414, 422}


@dataclass
class Soak:
    """What was seen: `(minutes, MB, descriptors)` again and again, and the answers by status."""

    per_s: float
    seen: list[tuple[float, float, int]] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def growth(self) -> float:
        """The growth of the memory from the time when caches were full, as a share of it."""
        filled = self.seen[int(FILLED * len(self.seen)) :]
        ends = max(1, int(ENDS * len(filled)))
        return mean(mb for _, mb, _ in filled[-ends:]) / mean(mb for _, mb, _ in filled[:ends]) - 1

    @property
    def descriptors(self) -> int:
        """How many descriptors are open at the end beside those at the beginning."""
        return self.seen[-1][2] - self.seen[0][2]

    @property
    def errors(self) -> int:
        """The answers that no request was due."""
        return sum(count for status, count in self.answers.items() if status not in ALLOWED)


def asked(catalog: dict) -> Iterator[str]:
    """Addresses without end: those that all differ, and for each of them three tiles of popular and other shells."""
    rng = random.Random(5)
    steps, shells = [step["t"] for step in catalog["steps"]][:3], len(catalog["shells"])
    for path in paths(catalog):
        yield path
        for _ in range(3):
            name, r = rng.choice(catalog["variables"]), int(shells * rng.random() ** 4)
            yield f"/tiles/{name}/{rng.choice(steps)}/{r}/2/{rng.randrange(4)}/{rng.randrange(4)}.png"


def descriptors(group: int) -> int:
    """Return how many files and sockets the processes of a group have open."""
    count = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[2]) == group:
                count += sum(1 for _ in (stat.parent / "fd").iterdir())
        except OSError:  # it has just ended
            continue
    return count


def soak(surrogate: Path, minutes: float) -> Soak:
    """Keep a gateway and its Redis at half load for so many minutes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder), None, "--maxmemory", f"{REDIS_MB}mb", "--maxmemory-policy", "allkeys-lfu") as (
            url,
            _,
        ),
        # Nothing is refused for the queue's length: on a busy machine, that would be no error.
        gateway_group(surrogate, 1, cache_mb=str(CACHE_MB), redis_url=url, tile_wait_s="60") as (port, group),
    ):
        catalog = httpx.get(f"http://127.0.0.1:{port}/catalog", trust_env=False).json()
        paths_asked, found, count = asked(catalog), Soak(0.0), 0

        def ask() -> None:
            nonlocal count
            wave = [request(next(paths_asked), count + i) for i in range(AT_ONCE)]
            with Waves(port, AT_ONCE) as waves:
                found.answers.update(answer.status for answer in waves.get(wave))
            count += AT_ONCE

        for _ in range(20):  # the first answers read time steps and make what is made once
            ask()
        first, began, used = count, time.monotonic(), cpu_s(group=group)
        warm_s = min(30.0, 6 * minutes)
        while time.monotonic() < began + warm_s:
            ask()
        found.per_s = (count - first) / (time.monotonic() - began) / 2
        busy = (cpu_s(group=group) - used) / (time.monotonic() - began)
        print(f"{2 * found.per_s:.0f} requests a second with {busy:.2f} cores; half of it for {minutes:g} minutes")
        began, first, next_look = time.monotonic(), count, 0.0
        while (passed := time.monotonic() - began) < 60 * minutes:
            if passed >= next_look:
                next_look = passed + max(1.0, 60 * minutes / 100)
                found.seen.append((passed / 60, rss_mb(group), descriptors(group)))
            ask()
            time.sleep(max(0.0, began + (count - first) / found.per_s - time.monotonic()))
        time.sleep(2)  # connections that clients have closed
        found.seen.append((minutes, rss_mb(group), descriptors(group)))
        return found


def main() -> int:
    """Print what was seen. Return 1 if memory or descriptors grew, or if an answer was wrong."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="length (30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was seen")
    arguments = parser.parse_args()
    found = soak(DEFAULT_SURROGATE, arguments.minutes)
    for minutes, mb, count in found.seen[:: max(1, len(found.seen) // 10)]:
        print(f"{minutes:6.1f} min {mb:8.1f} MB {count:5} descriptors")
    holds = found.growth <= MOST_GROWTH and found.descriptors <= 0 and not found.errors
    total = sum(found.answers.values())
    print(f"{total} requests, {found.errors} errors; memory {found.growth:+.2%}, descriptors {found.descriptors:+d}")
    print("holds" if holds else f"more than {MOST_GROWTH:.0%} of memory, a descriptor, or an error")
    if arguments.json:
        write_json(
            arguments.json, {"per_s": found.per_s, "growth": found.growth, "errors": found.errors, "seen": found.seen}
        )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
