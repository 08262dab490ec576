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
from earthgan_gateway.routes.query import WHOLE, ShellQuery, TileQuery, VersionQuery, read

TILE_FORMATS = tuple(each.name for each in FORMATS.values() if each.for_tiles)
SHELL_FORMATS = tuple(each.name for each in FORMATS.values() if each.for_shells)

_SHELL = f"(?P<var>{VARIABLE})/(?P<t>{WHOLE})/(?P<r>{WHOLE})"


def _one_of(formats: Iterable[str]) -> str:
    return rf"(?:\.(?P<format>{'|'.join(formats)}))?"


_TILE_PATH = re.compile(
    f"/tiles/{_SHELL}/(?P<z>{WHOLE})/(?P<x>{WHOLE})/(?P<y>{WHOLE})(?P<double>@2x)?{_one_of(TILE_FORMATS)}", re.ASCII
)
_CHUNK_PATH = re.compile(f"/zarr/(?P<var>{VARIABLE})/c/(?P<step>{WHOLE})/(?P<depth>{WHOLE})/0/0", re.ASCII)
#: A TileJSON, and a file of several shells.
_DOCUMENT_PATH = re.compile(rf"/tiles/.*/tilejson\.json|/shells/{VARIABLE}\.nc", re.ASCII)
_SHELL_PATH = re.compile(f"/shells/{_SHELL}{_one_of(SHELL_FORMATS)}", re.ASCII)


def picture(offer: Offer, path: str, query: QueryParams) -> ShellPicture:
    """Return the tile or shell that a path asks for. A shell may be asked for as a chunk of the Zarr store.

    Raises NotFound if the path is wrong, and InvalidRequest if the query is.
    """
    read_path = {"tiles": _tile, "shells": _shell, "zarr": _chunk}[path.split("/")[1]]
    return read_path(offer, path, query)


def is_picture(path: str) -> bool:
    """Whether a path asks for a tile, a shell or a chunk, and not for a document beside them."""
    if path.startswith("/zarr/"):
        return _CHUNK_PATH.fullmatch(path) is not None
    return path.startswith(("/tiles/", "/shells/")) and not _DOCUMENT_PATH.fullmatch(path)


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


def _chunk(offer: Offer, path: str, query: QueryParams) -> ShellPicture:
    """Steps count from the first one, and depths from the surface, as in the arrays of the store."""
    found, surrogate = _match(_CHUNK_PATH, path), offer.surrogate
    step, depth, shells = int(found["step"]), int(found["depth"]), len(surrogate.grid.radii_km)
    if step >= len(surrogate.steps) or depth >= shells:
        raise NotFound(f"the array has {len(surrogate.steps)} x {shells} x 1 x 1 chunks")
    quantity = offer.quantity(found["var"])
    read(VersionQuery, query)
    t, r = surrogate.steps[step].t, shells - 1 - depth
    return ShellPicture(quantity=quantity.name, t=t, r=r, format="chunk", style=None)


def _match(pattern: re.Pattern[str], path: str) -> re.Match[str]:
    found = pattern.fullmatch(path)
    if found is None:
        raise NotFound(NO_SUCH_PATH)
    return found
