"""Measures how much background reading slows down cached tiles, by the 95th percentile of their time.

Two gateways are asked in turns, so that other work on the machine affects both. One may not prefetch. The other reads
all time steps after its first cold shell.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
import numpy as np

from load.processes import cpu_s, gateway_group
from load.waves import Waves, request

#: The largest factor by which background work may raise the 95th percentile of a cached tile.
MOST = 2.0
ROUND_S = 0.5


@dataclass
class Latencies:
    """The milliseconds from request to answer of each cached tile, and the background work's CPU time meanwhile."""

    quiet_ms: list[float] = field(default_factory=list)
    reading_ms: list[float] = field(default_factory=list)
    background_cpu_s: float = 0.0

    @property
    def quiet_p95_ms(self) -> float:
        return float(np.percentile(self.quiet_ms, 95))

    @property
    def reading_p95_ms(self) -> float:
        return float(np.percentile(self.reading_ms, 95))

    @property
    def ratio(self) -> float:
        """The factor by which reading steps raises the 95th percentile of a cached tile."""
        return self.reading_p95_ms / self.quiet_p95_ms


def latencies(surrogate: Path, seconds: float = 20.0) -> Latencies:
    """Ask both gateways for a cached tile in turns, for this many seconds in total."""
    found = Latencies()
    with (
        gateway_group(surrogate, 1, prefetch="false") as (quiet_port, quiet_group),
        gateway_group(surrogate, 1, prefetch="true") as (reading_port, reading_group),
    ):
        catalog = httpx.get(f"http://127.0.0.1:{quiet_port}/catalog", trust_env=False).json()
        middle = catalog["steps"][len(catalog["steps"]) // 2]["t"]
        tile = request(f"/tiles/{catalog['variables'][0]}/{middle}/5/0/0/0")
        for port in (quiet_port, reading_port):  # a gateway closes connections that wait for as long as this may take
            with Waves(port, 1) as waves:
                list(waves.get([tile] * 100))
        with Waves(quiet_port, 1) as quiet, Waves(reading_port, 1) as reading:
            started = cpu_s(group=reading_group) - cpu_s(group=quiet_group)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                _ask(quiet, tile, found.quiet_ms)
                _ask(reading, tile, found.reading_ms)
            found.background_cpu_s = cpu_s(group=reading_group) - cpu_s(group=quiet_group) - started
    return found


def _ask(waves: Waves, tile: bytes, taken_ms: list[float]) -> None:
    until = time.monotonic() + ROUND_S
    while time.monotonic() < until:
        started = time.perf_counter()
        (answer,) = waves.get([tile])
        taken_ms.append((time.perf_counter() - started) * 1e3)
        assert answer.headers["cache-status"].endswith("hit; detail=memory"), answer
