"""Metrics, logs and traces, each on its own and around an application."""

import asyncio
import io
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client.parser import text_string_to_metric_families

from earthgan.errors import EngineTimeout
from earthgan_gateway.routes.metrics import metrics_router
from earthgan_gateway.telemetry import Metrics, TelemetryMiddleware, Traces, logs, make_traces, set_up_logging
from earthgan_gateway.telemetry.logs import JsonFormatter, set_request_id
from earthgan_gateway.telemetry.traces import OtelTraces
from places import ROOT

DASHBOARD = ROOT / "services" / "gateway" / "grafana" / "earthgan.json"


def samples(metrics: Metrics) -> dict[str, float]:
    """Every sample of a scrape, as `name{label=value}`."""
    text = metrics.scrape()[0].decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


# Metrics.


def test_each_hook_is_counted_under_its_labels() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.tile("memory", "temperature", 2)
    metrics.tile("rendered", "vx", 0)
    metrics.rendered(0.0007)
    metrics.single_flight_wait("shell")
    metrics.redis_failure(TimeoutError())
    metrics.redis_breaker(True)
    metrics.rejected("queue")
    metrics.surrogate("abc", "A mantle", "onnx")
    found = samples(metrics)
    assert found["earthgan_tiles_total{level=memory,variable=temperature,zoom=2}"] == 3
    assert found["earthgan_tiles_total{level=rendered,variable=vx,zoom=0}"] == 1
    assert found["earthgan_render_seconds_count"] == 1
    assert found["earthgan_render_seconds_bucket{le=0.001}"] == 1
    assert found["earthgan_render_seconds_bucket{le=0.0005}"] == 0
    assert found["earthgan_single_flight_waits_total{kind=shell}"] == 1
    assert found["earthgan_redis_failures_total{error=TimeoutError}"] == 1
    assert found["earthgan_redis_breaker_open"] == 1
    assert found["earthgan_rejected_total{limit=queue}"] == 1
    assert found["earthgan_surrogate_info{digest=abc,engine=onnx,title=A mantle}"] == 1
    assert found["process_resident_memory_bytes"] > 1e6


def test_a_call_of_the_engine_is_in_flight_then_timed_and_its_error_is_counted() -> None:
    metrics = Metrics()
    during: dict[str, float] = {}

    def call() -> None:
        with metrics.engine_call(), metrics.queued():
            during.update(samples(metrics))
            raise EngineTimeout("busy")

    with pytest.raises(EngineTimeout):
        call()
    assert during["earthgan_engine_in_flight"] == during["earthgan_queue_depth"] == 1
    found = samples(metrics)
    assert found["earthgan_engine_in_flight"] == found["earthgan_queue_depth"] == 0
    assert found["earthgan_engine_seconds_count"] == 1
    assert found["earthgan_engine_errors_total{error=EngineTimeout}"] == 1


def test_two_gateways_in_a_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.tile("redis", "vz", 1)
    assert "earthgan_tiles_total{level=redis,variable=vz,zoom=1}" not in samples(second)


@pytest.mark.alone
def test_counting_a_tile_takes_about_a_microsecond() -> None:
    metrics, n = Metrics(), 20_000
    metrics.tile("memory", "temperature", 2)
    started = time.process_time()
    for _ in range(n):
        metrics.tile("memory", "temperature", 2)
    assert (time.process_time() - started) / n < 5e-6


