"""Counts and times for Prometheus.

A cached tile has a tenth of a millisecond: whatever its path calls here is one dictionary look-up and one increment
of a series that is already there. Labels take few values on purpose: never a step, a shell or a place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

#: Where a tile came from. `rendered`: drawn for this request; `not_modified`: the asker had it, by its entity tag.
CacheLevel = Literal["memory", "redis", "rendered", "not_modified"]

#: The environment variable with which prometheus_client shares series between processes.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_REQUEST_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RENDER_BUCKETS_S = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
_ENGINE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The series of one gateway, in a registry of their own.

    Where SHARED_FOLDER names a folder when the process starts, the gateway's worker processes write there, and each
    of them answers `/metrics` for all. prometheus_client decides that when it is imported: hence not at the top.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self._registry = CollectorRegistry()
        self._shared = SHARED_FOLDER in os.environ

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"earthgan_{name}", text, labels, registry=self._registry)

        def gauge(name: str, text: str, *labels: str, over_processes: Literal["livesum", "max"] = "livesum") -> Gauge:
            return Gauge(f"earthgan_{name}", text, labels, registry=self._registry, multiprocess_mode=over_processes)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"earthgan_{name}", text, labels, registry=self._registry, buckets=buckets)

        self._requests = counter("requests", "Answers, by the first part of the path and the status", "route", "status")
        self._request_seconds = histogram(
            "request_seconds", "From the request to the end of its answer", _REQUEST_BUCKETS_S, "route"
        )
        self._requests_in_flight = gauge("requests_in_flight", "Requests that are being answered")
        self._tiles = counter("tiles", "Tiles answered, by where they came from", "level", "variable", "zoom")
        self._render_seconds = histogram(
            "render_seconds", "Sampling and encoding one picture, its shell at hand", _RENDER_BUCKETS_S
        )
        self._engine_seconds = histogram(
            "engine_seconds", "Calls of the generator, its queue included", _ENGINE_BUCKETS_S
        )
        self._engine_errors = counter("engine_errors", "Calls of the generator that failed", "error")
        self._engine_in_flight = gauge("engine_in_flight", "Calls of the generator, running or waiting")
        self._queue_depth = gauge("queue_depth", "Requests that wait for a shell to be generated")
        self._rejected = counter("rejected", "Requests turned away, by the limit that they met", "limit")
        self._waits = counter("single_flight_waits", "Requests that shared another's work", "kind")
        self._redis_failures = counter("redis_failures", "Redis operations that failed", "error")
        self._redis_breaker = gauge("redis_breaker_open", "Processes that leave Redis out after a failure")
        self._surrogate = gauge(
            "surrogate_info", "1 for the surrogate that is served", "digest", "title", "engine", over_processes="max"
        )
        if not self._shared:
            ProcessCollector(registry=self._registry)

        # Series by their labels, made once: prometheus_client's own look-up takes as long as all the rest.
        self._count_tile: dict[tuple[str, str, int], Callable[[], None]] = {}
        self._count_request: dict[tuple[str, int], Callable[[], None]] = {}
        self._time_request: dict[str, Callable[[float], None]] = {}
        self.request_started: Callable[[], None] = self._requests_in_flight.inc

    # The hot path.

    def tile(self, level: CacheLevel, variable: str, z: int) -> None:
        """One tile was answered. Names must have been checked before: every new one is a new series."""
        count = self._count_tile.get((level, variable, z))
        if count is None:
            count = self._tiles.labels(level, variable, z).inc
            self._count_tile[level, variable, z] = count
        count()

    def request_ended(self, route: str, status: int, seconds: float) -> None:
        """One request was answered; `route` is one of a few, not the path. Undoes `request_started`."""
        self._requests_in_flight.dec()
        count = self._count_request.get((route, status))
        if count is None:
            count = self._requests.labels(route, status).inc
            self._count_request[route, status] = count
            self._time_request[route] = self._request_seconds.labels(route).observe
        count()
        self._time_request[route](seconds)

    # Off the hot path.

    def rendered(self, seconds: float) -> None:
        """One picture was drawn from a shell at hand."""
        self._render_seconds.observe(seconds)

    @contextmanager
    def engine_call(self) -> Iterator[None]:
        """One call of the generator: in flight within, then timed, and counted by its error where it fails."""
        self._engine_in_flight.inc()
        started = time.perf_counter()
        try:
            yield
        except Exception as error:
            self._engine_errors.labels(type(error).__name__).inc()
            raise
        finally:
            self._engine_in_flight.dec()
            self._engine_seconds.observe(time.perf_counter() - started)

    @contextmanager
    def queued(self) -> Iterator[None]:
        """A request that waits for a shell to be generated, for as long as the block lasts."""
        self._queue_depth.inc()
        try:
            yield
        finally:
            self._queue_depth.dec()

    def rejected(self, limit: str) -> None:
        """A request was turned away: `limit` is the name of the limit that it met."""
        self._rejected.labels(limit).inc()

    def single_flight_wait(self, kind: str) -> None:
        """A request joined the work of another; `kind` is what is being made: `tile`, `shell`."""
        self._waits.labels(kind).inc()

    def redis_failure(self, error: BaseException) -> None:
        """An operation on Redis failed."""
        self._redis_failures.labels(type(error).__name__).inc()

    def redis_breaker(self, is_open: bool) -> None:
        """Redis is left out from now on, or used again."""
        self._redis_breaker.set(is_open)

    def surrogate(self, digest: str, title: str, engine: str) -> None:
        """What is served."""
        self._surrogate.labels(digest, title, engine).set(1)

    # Reading.

    def names(self) -> set[str]:
        """The name of every sample that could be scraped, `_total`, `_bucket`, `_sum` and `_count` included."""
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
        return {
            family.name + ending for family in self._registry.collect() for ending in endings.get(family.type, ("",))
        }

    def scrape(self, accept: str = "") -> tuple[bytes, str]:
        """Every series of all processes, as text of the kind that `accept` asks for, and its media type."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder

        registry: Any = self._registry
        if self._shared:
            from prometheus_client.multiprocess import MultiProcessCollector

            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        encode, media_type = choose_encoder(accept)
        return encode(registry), media_type


def forget_worker(pid: int) -> None:
    """Take what a worker process that has ended was doing at that moment out of the shared gauges."""
    from prometheus_client.multiprocess import mark_process_dead

    if SHARED_FOLDER in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
