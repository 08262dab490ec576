"""The routes `/zarr/...` of the virtual Zarr store, except the chunks of quantities, which are pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from starlette.requests import Request
from starlette.responses import Response

from earthgan_gateway import zarr
from earthgan_gateway.offer import Offer
from earthgan_gateway.routes.files import WebFile
from earthgan_gateway.routes.models import ZarrNode
from earthgan_gateway.routes.openapi import BINARY
from earthgan_gateway.routes.problems import ENGINE_ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED

JSON, BYTES = "application/json", "application/octet-stream"
Key = Annotated[str, Path(examples=[zarr.METADATA], description="A key of the store")]


def zarr_router(offer: Offer) -> APIRouter:
    """Make the route of the store's keys. Chunks of quantities are answered before they reach the router."""
    router = APIRouter(tags=["zarr"], dependencies=[ONLY_DOCUMENTED], responses=ENGINE_ERRORS)
    files = {
        key: WebFile(content, JSON if key.endswith(zarr.METADATA) else BYTES)
        for key, content in zarr.documents(offer).items()
    }

    @router.get(
        "/zarr/{key:path}", response_class=Response, responses={200: {"model": ZarrNode, "content": {BYTES: BINARY}}}
    )
    async def get_zarr(key: Key, request: Request) -> Response:
        """Read a key of the run as a virtual Zarr store: the metadata, or a chunk, which is a radial shell in units."""
        if key not in files:
            raise HTTPException(404)
        return files[key].answer(request)

    return router
