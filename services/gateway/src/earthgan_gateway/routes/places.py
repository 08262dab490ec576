"""The routes `/points`, `/profiles`, `/series`, `/sections` and `/statistics`, which answer numbers as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from earthgan.errors import NotFound
from earthgan.sphere.great_circle import GreatCircle
from earthgan_gateway.draws import Draws
from earthgan_gateway.keys import Keys
from earthgan_gateway.places import Places
from earthgan_gateway.routes.models import Point, Profile, Section, Series, Statistics
from earthgan_gateway.routes.paths import Shell, Step, Variable
from earthgan_gateway.routes.problems import ENGINE_ERRORS, NO_SUCH_PATH
from earthgan_gateway.routes.query import ONLY_DOCUMENTED, DrawsQuery, PlaceQuery, ProfileQuery, SectionQuery, whole
from earthgan_gateway.routes.tagged import tagged

#: A part of every entity tag. Raise it when the same numbers would be answered differently.
VERSION = 2


def places_router(places: Places, keys: Keys) -> APIRouter:
    """Make the routes that answer numbers."""

    async def exists(request: Request) -> None:
        """Check that everything in the path exists. This runs before the query is read, so that a 404 comes first."""
        named = request.path_params
        try:
            indices = {name: whole(named[name]) for name in ("t", "r") if name in named}
        except ValueError:
            raise NotFound(NO_SUCH_PATH) from None
        places.offer.check(named["var"], **indices)

    async def answer(
        request: Request,
        model: type[BaseModel],
        asked: tuple[Any, ...],
        query: DrawsQuery,
        compute: Callable[[Draws], Awaitable[Any]],
    ) -> Response:
        """Answer the document that `compute` returns for the draws of a query.

        The entity tag is made from `asked` and the surrogate, because they determine the document. Validating the
        largest section and writing it as JSON takes 9 CPU ms in a thread; Python's own JSON alone took 39.
        """
        draws = query.chosen(places.offer)

        async def write() -> str:
            found = await compute(draws)
            return await asyncio.to_thread(lambda: model.model_validate(found).model_dump_json(exclude_unset=True))

        return await tagged(request, keys, f"{VERSION}/{(model.__name__, *asked)!r}{draws.name}", write)

    router = APIRouter(tags=["numbers"], dependencies=[Depends(exists), ONLY_DOCUMENTED], responses=ENGINE_ERRORS)

    @router.get("/points/{var}/{t}/{r}", response_model=Point)
    async def get_point(
        request: Request, var: Variable, t: Step, r: Shell, query: Annotated[PlaceQuery, Query()]
    ) -> Response:
        """Give the value at a place of a radial shell. It is the value that a tile shows there.

        `values` has one number for each quantity from `/variables`, in its unit.
        """
        place = query.place
        return await answer(request, Point, (var, t, r, place), query, lambda d: places.point(var, t, r, place, d))

    @router.get("/profiles/{var}/{t}", response_model=Profile)
    async def get_profile(
        request: Request, var: Variable, t: Step, query: Annotated[ProfileQuery, Query()]
    ) -> Response:
        """Give the values below a place in all radial shells, from the core outwards.

        `lateral_mean=true` adds the mean of each shell over the sphere, for one draw only. The first such request for a
        step computes all whole shells of the step, unless the surrogate's coefficients contain the means. If the
        generator needs longer than a request may wait, the answer is 503, and a repeated request continues from there.
        """
        place, mean = query.place, query.lateral_mean
        return await answer(
            request, Profile, (var, t, place, mean), query, lambda d: places.profile(var, t, place, mean, d)
        )

    @router.get("/series/{var}/{r}", response_model=Series)
    async def get_series(request: Request, var: Variable, r: Shell, query: Annotated[PlaceQuery, Query()]) -> Response:
        """Give the values at a place of a radial shell in all time steps."""
        place = query.place
        return await answer(request, Series, (var, r, place), query, lambda d: places.series(var, r, place, d))

    @router.get("/sections/{var}/{t}", response_model=Section)
    async def get_section(
        request: Request, var: Variable, t: Step, query: Annotated[SectionQuery, Query()]
    ) -> Response:
        """Give the values below the great circle between two places.

        `values[r][i]` is the value of shell `r` below the place `lat[i]`, `lon[i]`, which is `angle_deg[i]` from the
        first place.
        """
        arc = GreatCircle(*query.ends)
        n = query.n or places.points_along(arc)
        return await answer(request, Section, (var, t, arc, n), query, lambda d: places.section(var, t, arc, n, d))

    @router.get("/statistics/{var}/{t}/{r}", response_model=Statistics)
    async def get_statistics(
        request: Request, var: Variable, t: Step, r: Shell, query: Annotated[DrawsQuery, Query()]
    ) -> Response:
        """Give the area-weighted mean, standard deviation, extremes, percentiles and histogram of a radial shell.

        The histogram divides the quantity's global range into 64 equal intervals and gives shares of the area. If
        `statistic` is `std`, all these are statistics of the shell of standard deviations, and the range is that of
        its legend.
        """
        return await answer(request, Statistics, (var, t, r), query, lambda d: places.statistics(var, t, r, d))

    return router
