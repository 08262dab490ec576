"""The application: everything is made here, from settings, and handed to what needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from earthgan.surrogate import Surrogate
from earthgan_gateway.cache import LayeredCache, MemoryCache, RedisCache
from earthgan_gateway.engines import Engine, make_engine
from earthgan_gateway.fields import Fields
from earthgan_gateway.openapi import complete_openapi
from earthgan_gateway.pictures import Pictures
from earthgan_gateway.prefetch import Prefetch
from earthgan_gateway.problems import add_problem_handlers
from earthgan_gateway.routes.client import client_routes
from earthgan_gateway.routes.colormaps import colormaps_router
from earthgan_gateway.routes.health import health_router
from earthgan_gateway.routes.metadata import metadata_router
from earthgan_gateway.routes.pictures import PictureRoutes
from earthgan_gateway.routes.wmts import wmts_router
from earthgan_gateway.settings import Settings


def create_app(settings: Settings | None = None, engine: Engine | None = None) -> FastAPI:
    """The gateway over one surrogate: by the settings given, or those of the environment.

    `engine` replaces the one that the settings name. Raises DamagedSurrogate, naming the file, where the surrogate is
    not whole: nothing is served by half.
    """
    settings = settings or Settings()
    surrogate = Surrogate(settings.surrogate)
    running = engine or make_engine(settings, surrogate)
    redis = RedisCache(str(settings.redis_url), settings.redis_timeout_s) if settings.redis_url else None
    cache = LayeredCache(MemoryCache(settings.cache_mb * 2**20), redis)
    fields = Fields(surrogate, running, cache, settings.engine_timeout_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        prefetch = asyncio.create_task(Prefetch(fields).run()) if settings.prefetch else None
        yield
        if prefetch is not None:
            prefetch.cancel()
        await running.close()
        await cache.close()

    app = FastAPIOffline(  # /docs without a CDN
        title="EarthGAN",
        summary="Map tiles and radial shells of a mantle-convection surrogate",
        description=surrogate.spec.provenance.notice,
        version="0.1.0",
        license_info={"name": "Apache-2.0"},
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,  # a path has one spelling
    )
    app.include_router(metadata_router(fields))
    app.include_router(colormaps_router())
    app.include_router(wmts_router(fields))
    app.include_router(health_router(running, surrogate.digest))
    app.router.routes.extend(client_routes(settings.client))
    add_problem_handlers(app)
    complete_openapi(app)
    # The last added is the first to see a request.
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=1)
    app.add_middleware(PictureRoutes, fields=fields, pictures=Pictures(fields, cache))
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD"],
            expose_headers=["ETag", "Cache-Status", "Server-Timing", "EarthGAN-Surrogate"],
        )
    return app
