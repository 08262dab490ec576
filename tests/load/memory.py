"""Measures how much a gateway's memory grows if all requests differ.

The bound is EARTHGAN_CACHE_MB plus a fifth of it. The requests vary everything that a client can vary: long queries,
text after a tile's address, tiles, styles, variables, steps, shells, places, and paths that do not exist.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from load.processes import gateway_group
from load.waves import Waves

SEED = 11
#: The allowance beyond the setting, as a share of it, for buffers and for memory that allocators do not return.
SLACK = 0.2


@dataclass(frozen=True)
class Growth:
    """The growth of a gateway's memory."""

    setting_mb: int
    requests: int
    sent_mb: float
    grown_mb: float

    @property
    def allowed_mb(self) -> float:
        """The largest growth that is allowed."""
        return self.setting_mb * (1 + SLACK)


def rss_mb(group: int) -> float:
    """Return the resident memory of all processes of a group, in 2**20 bytes."""
    kb = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if int((status.parent / "stat").read_text().rsplit(")", 1)[1].split()[2]) == group:
                kb += int(next(line for line in status.read_text().splitlines() if line.startswith("VmRSS")).split()[1])
        except (OSError, StopIteration):  # it has just ended
            continue
    return kb / 1024


def paths(catalog: dict, client: int = 0) -> Iterator[str]:
    """Generate addresses without end. All differ, and every kind comes again and again."""
    rng = random.Random(f"{SEED} {client}")
    steps = [step["t"] for step in catalog["steps"]][:2]  # with more steps, this would measure the engine
    shells, names = len(catalog["shells"]), catalog["variables"]

    def tile(z: int = 6) -> str:
        t, r = rng.choice(steps), rng.randrange(min(shells, 8))
        return f"/tiles/{rng.choice(names)}/{t}/{r}/{z}/{rng.randrange(2**z)}/{rng.randrange(2**z)}"

    one = f"/tiles/{names[0]}/{steps[0]}/{shells // 2}/0/0/0"
    for i in itertools.count():
        low, high = rng.uniform(0, 1000), rng.uniform(2000, 3000)
        yield f"{one}?v={i}{'x' * 1700}"
        yield f"{one}.png?v={'y' * 1900}{i}"
        yield f"{one}?rescale={low!r},{high!r}&under={i % 2**24:06x}&over={rng.randrange(2**24):06x}"
        yield f"{one}?steps={rng.randrange(2, 256)}&under={rng.randrange(2**24):06x}&v={i}{'z' * 1500}"
        yield f"{tile()}?v={i}{'j' * 1000}"
        yield f"{tile(9)}@2x.png?v={i}{'k' * 1500}"
        yield f"{tile(3)}.npy?v={i}{'l' * 1500}"
        yield f"/tiles/{names[0]}/{i}/999/{'9' * 1500}"
        yield f"/nothing/{i}/{'n' * 1800}?{'m' * 200}={i}"
        place = f"lat={rng.uniform(-89, 89)!r}&lon={i}"
        yield f"/points/{rng.choice(names)}/{steps[0]}/{shells // 2}?{place}&v={'o' * 1500}"
        yield f"{one}?too={i}{'long' * 1000}"


def request(path: str, i: int, *fields: str) -> bytes:
    """Make a GET request with a new request identifier, and with more header fields."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: bench", f"X-Request-ID: {i}", *fields, "", ""]).encode()


def grown(surrogate: Path, setting_mb: int, sent_mb: float, **settings: str) -> Growth:
    """Measure a gateway's growth from the time it is ready until it has read this many megabytes of requests."""
    with gateway_group(surrogate, 1, cache_mb=str(setting_mb), prefetch="false", **settings) as (port, group):
        catalog = httpx.get(f"http://127.0.0.1:{port}/catalog", trust_env=False).json()
        asked, sent, count = paths(catalog), 0, 0
        first = f"/tiles/{catalog['variables'][0]}/{catalog['steps'][0]['t']}/0/0/0/0"
        httpx.get(f"http://127.0.0.1:{port}{first}", trust_env=False, timeout=60).raise_for_status()
        before = rss_mb(group)
        while sent < sent_mb * 1e6:
            wave = [request(next(asked), count + i) for i in range(44)]
            with Waves(port, 4) as waves:  # new connections, because the server closes those that idle for too long
                for answer in waves.get(wave):
                    assert answer.status in (200, 404, 414, 422), answer
            sent, count = sent + sum(map(len, wave)), count + len(wave)
        return Growth(setting_mb, count, sent / 1e6, rss_mb(group) - before)