def test_worker_processes_answer_for_each_other(tmp_path: Path) -> None:
    """Two processes count, and a third one scrapes both."""
    count = """
import os, sys, time
from earthgan_gateway.telemetry import Metrics
metrics = Metrics()
metrics.tile("memory", "temperature", 2)
metrics.request_started()
print(os.getpid(), flush=True)
sys.stdin.read()
"""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, "-c", count], env=environment, **pipes) for _ in range(2)]
    for worker in workers:
        worker.stdout.readline()
    scrape = """
from earthgan_gateway.telemetry.metrics import Metrics
print(Metrics().scrape()[0].decode())
"""
    done = subprocess.run([sys.executable, "-c", scrape], env=environment, capture_output=True, text=True, check=False)
    for worker in workers:
        worker.communicate()
    assert done.stderr == ""
    assert done.stdout.count('earthgan_tiles_total{level="memory",variable="temperature",zoom="2"} 2.0') == 1
    flights = [line for line in done.stdout.splitlines() if line.startswith("earthgan_requests_in_flight")]
    assert flights == ["earthgan_requests_in_flight 2.0"]


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    import re

    known = Metrics().names()
    named = {
        name
        for expression in expressions(json.loads(DASHBOARD.read_text()))
        for name in re.findall(r"\b(?:earthgan|process)_[a-z_]+", expression)
    }
    assert named - known == set()
    own = {name.removesuffix("_sum").removesuffix("_count") for name in known if name.startswith("earthgan_")}
    families = {name.removesuffix("_bucket") for name in own}
    shown = {re.sub("_(sum|count|bucket)$", "", name) for name in named}
    assert families - shown == set(), "every metric of ours is on the dashboard"


def expressions(node: object) -> Iterator[str]:
    """Every query in a dashboard: of panels and of variables."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("expr", "query") and isinstance(value, str):
                yield value
            yield from expressions(value)
    elif isinstance(node, list):
        for item in node:
            yield from expressions(item)


# Logs.


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What this process logs, as `earthgan serve` sets it up; then everything as it was before."""
    root, ours = logging.getLogger(), [logging.getLogger(name) for name in ("earthgan", "earthgan_gateway")]
    before = root.handlers[:], root.level, [logger.level for logger in ours]
    out = io.StringIO()
    set_up_logging("info", out)
    yield out
    root.handlers[:], level, levels = before
    root.setLevel(level)
    for logger, level in zip(ours, levels):
        logger.setLevel(level)


def test_a_line_is_an_object_with_time_request_and_error(stream: io.StringIO) -> None:
    set_request_id("r-1")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("earthgan_gateway.cache").exception("Redis %s", "failed", extra={"key": "a/b"})
    (line,) = logged(stream)
    assert line["message"] == "Redis failed"
    assert (line["level"], line["logger"]) == ("error", "earthgan_gateway.cache")
    assert (line["request_id"], line["key"]) == ("r-1", "a/b")
    assert line["time"].endswith("Z")
    assert "ValueError: two\nlines" in line["exception"]


def test_libraries_speak_up_from_warning_on(stream: io.StringIO) -> None:
    logging.getLogger("httpx2").info("a request")
    logging.getLogger("uvicorn.error").warning("careful")
    assert [line["logger"] for line in logged(stream)] == ["uvicorn.error"]


