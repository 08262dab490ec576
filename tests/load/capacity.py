"""`make capacity`: measures what requests cost here, and checks `earthgan capacity` against runs of Locust.

It prints what was predicted beside what was measured, and exits with 1 if they differ by more than is allowed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2 as httpx
from prometheus_client.parser import text_string_to_metric_families

from earthgan import Surrogate
from earthgan.files import write_json
from earthgan.kinds.coded_inputs import KEPT_EVERY
from earthgan.sphere.tiles import WEB_MERCATOR, max_native_zoom
from earthgan_gateway.capacity.costs import Costs
from earthgan_gateway.capacity.model import Forecast, Load, Machines, Sizes, forecast
from gateway_server import environment
from integration.redis_server import redis_server
from load.bench import Bench, Plan
from load.processes import cpu_s, gateway_group
from load.waves import Waves, request
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE, ROOT

#: How far a measured share may be from the predicted one, and a measured count or time, as a factor.
SHARE, FACTOR = 0.05, 1.35
MOMENTS = 24


@dataclass(frozen=True)
class Case:
    """A surrogate, caches in 2**20 bytes, the popularity's exponent, and tiles a second.

    A process that has too much to do answers late, and what it has not answered is not counted. So each rate is one
    that a single process can serve.
    """

    surrogate: Path
    cache_mb: int
    redis_mb: int
    zipf: float
    per_s: int
    variables: int = 2


CASES = (
    Case(DEFAULT_SURROGATE, 256, 0, 1.5, 8),
    Case(BASELINE_SURROGATE, 256, 0, 1.2, 30),
    Case(BASELINE_SURROGATE, 64, 0, 1.5, 30),
    Case(BASELINE_SURROGATE, 64, 32, 1.5, 30),
)


def measured_costs(surrogate: Path) -> Costs:
    """Measure each kind of work with a gateway of its own. Other work on the machine hardly changes CPU times."""
    plan = Plan(zooms=range(3), fields=30, cold_shells=2, rounds=2, hot_requests=10_000, seconds=0.0)
    bench = Bench(surrogate, plan).run(1)
    with gateway_group(surrogate, 1, prefetch="false") as (port, group), Waves(port, 1) as one:
        catalog = httpx.get(f"http://127.0.0.1:{port}/catalog", trust_env=False).json()
        first, second, *_ = catalog["variables"]
        chains = Sizes.of(Surrogate(surrogate)).chains
        # Key frames, and after them steps that are decoded from them and stay in memory.
        later = [chain for chain in chains if len(chain) == 1 + KEPT_EVERY][:8]
        keys = list(dict.fromkeys(chain[-1] for chain in later or chains))[:8]
        steps = [catalog["steps"][place]["t"] for place in (*keys, *(chain[0] for chain in later))]
        links = len(keys) + KEPT_EVERY * len(later)

        def each_ms(paths: list[str]) -> float:
            before = cpu_s(group=group)
            assert all(answer.status == 200 for answer in one.get([request(path) for path in paths]))
            return (cpu_s(group=group) - before) / len(paths) * 1e3

        cold = each_ms([f"/tiles/{first}/{t}/90/0/0/0.png" for t in steps])
        shells = each_ms([f"/tiles/{first}/{t}/{r}/0/0/0.png" for r in (40, 70, 120) for t in steps])
        others = each_ms([f"/tiles/{second}/{t}/{r}/0/0/0.png" for r in (70, 120) for t in steps])
        profiles = each_ms([f"/profiles/{first}/{t}?lat=10&lon={lon}" for lon in (20, 50, 110) for t in steps])
    drawn = bench["tile_rendered_cpu_ms"]
    return Costs(
        tile_memory_cpu_ms=bench["tile_memory_cpu_ms"],
        tile_redis_cpu_ms=bench["tile_redis_cpu_ms"],
        redis_own_cpu_ms=bench["redis_own_cpu_ms"],
        tile_rendered_cpu_ms=drawn,
        unpack_cpu_ms=max(0.1, others - drawn),
        shell_cpu_ms=shells - others,
        step_cpu_ms=(cold - shells) * len(steps) / links,
        profile_cpu_ms=profiles,
        tile_bytes=bench["png_bytes"] + 600,
    )


def counted(port: int) -> dict[str, float]:
    """Return what the gateway has counted: tiles by where they came from, and calls of the generator."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    found = {"memory": 0.0, "redis": 0.0, "rendered": 0.0, "calls": 0.0}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "earthgan_tiles_total":
                found[sample.labels["level"]] += sample.value
            elif sample.name == "earthgan_engine_seconds_count":
                found["calls"] += sample.value
    return found


