"""The command line of `earthgan capacity`."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command, count, positive
from earthgan.errors import BadInput
from earthgan.files import write_json

if TYPE_CHECKING:
    from earthgan_gateway.capacity.model import Forecast, Machines

#: The sizes of the table, in MB.
CACHES_MB, REDIS_MB = (64, 256, 1024), (0, 512, 4096)
_EXAMPLE = """earthgan capacity --requests-per-second 500
  earthgan capacity mine --requests-per-second 2000 --redis-mb 4096 --zipf 0.8 --json capacity.json"""


def register(subcommands: Any) -> None:
    """Add `capacity`."""
    parser = add_command(
        subcommands, "capacity", _capacity, "predict hit rates, cores and the first bottleneck of a load", _EXAMPLE
    )
    parser.add_argument("surrogate", type=Path, nargs="?", help="surrogate folder (the one that ships)")
    parser.add_argument("--requests-per-second", type=_positive, required=True, metavar="N", help="of all readers")
    parser.add_argument("--zipf", type=_between(0, 5), default=1.0, metavar="S", help="popularity's exponent (1)")
    parser.add_argument("--variables", type=positive, metavar="N", help="variables that readers look at (all)")
    parser.add_argument("--profiles", type=_between(0, 1), default=0.01, metavar="P", help="their share (0.01)")
    parser.add_argument("--hours", type=_positive, default=1.0, help="time since the caches were empty (1)")
    parser.add_argument("--gateways", type=positive, metavar="N", help="gateway processes (the fewest that suffice)")
    parser.add_argument("--cores", type=positive, metavar="N", help="cores for them (one for each)")
    parser.add_argument("--cache-mb", type=positive, default=256, metavar="MB", help="EARTHGAN_CACHE_MB (256)")
    parser.add_argument("--redis-mb", type=count, default=512, metavar="MB", help="Redis's maxmemory; 0: none (512)")
    parser.add_argument("--network-mbit", type=_positive, default=1000.0, metavar="N", help="Mbit/s out (1000)")
    parser.add_argument("--costs", type=Path, metavar="FILE", help="costs that `make capacity` has measured, as JSON")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")


def _positive(text: str) -> float:
    return _between(1e-6, 1e9)(text)


def _between(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return number

    return parse


def _capacity(arguments: argparse.Namespace) -> None:
    from earthgan.sphere.tiles import WEB_MERCATOR, max_native_zoom
    from earthgan.surrogate import Surrogate
    from earthgan_gateway.capacity.costs import Costs
    from earthgan_gateway.capacity.model import (
        MOST_GATEWAYS,
        USABLE,
        Load,
        Machines,
        Sizes,
        forecast,
        gateways_for,
        most_per_s,
    )
    from earthgan_gateway.settings import SHIPPED

    surrogate = Surrogate(arguments.surrogate or (SHIPPED / "surrogate").resolve())
    costs = Costs.read(arguments.costs) if arguments.costs else Costs()
    sizes = Sizes.of(surrogate)
    variables = arguments.variables or sizes.variables
    if variables > sizes.variables:
        raise BadInput(f"--variables {variables}: {surrogate.folder} has {sizes.variables}")
    tiles = sum(4**z for z in range(max_native_zoom(WEB_MERCATOR, surrogate.grid) + 1))
    per_s, since_s = arguments.requests_per_second, 3600 * arguments.hours
    load = Load(per_s, arguments.zipf, variables, tiles, arguments.profiles, since_s)
    machines = Machines(1, 1, arguments.cache_mb, arguments.redis_mb, arguments.network_mbit)
    chosen = arguments.gateways or gateways_for(sizes, load, machines, costs)
    gateways = chosen or MOST_GATEWAYS
    machines = replace(machines, gateways=gateways, cores=arguments.cores or gateways)
    found = forecast(sizes, load, machines, costs)
    table = {
        (cache_mb, redis_mb): forecast(sizes, load, replace(machines, cache_mb=cache_mb, redis_mb=redis_mb), costs)
        for cache_mb in sorted({*CACHES_MB, arguments.cache_mb})
        for redis_mb in sorted({*REDIS_MB, arguments.redis_mb})
    }
    most = most_per_s(sizes, load, machines, costs)
    if chosen is None:
        print(f"No number of gateways up to {MOST_GATEWAYS} suffices.")
    _show(per_s, arguments.hours, machines, found)
    print(f"First bottleneck: {found.bottleneck}. It takes {most:,.0f} requests a second to make it {USABLE:.0%} busy.")
    _show_table(table)
    if arguments.json:
        rows_of_table = [{"cache_mb": c, "redis_mb": r, **_numbers(each)} for (c, r), each in table.items()]
        write_json(
            arguments.json,
            {
                "load": asdict(load),
                "machines": asdict(machines),
                "suffices": chosen is not None and max(found.busy.values()) <= USABLE,
                **_numbers(found),
                "bottleneck": found.bottleneck,
                "most_requests_per_s": most,
                "by_size": rows_of_table,
                "costs": asdict(costs),
            },
        )


def _numbers(found: Forecast) -> dict[str, Any]:
    return asdict(found)


def _show(per_s: float, hours: float, machines: Machines, found: Forecast) -> None:
    print(
        f"{per_s:g} requests a second, {hours:g} hours after the caches were empty, {machines.gateways} gateway "
        f"process(es) with {machines.cache_mb:g} MB each, Redis with {machines.redis_mb:g} MB"
    )
    print(f"  tiles in memory        {found.memory:8.1%}")
    print(f"  tiles in Redis         {found.redis:8.1%}")
    print(f"  tiles drawn            {found.drawn:8.1%}")
    print(f"  generator calls        {found.engine_calls_per_s:8.2f} a second")
    print(f"  time steps decoded     {found.steps_per_s:8.2f} a second")
    print(f"  cores of the gateways  {found.gateway_cores:8.2f}")
    print(f"  cores of Redis         {found.redis_cores:8.2f}")
    print(f"  network                {found.mbit_per_s:8.1f} Mbit/s")
    for name, share in found.busy.items():
        print(f"  {name:<22} {share:8.0%} busy")


def _show_table(table: dict[tuple[int, int], Forecast]) -> None:
    print(f"{'memory, MB':>10} {'Redis, MB':>10} {'found':>8} {'generator calls/s':>18} {'cores':>8}")
    for (cache_mb, redis_mb), each in table.items():
        found = each.memory + each.redis
        print(
            f"{cache_mb:>10} {redis_mb:>10} {found:>8.1%} {each.engine_calls_per_s:>18.2f} {each.gateway_cores:>8.2f}"
        )
