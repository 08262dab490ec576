"""The application: everything is made here, from settings, and handed to what needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from earthgan.surrogate import Surrogate
from earthgan_gateway.cache import LayeredCache, MemoryCache, RedisCache
from earthgan_gateway.engines import Engine, make_engine
from earthgan_gateway.fields import Fields
from earthgan_gateway.openapi import complete_openapi
from earthgan_gateway.pictures import Pictures
from earthgan_gateway.problems import add_problem_handlers
from earthgan_gateway.routes.client import client_routes
from earthgan_gateway.routes.health import health_router
from earthgan_gateway.routes.metadata import metadata_router
from earthgan_gateway.routes.pictures import picture_routes
from earthgan_gateway.settings import Settings


def create_app(settings: Settings, engine: Engine | None = None) -> FastAPI:
    """The gateway over one surrogate; `engine` replaces the one that the settings name.

    Raises DamagedSurrogate, naming the file, where the surrogate is not whole: nothing is served by half.
    """
    surrogate = Surrogate(settings.surrogate)
    running = engine or make_engine(settings, surrogate)
    redis = RedisCache(str(settings.redis_url), settings.redis_timeout_s) if settings.redis_url else None
    cache = LayeredCache(MemoryCache(settings.cache_mb * 2**20), redis)
    fields = Fields(surrogate, running, cache, settings.engine_timeout_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
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
    app.router.routes.extend(picture_routes(surrogate, Pictures(fields, cache)))
    app.include_router(metadata_router(surrogate))
    app.include_router(health_router(running, surrogate.digest))
    app.router.routes.extend(client_routes(settings.client))
    add_problem_handlers(app)
    complete_openapi(app)
    return app
