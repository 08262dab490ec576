"""The OpenAPI document, completed by the plain routes that FastAPI does not see."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from earthgan.sphere.tiles import TILE_MATRIX_SETS
from earthgan_gateway.formats import FORMATS

_JSON = "application/json"
_INDEX = {"type": "integer", "minimum": 0}
_COLOUR = {"type": "string", "pattern": "^[0-9a-fA-F]{6}$"}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}


def complete_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` describe tiles, shells and TileJSON too."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            document["paths"].update(_paths())
            document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _SCHEMA
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def style_parameters() -> list[dict[str, Any]]:
    """The query parameters of a `pictures.Style`, as OpenAPI parameters."""
    return [
        _in_query("anomaly", _one_of("false", "true"), "true", "Less the lateral mean of the shell"),
        _in_query("colormap", {"type": "string"}, "batlow", "One of /colormaps"),
        _in_query("rescale", {"type": "string"}, "300,3600", "Values at the ends of the colour map"),
        _in_query("steps", {"type": "integer", "minimum": 2, "maximum": 255}, 12, "Flat bands of colour"),
        _in_query("under", _COLOUR, "000000", "The colour of values below the range"),
        _in_query("over", _COLOUR, "ffffff", "The colour of values above the range"),
    ]


def _paths() -> dict[str, Any]:
    shell = [
        _in_path("var", {"type": "string"}, "temperature", "A variable of /variables"),
        _in_path("t", _INDEX, 120, "A time step of /catalog"),
        _in_path("r", _INDEX, 150, "A radial shell of /catalog, 0 next to the core"),
    ]
    tile = [
        _in_path(name, _INDEX, example, text)
        for name, example, text in (("z", 1, "Zoom"), ("x", 0, "Column, from west"), ("y", 0, "Row, from north"))
    ]
    tms = _in_query("tms", _one_of(*TILE_MATRIX_SETS), TILE_MATRIX_SETS[0], "Tile matrix set")
    resampling = _in_query("resampling", _one_of("bilinear", "nearest"), "nearest", "Between grid points")
    version = _in_query("v", {"type": "string"}, "digest", "The surrogate's digest, which makes the answer immutable")
    tile_formats: dict[str, Any] = {each.media_type: {} for each in FORMATS.values() if each.for_tiles}
    shell_formats: dict[str, Any] = {each.media_type: {} for each in FORMATS.values()}
    return {
        "/tiles/{var}/{t}/{r}/{z}/{x}/{y}": _get(
            "A map tile",
            "256 pixels of a shell; `@2x` after `y` for 512. `.png` (the default), `.webp`, `.npy` (float32, in "
            "units) or `.tif` (GeoTIFF).",
            [*shell, *tile, tms, resampling, *style_parameters(), version],
            tile_formats,
        ),
        "/tiles/{var}/{t}/{r}/tilejson.json": _get(
            "TileJSON of a shell",
            "TileJSON 3.0.0, for MapLibre and QGIS.",
            [*shell, tms, *style_parameters()],
            {_JSON: {}},
        ),
        "/shells/{var}/{t}/{r}": _get(
            "A radial shell",
            "On its own grid: `.npy` (the default; float32, in units), `.nc` (NetCDF, CF-1.8), `.json`, `.tif` "
            "(GeoTIFF of the globe), `.png` or `.webp`.",
            [*shell, *style_parameters(), version],
            shell_formats,
        ),
    }


def _get(summary: str, text: str, parameters: list[dict[str, Any]], content: dict[str, Any]) -> dict[str, Any]:
    errors = {"404": "No such thing", "422": "A query that cannot be read", "503": "The generator does not answer"}
    responses = {status: {"description": what, "content": _PROBLEM} for status, what in errors.items()}
    return {
        "get": {
            "tags": ["pictures"],
            "summary": summary,
            "description": text,
            "parameters": parameters,
            "responses": {"200": {"description": summary, "content": content}, **responses},
        }
    }


def _one_of(*choices: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(choices)}


def _in_path(name: str, schema: dict[str, Any], example: object, text: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example, "description": text}


def _in_query(name: str, schema: dict[str, Any], example: object, text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "example": example, "description": text}
