"""The application factory: it makes every object from the settings and passes it to the objects that need it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from pydantic import AnyHttpUrl
from starlette.middleware.cors import CORSMiddleware

from earthgan import __version__
from earthgan.surrogate import Surrogate
from earthgan_gateway.cache import Budget, LayeredCache, MemoryCache
from earthgan_gateway.catalog import first_view
from earthgan_gateway.coarse import CoarseTiles
from earthgan_gateway.engines import Admission, BareEngine, GuardedEngine, make_engine
from earthgan_gateway.features import Features
from earthgan_gateway.fields import Fields
from earthgan_gateway.inference import Inference
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Pictures
from earthgan_gateway.places import Places
from earthgan_gateway.prefetch import Prefetch
from earthgan_gateway.routes.client import client_routes
from earthgan_gateway.routes.colormaps import colormaps_router
from earthgan_gateway.routes.edr import edr_router
from earthgan_gateway.routes.encoding import Compression
from earthgan_gateway.routes.features import features_router
from earthgan_gateway.routes.head import Head
from earthgan_gateway.routes.health import Readiness, health_router
from earthgan_gateway.routes.inference import inference_router
from earthgan_gateway.routes.metadata import metadata_router
from earthgan_gateway.routes.metrics import metrics_router
from earthgan_gateway.routes.ogc import ogc_router
from earthgan_gateway.routes.openapi import complete_openapi, pictures_router
from earthgan_gateway.routes.pictures import PictureRoutes
from earthgan_gateway.routes.places import places_router
from earthgan_gateway.routes.presence import Presence
from earthgan_gateway.routes.problems import add_problem_handlers
from earthgan_gateway.routes.public_address import PublicAddress, Rooted
from earthgan_gateway.routes.stac import stac_router
from earthgan_gateway.routes.url_length import UrlLength
from earthgan_gateway.routes.volumes import volumes_router
from earthgan_gateway.routes.wmts import wmts_router
from earthgan_gateway.routes.wmts_queries import WmtsQueries
from earthgan_gateway.routes.zarr import zarr_router
from earthgan_gateway.settings import Settings
from earthgan_gateway.telemetry import Metrics, TelemetryMiddleware, make_traces
from earthgan_gateway.volumes import Volumes


def create_app(settings: Settings | None = None, engine: BareEngine | None = None) -> FastAPI:
    """Make the application that serves one surrogate. Without `settings`, it reads them from the environment.

    `engine` replaces the engine that the settings name. Raises DamagedSurrogate, which names the file, if the surrogate
    is incomplete: a damaged surrogate is not served at all.
    """
    settings = settings or Settings()
    budget = Budget.of(settings.cache_mb * 2**20)
    surrogate = Surrogate(_without_links(settings.surrogate), budget.steps_bytes)
    offer = Offer.of(surrogate)
    metrics, traces = Metrics(), make_traces(_text(settings.otlp_endpoint), surrogate.digest)
    metrics.surrogate(surrogate.digest, surrogate.spec.title, settings.engine)
    running = GuardedEngine(
        engine or make_engine(settings, surrogate),
        surrogate,
        settings.tile_wait_s,
        metrics.rejected,
        metrics.engine_breaker,
    )
    redis = None
    if settings.redis_url is not None:
        from earthgan_gateway.cache.redis import RedisCache

        redis = RedisCache(
            str(settings.redis_url),
            settings.redis_timeout_s,
            metrics.redis_failure,
            metrics.redis_breaker,
            metrics.redis_damage,
        )
    cache = LayeredCache(MemoryCache(budget.answers_bytes), redis)
    fields = Fields(
        offer,
        running,
        cache,
        settings.engine_timeout_s,
        metrics,
        traces,
        max_pending=settings.max_pending_shells,
        ready_bytes=budget.shells_bytes,
    )
    coarse = CoarseTiles(surrogate, lambda: running.is_away, settings.tile_wait_s, budget.previews_bytes)
    pictures = Pictures(fields, cache, metrics, traces, budget.pixels_bytes, coarse)
    reads = Admission(settings.read_wait_s, lambda: metrics.rejected("reads"))
    places = Places(offer, fields, budget.places_bytes, reads)
    features = Features(offer, running, settings.engine_timeout_s, reads, budget.features_bytes)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        prefetch = Prefetch(fields, lambda: pictures.asked_at)
        prefetching = asyncio.create_task(prefetch.run()) if settings.prefetch else None
        yield
        if prefetching is not None:
            prefetching.cancel()
        await running.close()
        await cache.close()
        traces.close()

    app = FastAPIOffline(  # it serves /docs without a CDN
        title="EarthGAN",
        summary="Map tiles and radial shells of a surrogate",
        description=surrogate.spec.provenance.notice,
        version=__version__,
        license_info={"name": "Apache-2.0"},
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,  # each path has one spelling
        telemetry={"tracing": False, "metrics": False, "logs": False},  # FastAPI's own would read the environment
    )
    readiness = Readiness(running, lambda: surrogate.damage)
    routers = (
        pictures_router(),
        volumes_router(Volumes(fields, reads), fields.keys),
        metadata_router(fields),
        colormaps_router(),
        wmts_router(offer),
        ogc_router(offer),
        edr_router(places, fields.keys, settings.engine_timeout_s),
        stac_router(offer),
        zarr_router(offer),
        places_router(places, fields.keys),
        features_router(features, fields.keys),
        health_router(readiness, surrogate.digest),
        inference_router(Inference(surrogate, running, settings.engine_timeout_s, reads), readiness),
        metrics_router(metrics),
    )
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(client_routes(settings.client, offer))
    add_problem_handlers(app)
    complete_openapi(app, offer.has_draws)
    # The middleware that is added last sees a request first.
    app.add_middleware(Rooted)
    app.add_middleware(Compression, minimum_bytes=1024)
    app.add_middleware(Head)
    app.add_middleware(Presence)
    app.add_middleware(PictureRoutes, offer=offer, pictures=pictures, metrics=metrics, urls_bytes=budget.urls_bytes)
    first = first_view(surrogate)
    app.add_middleware(WmtsQueries, default_t=first["t"], default_r=first["r"])
    if settings.rate_limit is not None:
        import limits

        from earthgan_gateway.routes.rate_limit import RateLimit

        limit = limits.parse(settings.rate_limit)
        shared = None
        if redis is not None:
            from earthgan_gateway.cache.shared_window import SharedWindow

            shared = SharedWindow(redis, limit.amount, limit.get_expiry())
        app.add_middleware(RateLimit, limit=limit, metrics=metrics, max_bytes=budget.clients_bytes, shared=shared)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD"],
            expose_headers=[
                "ETag",
                "Cache-Status",
                "Content-Disposition",
                "Retry-After",
                "Server-Timing",
                "EarthGAN-Surrogate",
            ],
        )
    app.add_middleware(UrlLength)
    paths = [route.path for router in routers for route in router.routes if isinstance(route, APIRoute)]
    counted = {path.split("/")[1] for path in paths} | {"client", "surrogate", "docs"}
    app.add_middleware(
        TelemetryMiddleware, metrics=metrics, traces=traces, routes=counted, access_log=settings.access_log
    )
    if settings.trusted_proxies or settings.public_url is not None:
        proxies, public_url = settings.trusted_proxies, _text(settings.public_url)
        app.add_middleware(PublicAddress, trusted_proxies=proxies, public_url=public_url)
    return app


def _without_links(folder: Path) -> Path:
    """Where a folder is now. A link that names it may be moved later, and all files must be of one surrogate."""
    real = folder.resolve()
    return folder if real == folder.absolute() else real


def _text(url: AnyHttpUrl | None) -> str | None:
    return None if url is None else str(url)