def run(case: Case, seconds: int) -> tuple[dict[str, float], float]:
    """Return what Locust's requests were answered with, in empty caches, and how many there were in a second."""
    # No tile is refused here, because the prediction is about work and not about its refusal.
    patient = {"tile_wait_s": "600", "engine_timeout_s": "600", "max_pending_shells": "10000"}
    settings = {"cache_mb": str(case.cache_mb), "prefetch": "false"} | patient
    with tempfile.TemporaryDirectory() as folder:
        started = redis_server(Path(folder)) if case.redis_mb else nullcontext((None, None))
        with started as (url, process):
            if url is not None:
                settings |= {"redis_url": url, "redis_timeout_s": "1"}
                for option in (f"maxmemory {case.redis_mb}mb", "maxmemory-policy allkeys-lfu"):
                    subprocess.run(
                        ["redis-cli", "-u", url, "config", "set", *option.split()],
                        check=True,
                        stdout=subprocess.DEVNULL,
                    )
            with gateway_group(case.surrogate, 1, **settings) as (port, group):
                before, redis_before = cpu_s(group=group), cpu_s(pid=process.pid) if process else 0.0
                command = [sys.executable, "-m", "locust", "-f", "tests/load/zipf.py", "--headless", "--json"]
                command += ["--host", f"http://127.0.0.1:{port}", "-t", f"{seconds}s", "-u", str(case.per_s)]
                command += ["-r", "1000", "--zipf", str(case.zipf), "--looked-at", str(case.variables)]
                command += ["--p95-open-ms", "1e9"]
                variables = environment() | {"PYTHONPATH": f"{ROOT / 'tests'}:{_python_path()}"}
                done = subprocess.run(
                    command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=seconds + 120, check=False
                )
                assert done.returncode == 0, done.stderr[-4000:]
                found, total = counted(port), json.loads(done.stdout)
                found["gateway_cores"] = (cpu_s(group=group) - before) / seconds
                found["redis_cores"] = (cpu_s(pid=process.pid) - redis_before) / seconds if process else 0.0
    tiles = [entry for entry in total if entry["name"].startswith("open: tile")]
    found["mbit_per_s"] = 8e-6 * sum(entry["total_content_length"] for entry in tiles) / seconds
    return found, sum(found[level] for level in ("memory", "redis", "rendered")) / seconds


def _python_path() -> str:
    return ":".join(path for path in sys.path if path)


def predicted(case: Case, per_s: float, seconds: int, costs: Costs) -> list[tuple[float, Forecast]]:
    """Predict moments of a run, and say which share of it each stands for. Most is going on at its beginning."""
    opened = Surrogate(case.surrogate)
    sizes = Sizes.of(opened)
    tiles = sum(4**z for z in range(max_native_zoom(WEB_MERCATOR, opened.grid) + 1))
    machines = Machines(1, 1, case.cache_mb, case.redis_mb, 1000)
    found = []
    for at in ((moment + 0.5) / MOMENTS for moment in range(MOMENTS)):
        load = Load(per_s, case.zipf, case.variables, tiles, 0, seconds * at**2)
        found.append((2 * at / MOMENTS, forecast(sizes, load, machines, costs)))
    return found


def compared(case: Case, seconds: int, costs: Costs) -> tuple[list[str], bool]:
    """Return rows of a table in Markdown, and whether all numbers are as near as is allowed."""
    found, per_s = run(case, seconds)
    moments = predicted(case, per_s, seconds, costs)

    def mean(name: str) -> float:
        return sum(share * getattr(moment, name) for share, moment in moments)

    tiles = per_s * seconds
    where = f"{case.surrogate.name}, {case.cache_mb} MB, Redis {case.redis_mb} MB, S = {case.zipf}, {per_s:.1f}/s"
    rows, holds = [], True
    for name, due, got in (
        ("tiles in memory", mean("memory"), found["memory"] / tiles),
        ("tiles in Redis", mean("redis"), found["redis"] / tiles),
        ("tiles drawn", mean("drawn"), found["rendered"] / tiles),
    ):
        rows.append(f"| {where} | {name} | {due:.1%} | {got:.1%} |")
        # Redis drops what is read least, which keeps more than the prediction promises.
        holds &= abs(due - got) <= SHARE or (case.redis_mb > 0 and (name != "tiles drawn" or got < due))
    for name, due, got in (
        ("generator calls a second", mean("engine_calls_per_s"), found["calls"] / seconds),
        ("cores of the gateway", mean("gateway_cores"), found["gateway_cores"]),
        ("Mbit/s", mean("mbit_per_s"), found["mbit_per_s"]),
    ):
        rows.append(f"| {where} | {name} | {due:.2f} | {got:.2f} |")
        if name != "cores of the gateway":  # other work on the machine changes these by more than a factor of two
            holds &= got <= due * FACTOR and (case.redis_mb > 0 or got >= due / FACTOR)
    return rows, holds


def main() -> int:
    """Print the costs and the table. Return 1 if a prediction is too far off."""
    parser = argparse.ArgumentParser(prog="capacity", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="length of each run (60)")
    parser.add_argument("--costs", type=Path, metavar="FILE", help="write the costs there, for `earthgan capacity`")
    arguments = parser.parse_args()
    costs = {surrogate: measured_costs(surrogate) for surrogate in {case.surrogate: None for case in CASES}}
    for surrogate, each in costs.items():
        print(surrogate.name, json.dumps(asdict(each), indent=2), flush=True)
    if arguments.costs:
        write_json(arguments.costs, asdict(costs[DEFAULT_SURROGATE]))
    print("| caches and load | | predicted | measured |\n|---|---|---|---|", flush=True)
    holds = True
    for case in CASES:
        rows, near = compared(case, arguments.seconds, costs[case.surrogate])
        print("\n".join(rows), flush=True)
        holds &= near
    print("holds" if holds else f"a share is off by more than {SHARE:.0%}, or a number by more than {FACTOR} times")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
