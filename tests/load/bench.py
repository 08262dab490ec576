"""`make bench`: the CPU time of a tile on each way that it can take, and the cost of surrogates without a gateway.

The CPU time of the whole process group is read from /proc, so that other work on the machine hardly changes it. It does
not include the client. Every answer is checked to have taken the way that is measured.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx

from earthgan.files import write_json as whole_json
from earthgan_gateway import Settings
from integration.redis_server import redis_server
from load.background import MOST, latencies
from load.engine_bench import measured, paper_surrogate
from load.memory import SLACK, grown
from load.processes import cpu_s, floor_group, gateway_group, serve_has_workers
from load.step_bench import of_a_new_step
from load.waves import Answer, Waves, request
from places import DEFAULT_SURROGATE

SEED = 7
TMS = "WebMercatorQuad"
#: The targets for the processes' CPU time in milliseconds.
TARGETS_CPU_MS = {
    "tile_rendered_cpu_ms": 1.0,
    "tile_memory_cpu_ms": 0.1,
    "tile_redis_cpu_ms": 0.25,
    "not_modified_cpu_ms": 0.06,
}
LABELS = {
    "shell_cpu_ms": "tile from a cold shell",
    "tile_rendered_cpu_ms": "tile drawn from a shell in memory",
    "tile_rendered_first_cpu_ms": "  of these, places never drawn before",
    "tile_memory_cpu_ms": "tile in memory",
    "tile_redis_cpu_ms": "tile in Redis",
    "redis_own_cpu_ms": "  CPU time of Redis, not included",
    "not_modified_cpu_ms": "304 for a current entity tag",
    "floor_cpu_ms": "raw ASGI, 12 kB",
}


#: The numbers of a surrogate without a gateway: label, target, and the number of digits to print.
ENGINE = {
    "next_step_cpu_s": ("the next time step, CPU s", 0.15, 3),
    "cold_step_cpu_s": ("a step of the longest chain from cold", 0.6, 3),
    "engine_shell_cpu_ms": ("a shell of all variables, CPU ms", 60.0, 1),
    "paper_shell_cpu_ms": ("  the paper's generator, by exact window", None, 1),
    "transform_shell_cpu_ms": ("a cold shell of a decoded step, CPU ms", 6.0, 2),
    "ducc0_shell_cpu_ms": ("  only its harmonics, by ducc0", None, 2),
    "transform_shell_per_ducc0": ("  times as long as ducc0", 3.0, 2),
    "transform_temperature_cpu_ms": ("  for temperature only, CPU ms", 2.0, 2),
    "ducc0_temperature_cpu_ms": ("  only its harmonics, by ducc0", None, 2),
    "transform_temperature_per_ducc0": ("  times as long as ducc0", 3.0, 2),
    "volume_cpu_s": ("the whole volume, CPU s", 4.0, 2),
    "engine_memory_mb": ("peak memory, MB", 1000.0, 0),
    "opening_cpu_s": ("opening it, CPU s", None, 2),
    "decode_cpu_ms": ("decoding a time step, CPU ms", 5.0, 1),
    "refine_cpu_ms": ("refining a decoded step, CPU ms", None, 1),
    "new_step_tile_cpu_ms": ("tile of a new step, through a server, CPU ms", 150.0, 0),
    "ready_again_cpu_s": ("server ready the second time, CPU s", 1.5, 2),
}


#: The numbers of a gateway under other load: label, target and digits. The memory setting is the default.
SETTING_MB = Settings().cache_mb
GATEWAY = {
    "reading_p95_ratio": ("a cached tile's p95 while steps are read", MOST, 2),
    "quiet_p95_ms": ("  the p95 without reading, ms", None, 2),
    "growth_mb": ("growth under requests that all differ, MB", SETTING_MB * (1 + SLACK), 0),
    "sent_mb": ("  size of the requests, MB", None, 0),
}


@dataclass(frozen=True)
class Plan:
    """How many requests each measurement makes."""

    zooms: range = range(6)
    tiles_per_zoom: int = 64
    fields: int = 12
    cold_shells: int = 60
    rounds: int = 3
    hot_requests: int = 20_000
    seconds: float = 1.0
    connections: int = 8
    reading_s: float = 30.0
    sent_mb: float = 200.0

    @classmethod
    def quick(cls) -> "Plan":
        """The smallest plan that shows that the bench works."""
        return cls(
            zooms=range(4), fields=2, cold_shells=2, rounds=1, hot_requests=500, seconds=0.0, reading_s=6.0, sent_mb=2.0
        )

    def tiles(self) -> list[tuple[int, int, int]]:
        """Return up to this many distinct tiles of each zoom, the same ones in every run."""
        chooser = random.Random(SEED)
        chosen = []
        for z in self.zooms:
            all_tiles = [(z, x, y) for x in range(2**z) for y in range(2**z)]
            chosen += chooser.sample(all_tiles, min(self.tiles_per_zoom, len(all_tiles)))
        return chosen


@dataclass
class Tally:
    """The counts of a measurement."""

    requests: int = 0
    bytes: int = 0
    cpu_s: float = 0.0

    @property
    def cpu_ms(self) -> float:
        return self.cpu_s / self.requests * 1e3


class WrongWay(Exception):
    """An answer did not take the way that is measured."""


def measure(group: int, answers: Iterator[Answer], is_right: Callable[[Answer], bool]) -> Tally:
    """Return the group's CPU time for these answers. Raises WrongWay if 1 % or more of them took another way."""
    tally, wrong, example = Tally(), 0, None
    started = cpu_s(group=group)
    for answer in answers:
        tally.requests += 1
        tally.bytes += answer.bytes
        if not is_right(answer):
            wrong, example = wrong + 1, answer
    tally.cpu_s = cpu_s(group=group) - started
    if wrong * 100 >= tally.requests:
        raise WrongWay(f"{wrong} of {tally.requests} answers, such as {example}")
    return tally


