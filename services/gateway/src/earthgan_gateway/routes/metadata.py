"""`/catalog`, `/variables`, `/legends/...`: what there is, and how it is drawn."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from earthgan.surrogate import Surrogate
from earthgan_gateway import catalog
from earthgan_gateway.render import legend_png
from earthgan_gateway.routes import grammar


def metadata_router(surrogate: Surrogate) -> APIRouter:
    """The JSON that lets a client be written without knowledge of the surrogate."""
    router = APIRouter(tags=["metadata"])
    whole_catalog = catalog.catalog(surrogate)

    @router.get("/catalog")
    async def get_catalog() -> dict[str, Any]:
        """Variables, time steps, radial shells with radius and depth, grid, tile matrix sets, notice and licence."""
        return whole_catalog

    @router.get("/variables")
    async def get_variables() -> dict[str, Any]:
        """Each variable's name, unit, global range and colour map."""
        return catalog.variables(surrogate)

    @router.get("/legends/{path}", response_model=None)
    async def get_legend(path: str) -> Response:
        """A variable's legend: `{var}.json` (also `{var}`) with colours and ticks, `{var}.png` as a picture."""
        found = grammar.match(grammar.LEGEND_PATH, path)
        spec = grammar.variable_spec(surrogate, found["var"])
        if found["format"] == "png":
            return Response(legend_png(spec.long_name, spec.unit, spec.colormap, *spec.range), media_type="image/png")
        return JSONResponse(catalog.legend(spec))

    return router
