"""The route `/metrics`, which Prometheus scrapes."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from earthgan_gateway.routes.problems import ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED
from earthgan_gateway.telemetry import Metrics


def metrics_router(metrics: Metrics) -> APIRouter:
    """Make the route that reports the series of all worker processes of this gateway."""
    router = APIRouter(tags=["health"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)

    text = {"schema": {"type": "string"}}

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": text}}})
    async def get_metrics(request: Request) -> Response:
        """Report all series in Prometheus's text format, or in OpenMetrics if the request asks for it."""
        body, media_type = metrics.scrape(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": media_type, "cache-control": "no-store"})

    return router
