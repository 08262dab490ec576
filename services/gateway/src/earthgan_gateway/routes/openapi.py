"""The OpenAPI document: FastAPI writes it from the routes. Here is what it cannot see by itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query
from starlette.responses import Response

from earthgan_gateway.formats import FORMATS, Format
from earthgan_gateway.routes.grammar import SHELL_FORMATS, TILE_FORMATS
from earthgan_gateway.routes.models import ShellValues
from earthgan_gateway.routes.paths import Column, Row, Shell, Step, Variable, Zoom
from earthgan_gateway.routes.problems import ENGINE_ERRORS, Problem
from earthgan_gateway.routes.query import ShellQuery, TileQuery

BINARY = {"schema": {"type": "string", "format": "binary"}}


def _format(offered: tuple[str, ...], example: str) -> Any:
    return Path(json_schema_extra={"enum": list(offered)}, examples=[example], description="File format")


TileFormat = Annotated[str, _format(TILE_FORMATS, "webp")]
ShellFormat = Annotated[str, _format(SHELL_FORMATS, "nc")]


def complete_openapi(app: FastAPI) -> None:
    """Add the schema of errors, which every route refers to, to `app.openapi()`."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = generate().setdefault("components", {}).setdefault("schemas", {})
            schemas[Problem.__name__] = Problem.model_json_schema()
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def pictures_router() -> APIRouter:
    """Tiles and shells as FastAPI describes them. `PictureRoutes` stands in front of the router and answers them, so
    that none of these functions is ever called.
    """
    router = APIRouter(tags=["pictures"], responses=ENGINE_ERRORS, default_response_class=_Picture)
    tile, shell = "/tiles/{var}/{t}/{r}/{z}/{x}/{y}", "/shells/{var}/{t}/{r}"

    @router.get(tile, responses=_answers([FORMATS["png"]]))
    async def get_tile(
        var: Variable, t: Step, r: Shell, z: Zoom, x: Column, y: Row, query: Annotated[TileQuery, Query()]
    ) -> None:
        """A map tile of 256 pixels, as PNG."""

    @router.get(tile + ".{format}", responses=_answers([FORMATS[name] for name in TILE_FORMATS]))
    async def get_tile_as(
        var: Variable,
        t: Step,
        r: Shell,
        z: Zoom,
        x: Column,
        y: Row,
        format: TileFormat,
        query: Annotated[TileQuery, Query()],
    ) -> None:
        """A map tile of 256 pixels: PNG, WebP, NPY (float32, in units) or GeoTIFF."""

    @router.get(tile + "@2x.{format}", responses=_answers([FORMATS[name] for name in TILE_FORMATS]))
    async def get_double_tile_as(
        var: Variable,
        t: Step,
        r: Shell,
        z: Zoom,
        x: Column,
        y: Row,
        format: TileFormat,
        query: Annotated[TileQuery, Query()],
    ) -> None:
        """A map tile of 512 pixels, for screens with small pixels. Without a format it is a PNG."""

    @router.get(shell, responses=_answers([FORMATS["npy"]]))
    async def get_shell(var: Variable, t: Step, r: Shell, query: Annotated[ShellQuery, Query()]) -> None:
        """A radial shell on its own grid, as NPY (float32, in units)."""

    @router.get(shell + ".{format}", responses=_answers(list(FORMATS.values())))
    async def get_shell_as(
        var: Variable,
        t: Step,
        r: Shell,
        format: ShellFormat,
        query: Annotated[ShellQuery, Query()],
    ) -> None:
        """A radial shell on its own grid: NPY, NetCDF (CF-1.8) or JSON; GeoTIFF of the globe; PNG or WebP."""

    return router


class _Picture(Response):
    """An answer whose media types the route lists."""


def _answers(formats: list[Format]) -> dict[int | str, dict[str, Any]]:
    """All 200s of a route; FastAPI puts a model's schema under JSON."""
    names = {each.name: each.media_type for each in formats}
    model = {"model": ShellValues} if names.pop("json", None) else {}
    return {200: {"description": "The picture", "content": dict.fromkeys(names.values(), BINARY), **model}}
