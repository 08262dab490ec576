"""Spans for OpenTelemetry, if the operator names a collector. Otherwise nothing is imported and nothing is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from earthgan.errors import BadInput


class Span(Protocol):
    """The part of a span that callers use."""

    def set_attribute(self, key: str, value: Any) -> None: ...


class Traces(Protocol):
    """The interface of everything that reports spans: `with traces.span("engine", shell=150): ...`."""

    #: Whether spans go anywhere. The hot path asks this before it makes a span.
    on: bool

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[Span]:
        """Return the span of a piece of work, inside the span that is open here."""
        ...

    def request(self, scope: Any, route: str) -> AbstractContextManager[Span]:
        """Return the span of a whole request. If the headers name a span of the client's (W3C trace context), that is
        its parent.
        """
        ...

    def close(self) -> None:
        """Send all spans that have not been sent yet."""
        ...


class _NoSpan:
    def set_attribute(self, key: str, value: Any) -> None:
        pass


class NoTraces:
    """Reports nothing."""

    on = False
    _nothing: AbstractContextManager[Span] = nullcontext(_NoSpan())

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[Span]:
        return self._nothing

    def request(self, scope: Any, route: str) -> AbstractContextManager[Span]:
        return self._nothing

    def close(self) -> None:
        pass


class OtelTraces:
    """Reports through an OpenTelemetry tracer provider of its own. `processor` sends the spans."""

    on = True

    def __init__(self, processor: Any, digest: str) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        resource = Resource.create({"service.name": "earthgan-gateway", "earthgan.surrogate": digest})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("earthgan_gateway")
        self._server = SpanKind.SERVER
        self._extract: Callable[[dict[str, str]], Any] = TraceContextTextMapPropagator().extract

    def span(self, name: str, **attributes: str | int | float) -> AbstractContextManager[Span]:
        return self._tracer.start_as_current_span(
            name, attributes={f"earthgan.{key}": value for key, value in attributes.items()}
        )

    def request(self, scope: Any, route: str) -> AbstractContextManager[Span]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        attributes = {"http.request.method": scope["method"], "http.route": route, "url.path": scope["path"]}
        return self._tracer.start_as_current_span(
            f"{scope['method']} {route}", context=self._extract(headers), kind=self._server, attributes=attributes
        )

    def close(self) -> None:
        self._provider.shutdown()


def make_traces(endpoint: str | None, digest: str) -> Traces:
    """Make traces to an OTLP/HTTP collector, such as `http://host:4318`. If `endpoint` is None, they report nothing.

    Raises BadInput if the packages are missing.
    """
    if endpoint is None:
        return NoTraces()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise BadInput(f"traces need the package {error.name}: pip install 'earthgan-gateway[otel]'") from error
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return OtelTraces(BatchSpanProcessor(exporter), digest)