def again_and_again(waves: Waves, requests: list[bytes], plan: Plan) -> Iterator[Answer]:
    """Repeat the same requests until enough were sent and enough time has passed."""
    sent, until = 0, time.monotonic() + plan.seconds
    while sent < plan.hot_requests or time.monotonic() < until:
        yield from waves.get(requests)
        sent += len(requests)


def quietest(group: int, waves: Waves, requests: list[bytes], plan: Plan, is_right: Callable[[Answer], bool]) -> Tally:
    """Return the cheapest of a few rounds. Other work on the machine can only add CPU time, by cold caches and a lower
    clock.
    """
    rounds = [measure(group, again_and_again(waves, requests, plan), is_right) for _ in range(plan.rounds)]
    return min(rounds, key=lambda tally: tally.cpu_ms)


def drawn(answer: Answer) -> bool:
    return answer.status == 200 and "fwd=miss" in answer.headers.get("cache-status", "")


def found_in(level: str) -> Callable[[Answer], bool]:
    return lambda answer: (
        answer.status == 200 and answer.headers.get("cache-status", "").endswith(f"hit; detail={level}")
    )


def not_modified(answer: Answer) -> bool:
    return answer.status == 304


class Bench:
    """Makes all measurements of one surrogate by one plan."""

    def __init__(self, surrogate: Path, plan: Plan) -> None:
        self._surrogate = surrogate
        self._plan = plan
        self._tiles = plan.tiles()

    def _fields(self, port: int) -> tuple[list[str], list[str]]:
        """Choose fields `variable/t/r` from /catalog to draw, and others that stay cold. All have distinct shells."""
        catalog = httpx.get(f"http://127.0.0.1:{port}/catalog", trust_env=False).json()
        shells = [(step["t"], shell["r"]) for step in catalog["steps"] for shell in catalog["shells"]]
        chosen = random.Random(SEED).sample(shells, self._plan.fields + self._plan.cold_shells)
        names = catalog["variables"]
        fields = [f"{names[i % len(names)]}/{t}/{r}" for i, (t, r) in enumerate(chosen)]
        return fields[: self._plan.fields], fields[self._plan.fields :]

    def _requests(self, field: str) -> list[bytes]:
        return [request(f"/tiles/{field}/{z}/{x}/{y}.png?tms={TMS}") for z, x, y in self._tiles]

    def run(self, workers: int) -> dict[str, float]:
        """Return CPU milliseconds and bytes by name, for a gateway with this many workers."""
        results = self._floor(workers) | self._in_process(workers)
        if shutil.which("redis-server"):
            results |= self._redis(workers)
        return results

    def _floor(self, workers: int) -> dict[str, float]:
        with floor_group(workers) as (port, group), Waves(port, self._plan.connections) as waves:
            requests = [request("/")] * len(self._tiles)
            list(waves.get(requests))
            tally = quietest(group, waves, requests, self._plan, lambda answer: answer.status == 200)
        return {"floor_cpu_ms": tally.cpu_ms}

    def _in_process(self, workers: int) -> dict[str, float]:
        plan = self._plan
        with gateway_group(self._surrogate, workers, prefetch="false") as (port, group):
            fields, cold_fields = self._fields(port)
            # The gateway does not prefetch, because the generator's work for other shells would be counted here.
            # Requests come one at a time, like the generator's work. A tile is the smallest answer that needs a shell.
            with Waves(port, 1) as one:
                cold = measure(group, one.get([request(f"/tiles/{field}/0/0/0.png") for field in cold_fields]), drawn)
            # These connections are opened now, because the gateway closes those that wait for long before they ask.
            with Waves(port, plan.connections) as waves:
                waves.everywhere([request(f"/shells/{field}.npy") for field in fields])
                by_field = [measure(group, waves.get(self._requests(field)), drawn) for field in fields]
                hot = [tile for field in fields for tile in self._requests(field)]
                tags = [answer.headers["etag"] for answer in waves.get(hot)]
                memory = quietest(group, waves, hot, plan, found_in("memory"))
                conditional = [tile[:-2] + f"If-None-Match: {tag}\r\n\r\n".encode() for tile, tag in zip(hot, tags)]
                unchanged = quietest(group, waves, conditional, plan, not_modified)
        rendered = Tally(*(sum(getattr(t, name) for t in by_field) for name in ("requests", "bytes", "cpu_s")))
        return {
            "shell_cpu_ms": cold.cpu_ms,
            "tile_rendered_cpu_ms": rendered.cpu_ms,
            "tile_rendered_first_cpu_ms": by_field[0].cpu_ms,
            "tiles_rendered": rendered.requests,
            "tile_memory_cpu_ms": memory.cpu_ms,
            "not_modified_cpu_ms": unchanged.cpu_ms,
            "hot_requests": memory.requests,
            "png_bytes": rendered.bytes / rendered.requests,
        }

    def _redis(self, workers: int) -> dict[str, float]:
        """Measure tiles from Redis: the first request for each in a new gateway that has already read the addresses."""
        settings = {"redis_timeout_s": "1", "prefetch": "false"}
        with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as (url, process):
            with gateway_group(self._surrogate, workers, redis_url=url, **settings) as (port, _):
                requests = [tile for field in self._fields(port)[0] for tile in self._requests(field)]
                with Waves(port, self._plan.connections) as waves:
                    list(waves.get(requests))  # this draws them
            any_tag = [tile[:-2] + b"If-None-Match: *\r\n\r\n" for tile in requests]
            tallies, redis_s = [], []
            for _ in range(self._plan.rounds):
                with (
                    gateway_group(self._surrogate, workers, redis_url=url, **settings) as (port, group),
                    Waves(port, self._plan.connections) as waves,
                ):
                    waves.everywhere(any_tag)
                    started = cpu_s(pid=process.pid)
                    tallies.append(measure(group, waves.get(requests), found_in("redis")))
                    redis_s.append(cpu_s(pid=process.pid) - started)
        best = min(tallies, key=lambda tally: tally.cpu_ms)
        return {"tile_redis_cpu_ms": best.cpu_ms, "redis_own_cpu_ms": min(redis_s) / best.requests * 1e3}


