"""`/catalog`, `/variables`, `/legends/...`: what there is, and how it is drawn."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earthgan.errors import InvalidRequest
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_gateway import catalog
from earthgan_gateway.drawing.render import legend_png
from earthgan_gateway.offer import Offer
from earthgan_gateway.routes import grammar
from earthgan_gateway.routes.openapi import style_parameters


def metadata_router(offer: Offer) -> APIRouter:
    """The JSON that lets a client be written without knowledge of the surrogate."""
    router = APIRouter(tags=["metadata"])
    whole_catalog = catalog.catalog(offer)

    @router.get("/catalog")
    async def get_catalog(
        depth_km: Annotated[float | None, Query(examples=[660], description="also give the nearest shell")] = None,
        radius_km: Annotated[float | None, Query(examples=[5711], description="also give the nearest shell")] = None,
    ) -> dict[str, Any]:
        """Variables, time steps, radial shells with radius and depth, grid, tile matrix sets, notice and licence.

        With a depth or a radius, `nearest` is the shell closest to it.
        """
        if depth_km is None and radius_km is None:
            return whole_catalog
        if depth_km is not None and radius_km is not None:
            raise InvalidRequest("give depth_km or radius_km, not both")
        asked_km = EARTH_RADIUS_KM - depth_km if depth_km is not None else radius_km
        assert asked_km is not None
        if not 0 <= asked_km <= EARTH_RADIUS_KM:
            raise InvalidRequest(f"a radius lies between 0 and {EARTH_RADIUS_KM:.0f} km, and so does a depth")
        return whole_catalog | {"nearest": catalog.nearest_shell(offer.surrogate, asked_km)}

    @router.get("/variables")
    async def get_variables() -> dict[str, Any]:
        """Each variable and derived quantity: name, unit, global range and colour map."""
        return catalog.variables(offer)

    @router.get("/legends/{name}", response_model=None, openapi_extra={"parameters": style_parameters()})
    async def get_legend(request: Request, name: Annotated[str, Path(examples=["temperature.json"])]) -> Response:
        """A variable's legend: `{var}.json` (also `{var}`) with colours and ticks, `{var}.png` as a picture.

        It takes the parameters of a tile's style: `anomaly`, `colormap`, `rescale`, `steps`, `under`, `over`.
        """
        quantity, form = grammar.legend(offer, name)
        style = grammar.style_of(quantity, grammar.is_anomaly(request.query_params), request.query_params)
        if form == "png":
            return Response(
                legend_png(quantity.long_name, quantity.unit, style.palette(), style.low, style.high),
                media_type="image/png",
            )
        return JSONResponse(catalog.legend(quantity, style))

    return router
