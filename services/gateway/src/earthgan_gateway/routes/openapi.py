"""The OpenAPI document. FastAPI writes it from the routes; this module adds what FastAPI cannot see."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query
from starlette.responses import Response

from earthgan_gateway.formats import FORMATS, Format
from earthgan_gateway.routes.grammar import SHELL_FORMATS, TILE_FORMATS
from earthgan_gateway.routes.models import ShellValues
from earthgan_gateway.routes.paths import Column, Row, Shell, Step, Variable, Zoom
from earthgan_gateway.routes.problems import ENGINE_ERRORS, Problem
from earthgan_gateway.routes.query import DRAWS, ShellQuery, TileQuery

BINARY = {"schema": {"type": "string", "format": "binary"}}


def _format(offered: tuple[str, ...], example: str) -> Any:
    return Path(json_schema_extra={"enum": list(offered)}, examples=[example], description="File format")


TileFormat = Annotated[str, _format(TILE_FORMATS, "webp")]
ShellFormat = Annotated[str, _format(SHELL_FORMATS, "nc")]


def complete_openapi(app: FastAPI, has_draws: bool) -> None:
    """Add the schema of errors to `app.openapi()`, because every route refers to it. Leave out the parameters that
    choose draws, unless the surrogate has any.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas[Problem.__name__] = Problem.model_json_schema()
            if not has_draws:
                for operation in (each for path in document["paths"].values() for each in path.values()):
                    parameters = operation.get("parameters", [])
                    operation["parameters"] = [each for each in parameters if each["name"] not in DRAWS]
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def pictures_router() -> APIRouter:
    """Make the routes of tiles and shells for the OpenAPI document.

    `PictureRoutes` answers these requests before they reach the router, so these functions are never called.
    """
    router = APIRouter(tags=["pictures"], responses=ENGINE_ERRORS, default_response_class=_Picture)
    tile, shell = "/tiles/{var}/{t}/{r}/{z}/{x}/{y}", "/shells/{var}/{t}/{r}"

    @router.get(tile, responses=_answers([FORMATS["png"]]))
    async def get_tile(
        var: Variable, t: Step, r: Shell, z: Zoom, x: Column, y: Row, query: Annotated[TileQuery, Query()]
    ) -> None:
        """Draw a map tile of 256 by 256 pixels as PNG."""

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
        """Draw a map tile of 256 by 256 pixels as PNG, WebP, NPY (float32, in the variable's unit) or GeoTIFF."""

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
        """Draw a map tile of 512 by 512 pixels, for high-resolution screens. Without a format, it is a PNG."""

    @router.get(shell, responses=_answers([FORMATS["npy"]]))
    async def get_shell(var: Variable, t: Step, r: Shell, query: Annotated[ShellQuery, Query()]) -> None:
        """Give a radial shell on its own grid as NPY (float32, in the variable's unit)."""

    @router.get(shell + ".{format}", responses=_answers(list(FORMATS.values())))
    async def get_shell_as(
        var: Variable,
        t: Step,
        r: Shell,
        format: ShellFormat,
        query: Annotated[ShellQuery, Query()],
    ) -> None:
        """Give a radial shell on its own grid as NPY, NetCDF, JSON, PNG or WebP, or as a GeoTIFF of the globe.

        NetCDF files follow CF-1.8. NPY files hold float32 values in the variable's unit.
        """

    return router


class _Picture(Response):
    """A response class without a media type of its own, because each route lists its media types."""


def _answers(formats: list[Format]) -> dict[int | str, dict[str, Any]]:
    """Describe the successful answer in all formats of a route. FastAPI puts the schema of a model under JSON."""
    names = {each.name: each.media_type for each in formats}
    model = {"model": ShellValues} if names.pop("json", None) else {}
    return {200: {"description": "The picture", "content": dict.fromkeys(names.values(), BINARY), **model}}
