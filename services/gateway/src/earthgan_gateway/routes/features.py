"""The routes `/features/...`: the slabs and plumes of a time step as JSON, GeoJSON and CSV."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earthgan.errors import NotFound
from earthgan_gateway.features import Features
from earthgan_gateway.keys import Keys
from earthgan_gateway.routes.feature_models import FeatureCollection, FeatureTable
from earthgan_gateway.routes.paths import Step
from earthgan_gateway.routes.problems import ENGINE_ERRORS, NO_SUCH_PATH
from earthgan_gateway.routes.query import ONLY_DOCUMENTED, FeaturesQuery, OutlinesQuery, whole
from earthgan_gateway.routes.tagged import JSON, tagged

#: A part of every entity tag. Raise it when the same features would be answered differently.
VERSION = 1
GEOJSON = "application/geo+json"


class _GeoJson(JSONResponse):
    media_type = GEOJSON


class _Csv(Response):
    media_type = "text/csv"


def features_router(features: Features, keys: Keys) -> APIRouter:
    """Make the routes of slabs and plumes."""

    async def exists(request: Request) -> None:
        """Check that the step exists. This runs before the query is read, so that a 404 comes first."""
        try:
            t = whole(request.path_params["t"])
        except ValueError:
            raise NotFound(NO_SUCH_PATH) from None
        features.check(t)

    def name(form: str, t: int, query: FeaturesQuery, *more: Any) -> str:
        return f"features/{VERSION}/{form}/{(t, query.kind, query.criterion, *more)!r}"

    router = APIRouter(tags=["features"], dependencies=[Depends(exists), ONLY_DOCUMENTED], responses=ENGINE_ERRORS)

    @router.get("/features/{t}.geojson", response_model=FeatureCollection, response_class=_GeoJson)
    async def get_outlines(request: Request, t: Step, query: Annotated[OutlinesQuery, Query()]) -> Response:
        """Give the outlines of the slabs and plumes that reach a radial shell, as GeoJSON.

        They follow the edges of the grid's cells, and are cut at the date line.
        """
        r = features.shell(query.shell)

        async def write() -> str:
            found = await features.found(t, query.criterion)
            return await asyncio.to_thread(
                lambda: FeatureCollection.model_validate(features.outlines(t, found, query.kind, r)).model_dump_json()
            )

        return await tagged(request, keys, name("geojson", t, query, r), write, GEOJSON, f"features_t{t}_r{r}.geojson")

    @router.get("/features/{t}.csv", response_class=_Csv)
    async def get_features_as_csv(request: Request, t: Step, query: Annotated[FeaturesQuery, Query()]) -> Response:
        """Give the slabs and plumes of a time step as a CSV file. The units are those of the JSON document."""

        async def write() -> str:
            return (await features.found(t, query.criterion)).csv(query.kind)

        return await tagged(request, keys, name("csv", t, query), write, "text/csv", f"features_t{t}.csv")

    @router.get("/features/{t}", response_model=FeatureTable)
    async def get_features(request: Request, t: Step, query: Annotated[FeaturesQuery, Query()]) -> Response:
        """Find the slabs and plumes of a time step: connected regions that are cold and sink, or hot and rise.

        The first request for a step reads all its shells. If the generator needs longer than a request may wait, the
        answer is 503, and a repeated request continues from there.
        """

        async def write() -> str:
            found = await features.found(t, query.criterion)
            return await asyncio.to_thread(
                lambda: FeatureTable.model_validate(features.table(t, found, query.kind)).model_dump_json()
            )

        return await tagged(request, keys, name("json", t, query), write, JSON)

    return router
