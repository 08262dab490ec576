"""The route `/wmts/WMTSCapabilities.xml`, which describes the tiles to GIS programs."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from earthgan_gateway import wmts
from earthgan_gateway.catalog import first_view
from earthgan_gateway.offer import Offer
from earthgan_gateway.routes.problems import ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED


def wmts_router(offer: Offer) -> APIRouter:
    """Make the route of the capabilities document. The document points at the tiles under `/tiles`."""
    router = APIRouter(tags=["metadata"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)
    first = first_view(offer.surrogate)

    text = {"schema": {"type": "string"}}

    @router.get(f"/{wmts.CAPABILITIES}", response_class=Response, responses={200: {"content": {wmts.MEDIA_TYPE: text}}})
    async def get_capabilities(request: Request) -> Response:
        """Describe the tiles as OGC WMTS 1.0.0: one layer per variable, with step and shell as dimensions."""
        quantities = offer.quantities.values()
        body = wmts.capabilities(offer.surrogate, quantities, first["t"], first["r"], str(request.base_url))
        return Response(body, media_type=wmts.MEDIA_TYPE, headers={"cache-control": "public, max-age=60"})

    return router
