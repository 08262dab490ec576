"""The strict grammar of the paths of tiles and shells. It gives every picture one name only."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.datastructures import QueryParams

from earthgan.errors import NotFound
from earthgan.sphere.tiles import Tile
from earthgan_gateway.formats import COLOUR_FORMATS, FORMATS
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import ShellPicture, TilePicture
from earthgan_gateway.routes.paths import VARIABLE
from earthgan_gateway.routes.problems import NO_SUCH_PATH
from earthgan_gateway.routes.query import WHOLE, ShellQuery, TileQuery, read

TILE_FORMATS = tuple(each.name for each in FORMATS.values() if each.for_tiles)
SHELL_FORMATS = tuple(FORMATS)

_SHELL = f"(?P<var>{VARIABLE})/(?P<t>{WHOLE})/(?P<r>{WHOLE})"


def _one_of(formats: Iterable[str]) -> str:
    return rf"(?:\.(?P<format>{'|'.join(formats)}))?"


_TILE_PATH = re.compile(
    f"/tiles/{_SHELL}/(?P<z>{WHOLE})/(?P<x>{WHOLE})/(?P<y>{WHOLE})(?P<double>@2x)?{_one_of(TILE_FORMATS)}", re.ASCII
)
_SHELL_PATH = re.compile(f"/shells/{_SHELL}{_one_of(SHELL_FORMATS)}", re.ASCII)


def picture(offer: Offer, path: str, query: QueryParams) -> ShellPicture:
    """Return the tile or shell that a path asks for.

    Raises NotFound if the path is wrong, and InvalidRequest if the query is.
    """
    return _tile(offer, path, query) if path.startswith("/tiles/") else _shell(offer, path, query)


def _tile(offer: Offer, path: str, query: QueryParams) -> TilePicture:
    found = _match(_TILE_PATH, path)
    t, r = int(found["t"]), int(found["r"])
    quantity = offer.check(found["var"], t=t, r=r)
    asked, form = read(TileQuery, query), found["format"] or "png"
    return TilePicture(
        quantity=quantity.name,
        anomaly=asked.anomaly,
        draws=asked.chosen(offer),
        t=t,
        r=r,
        format=form,
        style=asked.style(quantity) if form in COLOUR_FORMATS else None,
        tile=Tile(asked.tms, int(found["z"]), int(found["x"]), int(found["y"])),
        pixels=512 if found["double"] else 256,
        nearest=asked.resampling == "nearest",
    )


def _shell(offer: Offer, path: str, query: QueryParams) -> ShellPicture:
    found = _match(_SHELL_PATH, path)
    t, r = int(found["t"]), int(found["r"])
    quantity = offer.check(found["var"], t=t, r=r)
    asked, form = read(ShellQuery, query), found["format"] or "npy"
    return ShellPicture(
        quantity=quantity.name,
        anomaly=asked.anomaly,
        draws=asked.chosen(offer),
        t=t,
        r=r,
        format=form,
        style=asked.style(quantity) if form in COLOUR_FORMATS else None,
    )


def _match(pattern: re.Pattern[str], path: str) -> re.Match[str]:
    found = pattern.fullmatch(path)
    if found is None:
        raise NotFound(NO_SUCH_PATH)
    return found