def test_a_terminal_gets_plain_lines(stream: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    set_request_id("r-2")
    set_up_logging("info", terminal := Terminal())
    logging.getLogger("earthgan_gateway").warning("Redis is left out")
    assert terminal.getvalue().endswith("WARNING earthgan_gateway: Redis is left out (request r-2)\n")


@given(message=st.text(), extra=st.text())
def test_whatever_is_logged_stays_on_one_line(message: str, extra: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (message,), None)
    record.path = extra
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == message


# Around an application.


def application(metrics: Metrics, traces: Traces | None = None, access_log: bool = False) -> FastAPI:
    app = FastAPI()
    traces = traces or make_traces(None, "digest")

    @app.get("/tiles/{name}")
    async def tile(name: str) -> dict[str, str | None]:
        with traces.span("engine", shell=150):
            await asyncio.sleep(0)
        return {"request_id": logs.request_id()}

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    app.include_router(metrics_router(metrics))
    app.add_middleware(
        TelemetryMiddleware, metrics=metrics, traces=traces, routes=("tiles", "broken"), access_log=access_log
    )
    return app


def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asyncio.run(ask())


def test_a_request_keeps_a_sane_identifier_and_gets_one_otherwise() -> None:
    app = application(Metrics())
    answer = get(app, "/tiles/a", x_request_id="client-7/b")
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "client-7/b"
    made = [get(app, "/tiles/a", x_request_id=bad).headers["x-request-id"] for bad in ("", "a b", "x" * 65, 'a"b')]
    assert len(set(made)) == 4
    assert all(identifier == identifier.strip() and len(identifier) > 12 for identifier in made)


def test_requests_are_counted_by_route_and_status_and_unknown_paths_make_no_series() -> None:
    metrics = Metrics()
    app = application(metrics)
    for path in ("/tiles/a", "/tiles/b", "/nonsense/1", "/nonsense/2", "/broken"):
        get(app, path)
    found = samples(metrics)
    requests = {name: value for name, value in found.items() if name.startswith("earthgan_requests_total")}
    assert requests == {
        "earthgan_requests_total{route=/tiles,status=200}": 2,
        "earthgan_requests_total{route=other,status=404}": 2,
        "earthgan_requests_total{route=/broken,status=500}": 1,
    }
    assert found["earthgan_requests_in_flight"] == 0
    assert found["earthgan_request_seconds_count{route=/tiles}"] == 2


@pytest.mark.parametrize("accept", ["", "text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"])
def test_prometheus_can_read_the_route(accept: str) -> None:
    metrics = Metrics()
    metrics.tile("memory", "temperature", 2)
    answer = get(application(metrics), "/metrics", accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(accept.split(";")[0] or "text/plain")
    assert 'earthgan_tiles_total{level="memory",variable="temperature",zoom="2"} 1.0' in answer.text


def test_there_is_an_access_line_only_where_it_is_wanted(stream: io.StringIO) -> None:
    get(application(Metrics()), "/tiles/a")
    assert logged(stream) == []
    get(application(Metrics(), access_log=True), "/tiles/a?tms=x", x_request_id="r-3")
    (line,) = logged(stream)
    assert line.keys() >= {"time", "duration_ms", "client"}
    assert (line["method"], line["path"], line["query"], line["status"]) == ("GET", "/tiles/a", "tms=x", 200)
    assert line["request_id"] == "r-3"
    assert line["bytes"] > 0


# Traces.


def test_spans_nest_below_the_askers_own() -> None:
    exporter = InMemorySpanExporter()
    traces = OtelTraces(SimpleSpanProcessor(exporter), "digest")
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    get(application(Metrics(), traces), "/tiles/a", traceparent=f"00-{trace}-{parent}-01")
    engine, request = exporter.get_finished_spans()
    assert (engine.name, request.name) == ("engine", "GET /tiles")
    assert engine.attributes == {"earthgan.shell": 150}
    assert engine.parent == request.context
    assert f"{request.context.trace_id:032x}" == trace
    assert f"{request.parent.span_id:016x}" == parent
    assert request.kind == SpanKind.SERVER
    assert request.attributes["http.response.status_code"] == 200
    assert request.resource.attributes["earthgan.surrogate"] == "digest"
    traces.close()


def test_a_request_that_fails_is_an_error_of_its_span() -> None:
    exporter = InMemorySpanExporter()
    traces = OtelTraces(SimpleSpanProcessor(exporter), "digest")
    get(application(Metrics(), traces), "/broken")
    (request,) = exporter.get_finished_spans()
    assert not request.status.is_ok
    assert request.events[0].name == "exception"
    traces.close()


def test_without_an_endpoint_no_package_is_needed() -> None:
    program = """
import sys
sys.modules["opentelemetry.sdk"] = None  # FastAPI brings the API; the SDK cannot be imported
sys.modules["opentelemetry.exporter"] = None
from earthgan.errors import BadInput
from earthgan_gateway.telemetry import make_traces
traces = make_traces(None, "digest")
with traces.span("work") as span:
    span.set_attribute("a", 1)
try:
    make_traces("http://127.0.0.1:4318", "digest")
except BadInput as error:
    print(traces.on, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False traces need the package opentelemetry.")


def test_with_an_endpoint_spans_are_sent_there() -> None:
    """To a collector that is a plain HTTP server here."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    paths: list[str] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        Thread(target=collector.serve_forever, daemon=True).start()
        traces = make_traces(f"http://127.0.0.1:{collector.server_port}/", "digest")
        with traces.span("work"):
            pass
        traces.close()
        collector.shutdown()
    assert paths == ["/v1/traces"]
