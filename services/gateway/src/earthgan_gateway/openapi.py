"""The OpenAPI document, completed by the plain routes that FastAPI does not see."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from earthgan.tiles import TILE_MATRIX_SETS

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


def _paths() -> dict[str, Any]:
    shell = [
        _in_path("var", {"type": "string"}, "temperature", "A variable of /variables"),
        _in_path("t", {"type": "integer", "minimum": 0}, 120, "A time step of /catalog"),
        _in_path("r", {"type": "integer", "minimum": 0}, 150, "A radial shell of /catalog, 0 next to the core"),
    ]
    tile = [
        _in_path(name, {"type": "integer", "minimum": 0}, example, text)
        for name, example, text in (("z", 1, "Zoom"), ("x", 0, "Column, from west"), ("y", 0, "Row, from north"))
    ]
    tms = _in_query("tms", {"type": "string", "enum": list(TILE_MATRIX_SETS)}, TILE_MATRIX_SETS[0], "Tile matrix set")
    style = [
        _in_query("colormap", {"type": "string"}, "inferno", "A colour map's name"),
        _in_query("rescale", {"type": "string"}, "300,3600", "Values at the ends of the colour map"),
    ]
    picture: dict[str, Any] = {"image/png": {}, "application/x-npy": {}}
    return {
        "/tiles/{var}/{t}/{r}/{z}/{x}/{y}": _get(
            "A map tile",
            "256 pixels of a shell; `@2x` after `y` for 512. `.png` (the default) or `.npy` (float32, in units).",
            [*shell, *tile, tms, *style],
            picture,
        ),
        "/tiles/{var}/{t}/{r}/tilejson.json": _get(
            "TileJSON of a shell", "TileJSON 3.0.0, for MapLibre and QGIS.", [*shell, tms], {"application/json": {}}
        ),
        "/shells/{var}/{t}/{r}": _get(
            "A radial shell",
            "On its own grid: `.npy` (the default; float32, in units) or `.png`.",
            [*shell, *style],
            picture,
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


def _in_path(name: str, schema: dict[str, Any], example: object, text: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example, "description": text}


def _in_query(name: str, schema: dict[str, Any], example: object, text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "example": example, "description": text}
