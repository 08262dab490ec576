"""The routes `/catalog`, `/variables`, `/legends/...` and TileJSON. They describe the surrogate and how it is drawn."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earthgan.errors import InvalidRequest
from earthgan.quantities import Quantity
from earthgan.variables import with_unit
from earthgan_gateway import catalog
from earthgan_gateway.drawing.render import legend_png
from earthgan_gateway.draws import Draws
from earthgan_gateway.fields import Fields
from earthgan_gateway.pictures import Style
from earthgan_gateway.routes.models import Catalog, Legend, TileJson, Variables
from earthgan_gateway.routes.openapi import BINARY
from earthgan_gateway.routes.paths import Shell, Step, Variable
from earthgan_gateway.routes.problems import ENGINE_ERRORS, ERRORS, PATH_ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED, CatalogQuery, StyleQuery, TileJsonQuery

FOR_A_MINUTE = {"cache-control": "public, max-age=60"}


def metadata_router(fields: Fields) -> APIRouter:
    """Make the routes that describe the surrogate, so that clients need no built-in knowledge of it."""
    router = APIRouter(tags=["metadata"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)
    offer = fields.offer
    whole_catalog = catalog.catalog(offer)
    planet = offer.surrogate.spec.planet
    outermost_km = max(planet.radius_km, offer.surrogate.grid.radii_km[-1])

    @router.get("/catalog", response_model=Catalog, response_model_exclude_unset=True)
    async def get_catalog(query: Annotated[CatalogQuery, Query()]) -> dict[str, Any]:
        """List variables, time steps, radial shells with radius and depth, grid, tile matrix sets, notice and licence.

        If the query gives a depth or a radius, `nearest` is the shell closest to it.
        """
        if query.depth_km is None and query.radius_km is None:
            return whole_catalog
        if query.depth_km is not None and query.radius_km is not None:
            raise InvalidRequest("give depth_km or radius_km, not both")
        asked_km = planet.depth_km(query.depth_km) if query.depth_km is not None else query.radius_km
        assert asked_km is not None
        if not 0 <= asked_km <= outermost_km:
            raise InvalidRequest(
                f"radius_km must lie between 0 and {outermost_km:g}, "
                f"and depth_km between {planet.depth_km(outermost_km):g} and {planet.radius_km:g}"
            )
        return whole_catalog | {"nearest": catalog.nearest_shell(offer.surrogate, asked_km)}

    @router.get("/variables", response_model=Variables)
    async def get_variables() -> dict[str, Any]:
        """List every variable and derived quantity with its name, unit, global range and colour map."""
        return catalog.variables(offer)

    async def drawn(quantity: Quantity, query: StyleQuery) -> tuple[Draws, Style]:
        """Return the draws and the style that a query asks for. The generator is asked for the range of a spread."""
        draws, style = query.chosen(offer), query.style(quantity)
        return draws, style.within(*await fields.spreads.of(quantity, fields.deadline())) if style.is_open else style

    @router.get(
        "/legends/{var}.png",
        response_class=Response,
        responses=ENGINE_ERRORS | {200: {"content": {"image/png": BINARY}}},
    )
    async def get_legend_picture(var: Variable, query: Annotated[StyleQuery, Query()]) -> Response:
        """Draw the legend of a variable as a picture of 320 by 56 pixels."""
        quantity = offer.quantity(var)
        draws, style = await drawn(quantity, query)
        unit, factor = catalog.shown_unit(offer.surrogate, quantity)
        heading = with_unit(draws.of(quantity.long_name), unit)
        picture = legend_png(heading, style.palette(), style.low * factor, style.high * factor)
        return Response(picture, media_type="image/png")

    @router.get("/legends/{var}", response_model=Legend, responses=ENGINE_ERRORS)
    @router.get("/legends/{var}.json", response_model=Legend, responses=ENGINE_ERRORS)  # this path is tried first
    async def get_legend(var: Variable, query: Annotated[StyleQuery, Query()]) -> dict[str, Any]:
        """Give the legend of a variable: its colours from low to high, and the ticks to print beside them.

        The legend of a spread goes from zero to the largest standard deviation in a sample of the data.
        """
        quantity = offer.quantity(var)
        draws, style = await drawn(quantity, query)
        return catalog.legend(offer.surrogate, quantity, style, draws)

    @router.get("/tiles/{var}/{t}/{r}/tilejson.json", response_model=TileJson, responses=PATH_ERRORS)
    async def get_tilejson(
        request: Request, var: Variable, t: Step, r: Shell, query: Annotated[TileJsonQuery, Query()]
    ) -> Response:
        """Give the TileJSON 3.0.0 of a radial shell, for MapLibre and QGIS. The tiles are drawn as this query says."""
        quantity = offer.check(var, t=t, r=r)
        query.style(quantity)  # raises if no tile can be drawn in this style
        document = catalog.tilejson(
            offer.surrogate, quantity, t, r, query.tms, str(request.base_url), request.url.query, query.chosen(offer)
        )
        return JSONResponse(TileJson.model_validate(document).model_dump(), headers=FOR_A_MINUTE)

    return router
