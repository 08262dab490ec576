"""`make soak`: a gateway at half its load for half an hour. Its memory must not grow, and nothing may leak or fail.

The load is that of `load.memory`, in which all requests differ, and tiles of other shells and steps. Half of it is half
the rate that the gateway reaches in half a minute, when clients wait for nothing but their answers.

The caches are small, and they have settled before the first measurement: they are full, and all that they hold came
while they were full, most of it by the addresses of the load itself. All connections to Redis are open, too. While a
time step is decoded, the process holds some tens of megabytes more, which it gives back. What it keeps is the lowest
reading of each minute, and that must not grow.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import mean

import httpx2 as httpx

from earthgan.files import write_json
from earthgan_gateway.cache.redis import MOST_CONNECTIONS
from gateway_server import free_port
from integration.redis_server import redis_server
from load.memory import paths, request, rss_mb
from load.processes import cpu_s, server
from load.waves import Waves
from places import DEFAULT_SURROGATE

#: The allowed growth of the memory, as a share of it.
MOST_GROWTH = 0.01
REDIS_MB = 64
LIMITS = {"cache_mb": "64", "tile_wait_s": "50", "engine_timeout_s": "50"}
#: Each request has a connection of its own, so that none is closed while another one waits for a time step.
AT_ONCE = 8
#: The requests at once before which all connections to Redis are open that one process may have.
BURST = 2 * MOST_CONNECTIONS
#: The share of the time at both ends over which the memory is averaged.
ENDS = 0.2
ALLOWED = {200, 404, 414, 422}
#: The caches that this load uses, by the module that makes them: addresses, time steps, positions of pixels, shells
#: and answers.
ADDRESSES, STEPS, PIXELS = "pictures", "kept_inputs", "raster"
USED = (ADDRESSES, STEPS, PIXELS, "fields", "app")
#: A zoom at which more rows and columns of tiles lie than their positions may be kept.
PIXELS_ZOOM = 9


@dataclass(frozen=True)
class Look:
    """One look at the processes."""

    minutes: float
    mb: float
    descriptors: int


@dataclass
class Soak:
    """What was seen, about once a second, the answers by status, and the caches' bytes and limits at both ends."""

    per_s: float = 0.0
    seen: list[Look] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    caches: list[dict[str, list[int]]] = field(default_factory=list)

    @property
    def minutes(self) -> list[list[float]]:
        """The readings of the memory in MB, minute by minute, without a last one that is not whole."""
        found: dict[int, list[float]] = {}
        for look in self.seen:
            found.setdefault(int(look.minutes), []).append(look.mb)
        return list(found.values())[: max(1, int(self.seen[-1].minutes))]

    def growth(self, kept: list[float]) -> float:
        """The growth from the first minutes to the last ones, as a share."""
        ends = max(1, round(ENDS * len(kept)))
        return mean(kept[-ends:]) / mean(kept[:ends]) - 1

    @property
    def descriptors(self) -> int:
        """How many descriptors are open at the end beside those at the beginning."""
        return self.seen[-1].descriptors - self.seen[0].descriptors

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


def addresses(catalog: dict) -> Iterator[str]:
    """The addresses of tiles among those of the load, each with a `v` of its own. All differ from those of the load.

    They fill the cache of addresses with what the load will keep there, and cost little if the client has the tile.
    """
    for i, path in enumerate(asked(catalog)):
        if path.startswith("/tiles/") and "?too=" not in path:  # that one is refused, and not kept
            yield f"{path}own{i}" if "v=" in path else f"{path}{'&' if '?' in path else '?'}v=own{i}"


def pixels(catalog: dict) -> Iterator[str]:
    """Large tiles without end of one shell. Each lies in another row and another column."""
    name, t, r = catalog["variables"][0], catalog["steps"][0]["t"], len(catalog["shells"]) // 2
    yield from (f"/tiles/{name}/{t}/{r}/{PIXELS_ZOOM}/{i}/{i}@2x.png" for i in cycle(range(2**PIXELS_ZOOM)))


def steps(catalog: dict) -> Iterator[str]:
    """A tile of each time step, again and again."""
    yield from (f"/tiles/{catalog['variables'][0]}/{step['t']}/0/0/0/0.png" for step in cycle(catalog["steps"]))


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


