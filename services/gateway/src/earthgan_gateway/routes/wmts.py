"""`/wmts/WMTSCapabilities.xml`: for GIS programs."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from earthgan_gateway import wmts
from earthgan_gateway.catalog import catalog
from earthgan_gateway.offer import Offer
from earthgan_gateway.routes.problems import ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED


def wmts_router(offer: Offer) -> APIRouter:
    """The capabilities; the tiles that they point at are those of `/tiles`."""
    router = APIRouter(tags=["metadata"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)
    first = catalog(offer)["default"]

    text = {"schema": {"type": "string"}}

    @router.get(f"/{wmts.CAPABILITIES}", response_class=Response, responses={200: {"content": {wmts.MEDIA_TYPE: text}}})
    async def get_capabilities(request: Request) -> Response:
        """OGC WMTS 1.0.0 capabilities: a layer per variable, with time step and radial shell as dimensions."""
        quantities = offer.quantities.values()
        body = wmts.capabilities(offer.surrogate, quantities, first["t"], first["r"], str(request.base_url))
        return Response(body, media_type=wmts.MEDIA_TYPE, headers={"cache-control": "public, max-age=60"})

    return router
