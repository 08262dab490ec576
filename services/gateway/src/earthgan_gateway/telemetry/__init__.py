"""What an operator sees of a running gateway: metrics, logs, and traces if a collector is set.

Nothing here is global. The application makes each object once and passes it to everything that reports to it.
"""

from earthgan_gateway.telemetry.logs import request_id, set_up_logging
from earthgan_gateway.telemetry.metrics import CacheLevel, Metrics
from earthgan_gateway.telemetry.middleware import TelemetryMiddleware
from earthgan_gateway.telemetry.traces import Traces, make_traces

__all__ = [
    "CacheLevel",
    "Metrics",
    "TelemetryMiddleware",
    "Traces",
    "make_traces",
    "request_id",
    "set_up_logging",
]