class Soaking:
    """A gateway that is asked, and what was seen of it."""

    def __init__(self, port: int, group: int, caches: Path) -> None:
        self._port, self._group, self._caches = port, group, caches
        catalog = httpx.get(f"http://127.0.0.1:{port}/catalog", trust_env=False, timeout=60).json()
        self._asked, self._addresses, self._steps = asked(catalog), addresses(catalog), steps(catalog)
        self._pixels = pixels(catalog)
        self.found, self.sent = Soak(), 0

    def ask(self, paths: Iterator[str] | None = None, *fields: str) -> None:
        """Send a few requests at once, with more header fields, and wait for their answers."""
        wave = [request(next(paths or self._asked), self.sent + i, *fields) for i in range(AT_ONCE)]
        with Waves(self._port, AT_ONCE) as waves:
            self.found.answers.update(answer.status for answer in waves.get(wave))
        self.sent += AT_ONCE

    def caches(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = json.loads(self._caches.read_text())
        return found

    def have_settled(self, *names: str) -> bool:
        """Whether these caches are full, and have forgotten as much as they hold."""
        caches = self.caches()
        return all(name in caches and caches[name][2] == 0 for name in names)

    def fill(self, most_s: float) -> None:
        """Ask until the caches have settled. Raises TimeoutError if they have not after some seconds."""
        until = time.monotonic() + most_s
        while not self.have_settled(*USED):
            if time.monotonic() > until:
                raise TimeoutError(f"the caches have not settled: {in_words(self.caches())}")
            self.ask(self._asked if self.have_settled(STEPS) else self._steps)
            for _ in range(0 if self.have_settled(ADDRESSES) else 100):
                self.ask(self._addresses, "If-None-Match: *")
            for _ in range(0 if self.have_settled(PIXELS) else 4):
                self.ask(self._pixels)

    def connect(self) -> int:
        """Ask for many new tiles at once, so that the pool of connections to Redis is full.

        Return how many descriptors more are open.
        """
        time.sleep(2)  # connections that clients have closed
        before = descriptors(self._group)
        with Waves(self._port, BURST) as waves:
            list(waves.get([request(next(self._pixels) + f"?v=connect{i}", i) for i in range(BURST)]))
        time.sleep(2)
        return descriptors(self._group) - before

    def measure_rate(self, seconds: float) -> None:
        """Find out how many requests a second are half of what the gateway can bear."""
        first, began, used = self.sent, time.monotonic(), cpu_s(group=self._group)
        while time.monotonic() < began + seconds:
            self.ask()
        passed = time.monotonic() - began
        self.found.per_s = (self.sent - first) / passed / 2
        cores = (cpu_s(group=self._group) - used) / passed
        print(f"{2 * self.found.per_s:.1f} requests a second with {cores:.2f} cores", flush=True)

    def run(self, minutes: float) -> None:
        """Ask at that rate, and look once a second."""
        time.sleep(2)  # connections that clients have closed would hide as many that stay open
        began, first, done = time.monotonic(), self.sent, threading.Event()
        self.found.answers.clear()

        def look() -> None:
            passed = (time.monotonic() - began) / 60
            self.found.seen.append(Look(passed, rss_mb(self._group), descriptors(self._group)))

        def watch() -> None:
            while not done.wait(1):
                look()

        look()
        self.found.caches.append(self.caches())
        watching = threading.Thread(target=watch)
        watching.start()
        try:
            while time.monotonic() < began + 60 * minutes:
                self.ask()
                time.sleep(max(0.0, began + (self.sent - first) / self.found.per_s - time.monotonic()))
        finally:
            done.set()
            watching.join()
        time.sleep(2)  # connections that clients have closed
        look()
        self.found.caches.append(self.caches())


def soak(surrogate: Path, minutes: float) -> Soak:
    """Keep a gateway and its Redis at half load for so many minutes."""
    with tempfile.TemporaryDirectory() as folder:
        caches, port = Path(folder) / "caches.json", free_port()
        limits = ("--maxmemory", f"{REDIS_MB}mb", "--maxmemory-policy", "allkeys-lfu")
        command = [sys.executable, "-m", "load.open_caches", str(caches), "serve", str(surrogate), "--port", str(port)]
        with (
            redis_server(Path(folder), None, *limits) as (url, _),
            # Nothing is refused for the queue's length, nor soon: on a busy machine, that would be no error.
            server(command, port, "/readyz", **LIMITS, redis_url=url) as group,
        ):
            soaking = Soaking(port, group, caches)
            soaking.fill(most_s=1800)
            print(f"a burst of {BURST} requests opened {soaking.connect()} descriptors", flush=True)
            print(f"after {soaking.sent} requests, caches have settled: {in_words(soaking.caches())}", flush=True)
            soaking.measure_rate(min(30.0, 6 * minutes))
            soaking.run(minutes)
            return soaking.found


def in_words(caches: dict[str, list[int]]) -> str:
    """What caches hold, in MB, of what they may hold."""
    return ", ".join(
        f"{name} {held / 2**20:.1f} of {limit / 2**20:.1f} MB" for name, (held, limit, _) in caches.items()
    )


def main() -> int:
    """Print what was seen. Return 1 if memory or descriptors grew, or if an answer was wrong."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="length (30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what was seen")
    arguments = parser.parse_args()
    found = soak(DEFAULT_SURROGATE, arguments.minutes)
    lowest, means = [min(each) for each in found.minutes], [mean(each) for each in found.minutes]
    for at in range(0, len(lowest), max(1, len(lowest) // 10)):
        highest = max(found.minutes[at])
        print(f"minute {at + 1:2}: lowest {lowest[at]:.1f} MB, mean {means[at]:.1f} MB, highest {highest:.1f} MB")
    for when, caches in zip(("first", "last"), found.caches, strict=True):
        print(f"{when}: {in_words(caches)}")
    grown, total = found.growth(lowest), sum(found.answers.values())
    holds = grown <= MOST_GROWTH and found.descriptors <= 0 and not found.errors
    print(f"{total} requests, {found.errors} errors, descriptors {found.descriptors:+d}")
    print(f"memory that is kept {grown:+.2%}; the mean {found.growth(means):+.2%}")
    print("holds" if holds else f"more than {MOST_GROWTH:.0%} of memory, a descriptor, or an error")
    if arguments.json:
        seen = [(look.minutes, look.mb, look.descriptors) for look in found.seen]
        write_json(arguments.json, {"per_s": found.per_s, "growth": grown, "errors": found.errors, "seen": seen})
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
