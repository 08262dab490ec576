"""How much a gateway's memory grows under requests that all differ.

The bound is EARTHGAN_CACHE_MB and a fifth of it. Nothing that a stranger can vary may grow without one: long queries,
junk after a tile's address, tiles, styles, variables, steps, shells, places and paths that there are not.
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
#: What is allowed beyond the setting, as a share of it: buffers, and what allocators do not give back.
SLACK = 0.2


@dataclass(frozen=True)
class Growth:
    """What a gateway's memory has done."""

    setting_mb: int
    requests: int
    sent_mb: float
    grown_mb: float

    @property
    def allowed_mb(self) -> float:
        """The most that it may grow."""
        return self.setting_mb * (1 + SLACK)


def rss_mb(group: int) -> float:
    """The resident memory of all processes of a group, in 2**20 bytes."""
    kb = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if int((status.parent / "stat").read_text().rsplit(")", 1)[1].split()[2]) == group:
                kb += int(next(line for line in status.read_text().splitlines() if line.startswith("VmRSS")).split()[1])
        except (OSError, StopIteration):  # it has just ended
            continue
    return kb / 1024


def paths(catalog: dict, client: int = 0) -> Iterator[str]:
    """Addresses that all differ, without end; every kind of them again and again."""
    rng = random.Random(f"{SEED} {client}")
    steps = [step["t"] for step in catalog["steps"]][:2]  # more would measure the engine
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


def request(path: str, i: int) -> bytes:
    """A GET whose request identifier differs too."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nX-Request-ID: {i}\r\n\r\n".encode()


def grown(surrogate: Path, setting_mb: int, sent_mb: float, **settings: str) -> Growth:
    """The growth of a gateway, from when it was ready until it had read so many megabytes of requests."""
    with gateway_group(surrogate, 1, cache_mb=str(setting_mb), prefetch="false", **settings) as (port, group):
        catalog = httpx.get(f"http://127.0.0.1:{port}/catalog", trust_env=False).json()
        asked, sent, count = paths(catalog), 0, 0
        first = f"/tiles/{catalog['variables'][0]}/{catalog['steps'][0]['t']}/0/0/0/0"
        httpx.get(f"http://127.0.0.1:{port}{first}", trust_env=False, timeout=60).raise_for_status()
        before = rss_mb(group)
        while sent < sent_mb * 1e6:
            wave = [request(next(asked), count + i) for i in range(44)]
            with Waves(port, 4) as waves:  # anew each time: the server closes what idles behind a slow answer
                for answer in waves.get(wave):
                    assert answer.status in (200, 404, 414, 422), answer
            sent, count = sent + sum(map(len, wave)), count + len(wave)
        return Growth(setting_mb, count, sent / 1e6, rss_mb(group) - before)
