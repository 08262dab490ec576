"""The route `/shells/VAR.nc`: radial shells of several time steps and depths in one NetCDF file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from earthgan import __version__
from earthgan_gateway.formats import FORMATS
from earthgan_gateway.keys import Keys
from earthgan_gateway.routes.openapi import BINARY
from earthgan_gateway.routes.paths import Variable
from earthgan_gateway.routes.problems import ENGINE_ERRORS
from earthgan_gateway.routes.query import ONLY_DOCUMENTED, VolumeQuery
from earthgan_gateway.routes.tagged import tagged
from earthgan_gateway.volumes import Volume, Volumes

#: A part of every entity tag. Raise it when the same file would be written differently. Files state who wrote them.
VERSION = f"1/{__version__}"
_NETCDF = FORMATS["nc"].media_type


class _NetCdf(Response):
    media_type = _NETCDF


def volumes_router(volumes: Volumes, keys: Keys) -> APIRouter:
    """Make the route of files with several shells."""
    router = APIRouter(tags=["pictures"], dependencies=[ONLY_DOCUMENTED], responses=ENGINE_ERRORS)
    surrogate = volumes.offer.surrogate
    steps, shells = [step.t for step in surrogate.steps], range(len(surrogate.grid.radii_km))

    @router.get("/shells/{var}.nc", response_class=_NetCdf, responses={200: {"content": {_NETCDF: BINARY}}})
    async def get_shells(request: Request, var: Variable, query: Annotated[VolumeQuery, Query()]) -> Response:
        """Give radial shells of several time steps and depths as one NetCDF file (CF-1.8).

        Its dimensions are time, depth, latitude and longitude, so `xarray.open_mfdataset` joins several such files. It
        holds at most 16,777,216 values. If the generator needs longer than a request may wait, the answer is 503, and
        a repeated request continues from there.
        """
        volumes.offer.quantity(var)
        volume = Volume(
            var,
            query.t.among(steps, "time step"),
            query.r.among(shells, "radial shell"),
            query.anomaly,
            query.chosen(volumes.offer),
        )
        volumes.check(volume)
        return await tagged(
            request, keys, f"{VERSION}/{volume!r}", lambda: volumes.netcdf(volume), _NETCDF, _file_name(volume)
        )

    return router


def _file_name(volume: Volume) -> str:
    what = f"{volume.quantity}{'_anomaly' * volume.anomaly}{volume.draws.name.replace('@', '_')}"
    return f"{what}_t{_ends(volume.steps)}_r{_ends(volume.shells)}.nc"


def _ends(numbers: tuple[int, ...]) -> str:
    return f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"
