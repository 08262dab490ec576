"""The exit code of a load test. It is 0 if every answer was right and fast enough, and otherwise 1, with the reason.

The process that collects the results decides it: the master, or the only process.
"""

import logging
from argparse import ArgumentParser
from typing import Any

from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner

log = logging.getLogger(__name__)

JOURNEYS = ("pan", "depth", "time", "open")
#: The surrogates that have answered, in this process and in those that report to it. More than one is a fault.
seen_digests: set[str] = set()


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("thresholds")
    group.add_argument("--max-error-ratio", type=float, default=0.0, help="share of requests that may fail (0)")
    for journey in JOURNEYS:
        group.add_argument(
            f"--p95-{journey}-ms",
            type=float,
            default=500.0,
            help=f"limit for the 95th percentile of a tile in the journey '{journey}', in ms (500)",
        )


@events.report_to_master.add_listener
def _report(client_id: str, data: dict[str, Any]) -> None:
    data["digests"] = sorted(seen_digests)


@events.worker_report.add_listener
def _collect(client_id: str, data: dict[str, Any]) -> None:
    seen_digests.update(data.get("digests", ()))


@events.quitting.add_listener
def _decide(environment: Environment, **_: Any) -> None:
    if isinstance(environment.runner, WorkerRunner):
        return
    missed = list(misses(environment))
    for reason in missed:
        log.error("threshold missed: %s", reason)
    environment.process_exit_code = 1 if missed else 0


def misses(environment: Environment) -> list[str]:
    """Describe every threshold that was exceeded."""
    stats, options, reasons = environment.stats, environment.parsed_options, []
    if stats.total.num_requests == 0:
        return ["no request was made"]
    if stats.total.fail_ratio > options.max_error_ratio:
        reasons.append(f"{stats.total.num_failures} of {stats.total.num_requests} requests failed")
    if environment.runner and environment.runner.exceptions:
        reasons.append(f"{len(environment.runner.exceptions)} kinds of exceptions in the test itself")
    if len(seen_digests) > 1:
        reasons.append(f"answers of {len(seen_digests)} surrogates: {', '.join(sorted(seen_digests))}")
    for journey in JOURNEYS:
        entry = stats.entries.get((f"{journey}: tile", "GET"))
        limit_ms = getattr(options, f"p95_{journey}_ms")
        if entry and (p95_ms := entry.get_response_time_percentile(0.95)) > limit_ms:
            reasons.append(f"p95 of '{journey}: tile' is {p95_ms:.0f} ms, above {limit_ms:g} ms")
    return reasons
