"""The routes `/ogc/collections/VAR/position` and `.../trajectory` of OGC API - Environmental Data Retrieval."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, Field, WithJsonSchema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from earthgan.errors import EngineTimeout, NotFound
from earthgan.quantities import Quantity
from earthgan.sphere.great_circle import GreatCircle
from earthgan_gateway import edr
from earthgan_gateway.catalog import first_view
from earthgan_gateway.draws import Draws
from earthgan_gateway.edr import Depths
from earthgan_gateway.keys import Keys
from earthgan_gateway.places import LONGEST_SECTION, Places
from earthgan_gateway.routes.edr_models import Coverage
from earthgan_gateway.routes.paths import Variable
from earthgan_gateway.routes.problems import ENGINE_ERRORS
from earthgan_gateway.routes.query import NUMBER, ONLY_DOCUMENTED, DrawsQuery, Index, finite, place_within_a_turn
from earthgan_gateway.routes.tagged import tagged

#: A part of every entity tag. Raise it when the same numbers would be answered differently.
VERSION = 1
#: The most places of a path. Each of its legs is a section.
MOST_PLACES = 9
_PLACE = f" *{NUMBER} +{NUMBER} *"
_POINT, _LINE = rf"POINT *\({_PLACE}\)", rf"LINESTRING *\({_PLACE}(?:,{_PLACE})+\)"
_DEPTHS = f"{NUMBER}(?:/{NUMBER}|(?:,{NUMBER})*)"
Place = tuple[float, float]
#: Finds a coverage of a quantity at a time step, on shells, for draws.
Find = Callable[[Quantity, int, list[int], Draws], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Coords:
    """Latitudes and longitudes. FastAPI would take a tuple for a parameter that is repeated."""

    places: tuple[Place, ...]


def _places(text: str) -> Coords:
    """The latitudes and longitudes of a text in WKT, which has the longitude first."""
    found = []
    for pair in text[text.index("(") + 1 : text.rindex(")")].split(","):
        longitude, latitude = map(finite, pair.split())
        if abs(latitude) > 90:
            raise ValueError("must have latitudes between -90 and 90, after the longitudes")
        found.append(place_within_a_turn(latitude, longitude))
    return Coords(tuple(found))


def _point(text: str) -> Coords:
    if not re.fullmatch(_POINT, text, re.ASCII | re.IGNORECASE):
        raise ValueError("must be a place in WKT, with its longitude first, such as POINT(16.4 48.2)")
    return _places(text)


def _path(text: str) -> Coords:
    if not re.fullmatch(_LINE, text, re.ASCII | re.IGNORECASE):
        raise ValueError("must be a path in WKT, with longitudes first, such as LINESTRING(16.4 48.2, 139.7 35.7)")
    found = _places(text)
    if len(found.places) > MOST_PLACES:
        raise ValueError(f"must have at most {MOST_PLACES} places")
    return found


def _depths(text: str) -> Depths:
    ends = text.split("/")
    if len(ends) == 1:
        return Depths(single=tuple(map(finite, text.split(","))))
    if len(ends) > 2 or finite(ends[0]) > finite(ends[1]):
        raise ValueError("must be depths with commas between them, or the least and the greatest, such as 0/660")
    return Depths(between=(finite(ends[0]), finite(ends[1])))


def _text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": [example]})


class _EdrQuery(DrawsQuery):
    """What every query of EDR may say."""

    z: Annotated[Depths | None, BeforeValidator(_depths), _text(_DEPTHS, "0/660")] = Field(
        None, description="Depths: one, several with commas between them, or the least and the greatest; all by default"
    )
    step: Index | None = Field(None, examples=[120], description="A time step from /catalog, or its default")
    parameter_name: str | None = Field(
        None, alias="parameter-name", examples=["temperature"], description="The collection's variable, which is usual"
    )
    crs: Literal[edr.CRS_NAMES] = Field(  # type: ignore[valid-type]
        edr.CRS_NAMES[0], examples=["CRS84"], description="The reference system of places"
    )
    f: Literal["CoverageJSON"] = Field("CoverageJSON", examples=["CoverageJSON"], description="The format")


class PositionQuery(_EdrQuery):
    """A place, below which values are asked for."""

    coords: Annotated[Coords, BeforeValidator(_point), _text(_POINT, "POINT(16.4 48.2)")] = Field(
        description="The place in WKT, with its longitude first"
    )


class TrajectoryQuery(_EdrQuery):
    """A path, below which values are asked for."""

    coords: Annotated[Coords, BeforeValidator(_path), _text(_LINE, "LINESTRING(16.4 48.2, 20 40)")] = Field(
        description=f"A path of 2 to {MOST_PLACES} places in WKT, with longitudes first"
    )


class _CoverageJson(JSONResponse):
    media_type = edr.MEDIA_TYPE


def edr_router(places: Places, keys: Keys, timeout_s: float) -> APIRouter:
    """Make the routes of values in CoverageJSON. All legs of a path together may take `timeout_s`."""
    router = APIRouter(
        prefix="/ogc/collections/{var}", tags=["ogc"], dependencies=[ONLY_DOCUMENTED], responses=ENGINE_ERRORS
    )
    offer, surrogate = places.offer, places.offer.surrogate
    first_t, every = first_view(surrogate)["t"], Depths(between=(float("-inf"), float("inf")))

    async def answer(request: Request, var: str, query: PositionQuery | TrajectoryQuery, find: Find) -> Response:
        t = first_t if query.step is None else query.step
        quantity = offer.check(var, t=t)
        if query.parameter_name not in (None, var):
            raise NotFound(f"no parameter {query.parameter_name}: {var} is the only one of this collection")
        shells, draws = (query.z or every).shells(surrogate), query.chosen(offer)

        async def write() -> str:
            found = await find(quantity, t, shells, draws)
            return await asyncio.to_thread(lambda: Coverage.model_validate(found).model_dump_json(exclude_unset=True))

        asked = var, t, query.coords.places, shells
        return await tagged(request, keys, f"edr/{VERSION}/{asked!r}{draws.name}", write, edr.MEDIA_TYPE)

    @router.get("/position", response_model=Coverage, response_class=_CoverageJson)
    async def get_position(request: Request, var: Variable, query: Annotated[PositionQuery, Query()]) -> Response:
        """Give the values of a variable below a place as CoverageJSON, by increasing depth."""

        async def find(quantity: Quantity, t: int, shells: list[int], draws: Draws) -> dict[str, Any]:
            found = await places.profile(var, t, query.coords.places[0], draws=draws)
            return edr.profile_coverage(found, quantity, surrogate.spec.planet, shells)

        return await answer(request, var, query, find)

    @router.get("/trajectory", response_model=Coverage, response_class=_CoverageJson)
    async def get_trajectory(request: Request, var: Variable, query: Annotated[TrajectoryQuery, Query()]) -> Response:
        """Give the values of a variable below a path of great circles as CoverageJSON.

        The values are those of each point of the path in turn, by increasing depth.
        """
        legs = [GreatCircle(*ends) for ends in pairwise(query.coords.places)]

        async def find(quantity: Quantity, t: int, shells: list[int], draws: Draws) -> dict[str, Any]:
            most = LONGEST_SECTION // len(legs)
            counts = [min(most, places.points_along(leg)) for leg in legs]
            try:
                async with asyncio.timeout(timeout_s):
                    found = [await places.section(var, t, leg, n, draws) for leg, n in zip(legs, counts, strict=True)]
            except TimeoutError:
                raise EngineTimeout("the generator did not answer in time") from None
            return await asyncio.to_thread(edr.section_coverage, found, quantity, surrogate.spec.planet, shells)

        return await answer(request, var, query, find)

    return router
