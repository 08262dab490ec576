"""The route `/stac`: the surrogate as a STAC collection."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from earthgan_gateway import stac
from earthgan_gateway.offer import Offer
from earthgan_gateway.routes.problems import ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED
from earthgan_gateway.routes.stac_models import StacCollection


def stac_router(offer: Offer) -> APIRouter:
    """Make the route of the collection."""
    router = APIRouter(tags=["metadata"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)

    @router.get("/stac", response_model=StacCollection, response_model_exclude_unset=True)
    async def get_stac(request: Request) -> dict[str, Any]:
        """Describe the surrogate as a STAC collection, with the render extension."""
        return stac.collection(offer, str(request.base_url))

    return router