def table(results: dict[int, dict[str, float]]) -> str:
    """Return a table in CPU milliseconds: this gateway for each number of workers, the target, and the floor."""
    counts = list(results)
    lines = [
        f"{'CPU ms a request':38}" + "".join(f"{f'{n} worker(s)':>13}" for n in counts) + f"{'target':>9}{'floor':>9}"
    ]
    for name, label in LABELS.items():
        if not any(name in results[n] for n in counts):
            continue
        ours = "".join(f"{results[n].get(name, float('nan')):13.3f}" for n in counts)
        target = f"{TARGETS_CPU_MS[name]:9.2f}" if name in TARGETS_CPU_MS else f"{'':9}"
        floor = f"{results[counts[0]]['floor_cpu_ms']:9.3f}" if name in TARGETS_CPU_MS else ""
        lines.append(f"{label:38}{ours}{target}{floor}".rstrip())
    lines.append(f"{'mean bytes of a PNG':38}" + "".join(f"{results[n]['png_bytes']:13,.0f}" for n in counts))
    return "\n".join(lines)


def of_the_gateway(surrogate: Path, plan: Plan) -> dict[str, float]:
    """Return the numbers that `GATEWAY` lists."""
    found = latencies(surrogate, plan.reading_s)
    growth = grown(surrogate, SETTING_MB, plan.sent_mb)
    return {
        "reading_p95_ratio": found.ratio,
        "quiet_p95_ms": found.quiet_p95_ms,
        "growth_mb": growth.grown_mb,
        "sent_mb": growth.sent_mb,
    }


