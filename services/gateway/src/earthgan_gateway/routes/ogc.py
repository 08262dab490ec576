"""The routes `/ogc...` that describe OGC API - Tiles and EDR. Their links lead to the tiles under `/tiles`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from earthgan.sphere.tiles import TILE_MATRIX_SETS
from earthgan_gateway import ogc
from earthgan_gateway.catalog import first_view
from earthgan_gateway.offer import Offer
from earthgan_gateway.routes.models import (
    OgcCollection,
    OgcCollections,
    OgcConformance,
    OgcLanding,
    OgcTileMatrixSet,
    OgcTileMatrixSets,
    OgcTileSet,
    OgcTileSets,
)
from earthgan_gateway.routes.paths import Variable
from earthgan_gateway.routes.problems import ERRORS, PATH_ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED, MapQuery

MatrixSet = Annotated[
    str,
    Path(pattern=f"^({'|'.join(TILE_MATRIX_SETS)})$", examples=["WebMercatorQuad"], description="A tile matrix set"),
]
Shown = Annotated[MapQuery, Query()]


def ogc_router(offer: Offer) -> APIRouter:
    """Make the routes of the landing page and of all that its links lead to, except tiles and the API's description."""
    router = APIRouter(tags=["ogc"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)
    surrogate, first = offer.surrogate, first_view(offer.surrogate)

    @router.get("/ogc", response_model=OgcLanding)
    async def get_landing_page(request: Request) -> dict[str, Any]:
        """Give the landing page of OGC API - Tiles and EDR."""
        return ogc.landing(surrogate, str(request.base_url))

    @router.get("/ogc/conformance", response_model=OgcConformance)
    async def get_conformance() -> dict[str, Any]:
        """List the conformance classes of OGC standards."""
        return {"conformsTo": ogc.CONFORMS_TO}

    @router.get("/ogc/collections", response_model=OgcCollections)
    async def get_collections(request: Request) -> dict[str, Any]:
        """List the variables as collections."""
        return ogc.collections(offer, str(request.base_url))

    @router.get("/ogc/collections/{var}", response_model=OgcCollection, responses=PATH_ERRORS)
    async def get_collection(request: Request, var: Variable) -> dict[str, Any]:
        """Describe a variable as a collection."""
        return ogc.collection(surrogate, offer.quantity(var), str(request.base_url))

    @router.get("/ogc/collections/{var}/map/tiles", response_model=OgcTileSets, responses=PATH_ERRORS)
    async def get_tilesets(request: Request, var: Variable, query: Shown) -> dict[str, Any]:
        """List the tile sets of a variable at a time step and on a radial shell."""
        t, r = query.chosen(first["t"], first["r"])
        return ogc.tilesets(surrogate, offer.check(var, t=t, r=r), t, r, str(request.base_url))

    @router.get("/ogc/collections/{var}/map/tiles/{tms}", response_model=OgcTileSet, responses=PATH_ERRORS)
    async def get_tileset(request: Request, var: Variable, tms: MatrixSet, query: Shown) -> dict[str, Any]:
        """Describe a tile set: its tile matrix set, its limits, and the template of its tiles' addresses."""
        t, r = query.chosen(first["t"], first["r"])
        return ogc.tileset(surrogate, offer.check(var, t=t, r=r), t, r, tms, str(request.base_url))

    @router.get("/ogc/tileMatrixSets", response_model=OgcTileMatrixSets)
    async def get_tile_matrix_sets(request: Request) -> dict[str, Any]:
        """List the tile matrix sets."""
        return ogc.tile_matrix_sets(str(request.base_url))

    @router.get("/ogc/tileMatrixSets/{tms}", response_model=OgcTileMatrixSet, responses=PATH_ERRORS)
    async def get_tile_matrix_set(tms: MatrixSet) -> dict[str, Any]:
        """Give a tile matrix set."""
        return ogc.tile_matrix_set(surrogate, tms)

    return router
