"""The strict grammar of paths: a number is written in one way only, so that no picture has two names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from earthgan.errors import InvalidRequest, NotFound
from earthgan.quantities import Quantity
from earthgan.sphere.tiles import WEB_MERCATOR, Tile
from earthgan_gateway.formats import COLOUR_FORMATS, FORMATS
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import ShellPicture, Style, TilePicture

_NUMBER = "(?:0|[1-9][0-9]{0,8})"
_SHELL = f"(?P<var>[a-z][a-z0-9_]*)/(?P<t>{_NUMBER})/(?P<r>{_NUMBER})"


def _one_of(formats: list[str]) -> str:
    return rf"(?:\.(?P<format>{'|'.join(formats)}))?"


_TILE_PATH = re.compile(
    f"/tiles/{_SHELL}/(?P<z>{_NUMBER})/(?P<x>{_NUMBER})/(?P<y>{_NUMBER})(?P<double>@2x)?"
    + _one_of([each.name for each in FORMATS.values() if each.for_tiles]),
    re.ASCII,
)
_SHELL_PATH = re.compile(f"/shells/{_SHELL}{_one_of(list(FORMATS))}", re.ASCII)
_TILEJSON_PATH = re.compile(rf"/tiles/{_SHELL}/tilejson\.json", re.ASCII)
_LEGEND = re.compile(r"(?P<var>[a-z][a-z0-9_]*)(?:\.(?P<format>json|png))?", re.ASCII)


def picture(offer: Offer, path: str, query: Mapping[str, str]) -> ShellPicture:
    """The tile or shell that a path asks for. Raises NotFound for the path and InvalidRequest for the query."""
    is_tile = path.startswith("/tiles/")
    found = _match(_TILE_PATH if is_tile else _SHELL_PATH, path)
    t, r = int(found["t"]), int(found["r"])
    quantity = offer.check(found["var"], t=t, r=r)
    form = FORMATS[found["format"] or ("png" if is_tile else "npy")]
    anomaly = is_anomaly(query)
    style = style_of(quantity, anomaly, query) if form.name in COLOUR_FORMATS else None
    if not is_tile:
        return ShellPicture(quantity=quantity.name, anomaly=anomaly, t=t, r=r, format=form.name, style=style)
    return TilePicture(
        quantity=quantity.name,
        anomaly=anomaly,
        t=t,
        r=r,
        format=form.name,
        style=style,
        tile=Tile(tile_matrix_set(query), int(found["z"]), int(found["x"]), int(found["y"])),
        pixels=512 if found["double"] else 256,
        nearest=_choice(query, "resampling", {"bilinear": False, "nearest": True}),
    )


def tilejson(offer: Offer, path: str) -> tuple[Quantity, int, int]:
    """The quantity, step and shell of a TileJSON path. Raises NotFound."""
    found = _match(_TILEJSON_PATH, path)
    t, r = int(found["t"]), int(found["r"])
    return offer.check(found["var"], t=t, r=r), t, r


def legend(offer: Offer, name: str) -> tuple[Quantity, str]:
    """The quantity and the format of a legend's name, such as `vx.png`. Raises NotFound."""
    found = _match(_LEGEND, name)
    return offer.quantity(found["var"]), found["format"] or "json"


def tile_matrix_set(query: Mapping[str, str]) -> str:
    """The `tms` parameter, Web Mercator without one."""
    return query.get("tms", WEB_MERCATOR)


def style_of(quantity: Quantity, anomaly: bool, query: Mapping[str, str]) -> Style:
    """The style that a query asks for, in the quantity's own where it asks for nothing. Raises InvalidRequest."""
    return Style.of(
        quantity,
        anomaly,
        colormap=query.get("colormap"),
        rescale=_pair(query["rescale"]) if "rescale" in query else None,
        steps=_whole(query["steps"]) if "steps" in query else None,
        under=query.get("under"),
        over=query.get("over"),
    )


def is_anomaly(query: Mapping[str, str]) -> bool:
    """The `anomaly` parameter. Raises InvalidRequest."""
    return _choice(query, "anomaly", {"false": False, "true": True})


def _match(pattern: re.Pattern[str], path: str) -> re.Match[str]:
    found = pattern.fullmatch(path)
    if found is None:
        raise NotFound("no such path: numbers are plain decimal digits; see /docs")
    return found


def _choice(query: Mapping[str, str], name: str, choices: Mapping[str, bool]) -> bool:
    text = query.get(name)
    if text is None:
        return False
    if text not in choices:
        raise InvalidRequest(f"{name} is {' or '.join(choices)}")
    return choices[text]


def _pair(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidRequest("rescale takes two numbers, such as 300,3600") from None
    return low, high


def _whole(text: str) -> int:
    if not re.fullmatch(_NUMBER, text, re.ASCII):
        raise InvalidRequest("steps takes a whole number, such as 12")
    return int(text)
