"""`/points`, `/profiles`, `/series`, `/sections`, `/statistics`: numbers at a place, as JSON."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from earthgan.errors import InvalidRequest, NotFound
from earthgan.sphere.great_circle import GreatCircle, within_a_turn
from earthgan_gateway.keys import Keys
from earthgan_gateway.places import LONGEST_SECTION, Place, Places

#: Part of every entity tag: raise it when the same numbers would be answered differently.
VERSION = 1

_VARIABLE = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_NUMBER = re.compile(r"[-+]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?", re.ASCII)


def places_router(places: Places, keys: Keys) -> APIRouter:
    """The routes that read numbers. Their queries are read here, so that what cannot be read gets one clear line."""
    router = APIRouter(tags=["numbers"])

    async def answer(request: Request, name: tuple[Any, ...], compute: Callable[[], Awaitable[Any]]) -> Response:
        """The JSON of what is computed; its entity tag is that of the name, which says all but the surrogate."""
        tag = keys.tag(keys.places(f"{VERSION}/{name!r}"))
        # Weak, for the same JSON may leave compressed or not.
        headers = {"etag": f'W/"{tag}"', "cache-control": "public, max-age=60", "earthgan-surrogate": keys.digest}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        found = await compute()
        body = await asyncio.to_thread(json.dumps, found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Response(body, media_type="application/json", headers=headers)

    @router.get("/points/{var}/{t}/{r}", response_model=None, openapi_extra=_parameters("var", "t", "r", "lat", "lon"))
    async def get_point(request: Request) -> Response:
        """The value at a place of a radial shell, and of all other quantities there: what a tile shows at that place.

        `values` has one number for each quantity of `/variables`, in its unit.
        """
        name, t, r = _variable(request), _index(request, "t"), _index(request, "r")
        places.offer.check(name, t=t, r=r)
        place = _place(request.query_params)
        return await answer(request, ("point", name, t, r, place), lambda: places.point(name, t, r, place))

    @router.get(
        "/profiles/{var}/{t}", response_model=None, openapi_extra=_parameters("var", "t", "lat", "lon", "lateral_mean")
    )
    async def get_profile(request: Request) -> Response:
        """The values below a place in all radial shells, from the core outwards.

        `lateral_mean=true` adds the mean of each shell over the sphere. It takes all whole shells of the step, once,
        unless the surrogate's coefficients tell it; a generator that needs longer than a request may wait answers 503,
        and goes on from there when asked again.
        """
        name, t = _variable(request), _index(request, "t")
        places.offer.check(name, t=t)
        place, mean = _place(request.query_params), _flag(request.query_params, "lateral_mean")
        return await answer(request, ("profile", name, t, place, mean), lambda: places.profile(name, t, place, mean))

    @router.get("/series/{var}/{r}", response_model=None, openapi_extra=_parameters("var", "r", "lat", "lon"))
    async def get_series(request: Request) -> Response:
        """The values at a place of a radial shell in all time steps."""
        name, r = _variable(request), _index(request, "r")
        places.offer.check(name, r=r)
        place = _place(request.query_params)
        return await answer(request, ("series", name, r, place), lambda: places.series(name, r, place))

    @router.get("/sections/{var}/{t}", response_model=None, openapi_extra=_parameters("var", "t", "from", "to", "n"))
    async def get_section(request: Request) -> Response:
        """The values below the great circle between two places, radius by distance.

        `values[r][i]` is shell `r` below the place `lat[i]`, `lon[i]`, at `angle_deg[i]` from the first.
        """
        name, t, query = _variable(request), _index(request, "t"), request.query_params
        places.offer.check(name, t=t)
        arc = GreatCircle(_pair(query, "from"), _pair(query, "to"))
        n = _count(query) if "n" in query else places.points_along(arc)
        return await answer(request, ("section", name, t, arc, n), lambda: places.section(name, t, arc, n))

    @router.get("/statistics/{var}/{t}/{r}", response_model=None, openapi_extra=_parameters("var", "t", "r"))
    async def get_statistics(request: Request) -> Response:
        """Mean, standard deviation, extremes, percentiles and a histogram of a radial shell, cells by their area.

        The histogram has 64 equal intervals of the quantity's global range, as shares of the area.
        """
        name, t, r = _variable(request), _index(request, "t"), _index(request, "r")
        places.offer.check(name, t=t, r=r)
        return await answer(request, ("statistics", name, t, r), lambda: places.statistics(name, t, r))

    return router


def _variable(request: Request) -> str:
    return _matched(_VARIABLE, request.path_params["var"])


def _index(request: Request, name: str) -> int:
    return int(_matched(_INDEX, request.path_params[name]))


def _matched(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise NotFound("no such path: numbers are plain decimal digits; see /docs")
    return text


def _place(query: Mapping[str, str]) -> Place:
    """Raises InvalidRequest."""
    for name in ("lat", "lon"):
        if name not in query:
            raise InvalidRequest("a place takes lat and lon in degrees, such as lat=48.2&lon=16.4")
    return _checked(_number("lat", query["lat"]), _number("lon", query["lon"]))


def _pair(query: Mapping[str, str], name: str) -> Place:
    parts = query.get(name, "").split(",")
    if len(parts) != 2:
        raise InvalidRequest(f"{name} takes a latitude and a longitude, such as {name}=48.2,16.4")
    return _checked(*(_number(name, part) for part in parts))


def _checked(latitude: float, longitude: float) -> Place:
    if abs(latitude) > 90:
        raise InvalidRequest(f"latitude {latitude:g} is beyond a pole: it lies between -90 and 90")
    return latitude + 0.0, float(within_a_turn(longitude)) + 0.0  # no -0


def _number(name: str, text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise InvalidRequest(f"{name} takes plain finite numbers, such as 48.2")
    return value


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise InvalidRequest(f"{name} is true or false")
    return text == "true"


def _count(query: Mapping[str, str]) -> int:
    if not _INDEX.fullmatch(query["n"]) or not 2 <= int(query["n"]) <= LONGEST_SECTION:
        raise InvalidRequest(f"n is a whole number from 2 to {LONGEST_SECTION}")
    return int(query["n"])


#: Name: whether in the path, whether needed, schema, example, description.
_KNOWN: dict[str, tuple[bool, bool, dict[str, Any], object, str]] = {
    "var": (True, True, {"type": "string"}, "temperature", "A variable or derived quantity of /variables"),
    "t": (True, True, {"type": "integer", "minimum": 0}, 120, "A time step of /catalog"),
    "r": (True, True, {"type": "integer", "minimum": 0}, 150, "A radial shell of /catalog, 0 next to the core"),
    "lat": (False, True, {"type": "number", "minimum": -90, "maximum": 90}, 48.2, "Latitude in degrees"),
    "lon": (False, True, {"type": "number"}, 16.4, "Longitude in degrees, on whichever turn"),
    "from": (False, True, {"type": "string"}, "48.2,16.4", "Latitude and longitude of the first point"),
    "to": (False, True, {"type": "string"}, "35.7,139.7", "Latitude and longitude of the last point"),
    "n": (
        False,
        False,
        {"type": "integer", "minimum": 2, "maximum": LONGEST_SECTION},
        64,
        "Number of points; without it, one for each column's width",
    ),
    "lateral_mean": (False, False, {"type": "boolean", "default": False}, False, "Also each shell's mean"),
}

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ERRORS = {"404": "No such thing", "422": "A query that cannot be read", "503": "The generator does not answer"}


def _parameters(*names: str) -> dict[str, Any]:
    """The part of the OpenAPI document that the routes' signatures do not say."""
    parameters = [
        {
            "name": name,
            "in": "path" if in_path else "query",
            "required": needed,
            "schema": schema,
            "example": example,
            "description": text,
        }
        for name, (in_path, needed, schema, example, text) in ((name, _KNOWN[name]) for name in names)
    ]
    responses = {status: {"description": what, "content": _PROBLEM} for status, what in _ERRORS.items()}
    return {"parameters": parameters, "responses": responses}