def rows(numbers: dict[str, float], labels: dict[str, tuple[str, float | None, int]]) -> str:
    """Return a table of numbers with their labels and targets."""
    lines = []
    for name, (label, target, digits) in labels.items():
        aim = f"{target:9g}" if target else ""
        lines.append(f"{label:38}{numbers[name]:13.{digits}f}{'':13}{aim}".rstrip())
    return "\n".join(lines)


def of_the_engine(surrogate: Path) -> dict[str, float]:
    """Return the numbers that `ENGINE` lists. Each surrogate is measured in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        paper = measured(paper_surrogate(Path(folder)), "--one-shell")
    own = measured(surrogate) | measured(surrogate, "--evaluation") | of_a_new_step(surrogate)
    return own | {"paper_shell_cpu_ms": paper["engine_shell_cpu_ms"]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("surrogate", type=Path, nargs="?", default=DEFAULT_SURROGATE, help="surrogate folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers as JSON")
    parser.add_argument("--seconds", type=float, help="least duration of each round with cached tiles (1)")
    parser.add_argument("--quick", action="store_true", help="only make a few requests, to see that it works")
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2], help="numbers of gateway processes to measure (1 2)"
    )
    arguments = parser.parse_args()
    plan = Plan.quick() if arguments.quick else Plan(**({"seconds": arguments.seconds} if arguments.seconds else {}))
    bench = Bench(arguments.surrogate.resolve(), plan)
    results: dict[int, dict[str, float]] = {}
    for workers in arguments.workers:
        if workers > 1 and not serve_has_workers():
            print(f"{workers} workers are not measured, because `earthgan serve` has no --workers")
            continue
        results[workers] = bench.run(workers)
    print(table(results))
    engine = of_the_engine(arguments.surrogate.resolve())
    print(rows(engine, ENGINE))
    gateway = of_the_gateway(arguments.surrogate.resolve(), plan)
    print(rows(gateway, GATEWAY))
    if arguments.json:
        write_json(arguments.json, results, engine | gateway, plan)


def write_json(file: Path, results: dict[int, dict[str, float]], engine: dict[str, float], plan: Plan) -> None:
    """Return the report for JSON: the first number of workers at the top level, and every one under `workers`."""
    first = next(iter(results.values()))
    document: dict[str, Any] = {name: round(value, 5) for name, value in (first | engine).items()}
    document["workers"] = {str(n): {name: round(value, 5) for name, value in r.items()} for n, r in results.items()}
    document["targets_cpu_ms"] = TARGETS_CPU_MS
    document["plan"] = {"zooms": [*plan.zooms], "tiles": len(plan.tiles()), "fields": plan.fields, "tms": TMS}
    document["machine"] = {"cores": os.cpu_count(), "load_1_min": os.getloadavg()[0]}
    whole_json(file, document)


if __name__ == "__main__":
    main()
