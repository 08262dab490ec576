"""What an operator sees of a running gateway: metrics, logs and, where they are asked for, traces.

Nothing here is global: each piece is made by a factory and handed to what reports to it.
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
