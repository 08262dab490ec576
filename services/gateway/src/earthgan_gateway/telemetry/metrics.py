"""Counts and times for Prometheus.

A cached tile takes a tenth of a millisecond, so each call on its path is only a dictionary look-up and an increment of
a series that exists already. Labels take few values on purpose. They never contain a step, a shell or a place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

#: Where a tile came from. `rendered` means that it was drawn for this request, and `not_modified` that the client had
#: it already, according to its entity tag. `coarse` ones were drawn while the generator was away.
CacheLevel = Literal["memory", "redis", "rendered", "not_modified", "coarse"]

#: The environment variable with which prometheus_client shares series between processes.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_REQUEST_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_RENDER_BUCKETS_S = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
_ENGINE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The series of one gateway, in a registry of their own.

    If SHARED_FOLDER names a folder when the process starts, the gateway's worker processes write there, and each of
    them answers `/metrics` for all. prometheus_client reads that variable when it is imported, so this module does not
    import it at the top.
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

        self._requests = counter(
            "requests", "Requests answered, by the first part of the path and the status", "route", "status"
        )
        self._request_seconds = histogram(
            "request_seconds", "Seconds from a request to the end of its answer", _REQUEST_BUCKETS_S, "route"
        )
        self._requests_in_flight = gauge("requests_in_flight", "Requests that are being answered")
        self._tiles = counter("tiles", "Tiles answered, by where they came from", "level", "variable", "zoom")
        self._render_seconds = histogram(
            "render_seconds", "Seconds to sample and encode one picture of an available shell", _RENDER_BUCKETS_S
        )
        self._engine_seconds = histogram(
            "engine_seconds", "Seconds of a call of the generator, including its queue", _ENGINE_BUCKETS_S
        )
        self._engine_errors = counter("engine_errors", "Calls of the generator that failed", "error")
        self._engine_in_flight = gauge("engine_in_flight", "Calls of the generator that run or wait")
        self._queue_depth = gauge("queue_depth", "Requests that wait for a shell to be generated")
        self._rejected = counter("rejected", "Requests refused, by the limit that they exceeded", "limit")
        self._waits = counter("single_flight_waits", "Requests that joined another request's work", "kind")
        self._redis_failures = counter("redis_failures", "Redis operations that failed", "error")
        self._redis_damage = counter("redis_damaged_values", "Values in Redis that were damaged, and computed again")
        self._engine_breaker = gauge(
            "engine_breaker_open", "Processes that refuse requests for the generator, because it does not answer"
        )
        self._redis_breaker = gauge("redis_breaker_open", "Processes that do not ask Redis after a failure")
        self._surrogate = gauge(
            "surrogate_info", "1 for the surrogate that is served", "digest", "title", "engine", over_processes="max"
        )
        if not self._shared:
            ProcessCollector(registry=self._registry)

        # Series by their labels. prometheus_client's own look-up would take as long as all the rest.
        self._count_tile: dict[tuple[str, str, int], Callable[[], None]] = {}
        self._count_request: dict[tuple[str, int], Callable[[], None]] = {}
        self._time_request: dict[str, Callable[[float], None]] = {}
        self.request_started: Callable[[], None] = self._requests_in_flight.inc

    # The hot path.

    def tile(self, level: CacheLevel, variable: str, z: int) -> None:
        """Count an answered tile. The names must have been checked before, because each new name makes a new series."""
        count = self._count_tile.get((level, variable, z))
        if count is None:
            count = self._tiles.labels(level, variable, z).inc
            self._count_tile[level, variable, z] = count
        count()

    def request_ended(self, route: str, status: int, seconds: float) -> None:
        """Count and time an answered request. `route` is one of a few names, not the path. Undoes `request_started`."""
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
        """Time the drawing of one picture from an available shell."""
        self._render_seconds.observe(seconds)

    @contextmanager
    def engine_call(self) -> Iterator[None]:
        """Return a context for one call of the generator. It times the call, and counts the error if the call fails."""
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
        """Return a context for a request that waits for a shell to be generated."""
        self._queue_depth.inc()
        try:
            yield
        finally:
            self._queue_depth.dec()

    def rejected(self, limit: str) -> None:
        """Count a refused request. `limit` is the name of the limit that it exceeded."""
        self._rejected.labels(limit).inc()

    def single_flight_wait(self, kind: str) -> None:
        """Count a request that joined another request's work. `kind` is what is being made: `picture` or `shell`."""
        self._waits.labels(kind).inc()

    def redis_failure(self, error: BaseException) -> None:
        """Count a failed operation on Redis."""
        self._redis_failures.labels(type(error).__name__).inc()

    def redis_damage(self) -> None:
        """Count a damaged value."""
        self._redis_damage.inc()

    def engine_breaker(self, is_open: bool) -> None:
        """Record whether this process refuses requests for the generator."""
        self._engine_breaker.set(is_open)

    def redis_breaker(self, is_open: bool) -> None:
        """Record whether this process has stopped asking Redis."""
        self._redis_breaker.set(is_open)

    def surrogate(self, digest: str, title: str, engine: str) -> None:
        """Record which surrogate is served."""
        self._surrogate.labels(digest, title, engine).set(1)

    # Reading.

    def names(self) -> set[str]:
        """Return the names of all samples, including those that end in `_total`, `_bucket`, `_sum` and `_count`."""
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
        return {
            family.name + ending for family in self._registry.collect() for ending in endings.get(family.type, ("",))
        }

    def scrape(self, accept: str = "") -> tuple[bytes, str]:
        """Return every series of all processes as text, and its media type. `accept` is the client's Accept field."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder

        registry: Any = self._registry
        if self._shared:
            from prometheus_client.multiprocess import MultiProcessCollector

            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        encode, media_type = choose_encoder(accept)
        return encode(registry), media_type
