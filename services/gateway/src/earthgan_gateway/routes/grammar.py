"""The strict grammar of paths: a number is written in one way only, so that no picture has two names."""

from __future__ import annotations

import re

from starlette.requests import Request

from earthgan.errors import InvalidRequest, NotFound
from earthgan.spec import VariableSpec
from earthgan.surrogate import Surrogate
from earthgan.tiles import WEB_MERCATOR, Tile
from earthgan_gateway.pictures import Format, ShellPicture, Style, TilePicture

_SHELL = r"(?P<var>[a-z][a-z0-9_]*)/(?P<t>0|[1-9][0-9]{0,8})/(?P<r>0|[1-9][0-9]{0,8})"
_TILE = r"/(?P<z>0|[1-9][0-9]{0,8})/(?P<x>0|[1-9][0-9]{0,8})/(?P<y>0|[1-9][0-9]{0,8})(?P<double>@2x)?"
SHELL_PATH = re.compile(_SHELL + r"(?:\.(?P<format>npy|png))?", re.ASCII)
TILE_PATH = re.compile(_SHELL + _TILE + r"(?:\.(?P<format>png|npy))?", re.ASCII)
TILEJSON_PATH = re.compile(_SHELL + r"/tilejson\.json", re.ASCII)
LEGEND_PATH = re.compile(r"(?P<var>[a-z][a-z0-9_]*)(?:\.(?P<format>json|png))?", re.ASCII)


def match(pattern: re.Pattern[str], path: str) -> re.Match[str]:
    """The whole path as the pattern reads it. Raises NotFound."""
    found = pattern.fullmatch(path)
    if found is None:
        raise NotFound("no such path: numbers are plain decimal digits; see /docs")
    return found


def shell_picture(surrogate: Surrogate, path: str, request: Request) -> ShellPicture:
    """Raises NotFound for the path and InvalidRequest for the query."""
    found = match(SHELL_PATH, path)
    form: Format = "png" if found["format"] == "png" else "npy"
    style = _style(surrogate, found["var"], form, request)
    return ShellPicture(found["var"], int(found["t"]), int(found["r"]), form, style)


def tile_picture(surrogate: Surrogate, path: str, request: Request) -> TilePicture:
    """Raises NotFound for the path and InvalidRequest for the query."""
    found = match(TILE_PATH, path)
    form: Format = "npy" if found["format"] == "npy" else "png"
    return TilePicture(
        variable=found["var"],
        t=int(found["t"]),
        r=int(found["r"]),
        format=form,
        style=_style(surrogate, found["var"], form, request),
        tile=Tile(tile_matrix_set(request), int(found["z"]), int(found["x"]), int(found["y"])),
        pixels=512 if found["double"] else 256,
    )


def tile_matrix_set(request: Request) -> str:
    """The `tms` parameter, Web Mercator without one."""
    return request.query_params.get("tms", WEB_MERCATOR)


def variable_spec(surrogate: Surrogate, name: str) -> VariableSpec:
    """Raises UnknownVariable."""
    return surrogate.spec.variables[surrogate.check_variable(name)]


def _style(surrogate: Surrogate, variable: str, form: Format, request: Request) -> Style | None:
    spec = variable_spec(surrogate, variable)
    if form == "npy":
        return None
    query = request.query_params
    return Style.of(spec, query.get("colormap"), _pair(query["rescale"]) if "rescale" in query else None)


def _pair(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidRequest("rescale takes two numbers, such as 300,3600") from None
    return low, high
