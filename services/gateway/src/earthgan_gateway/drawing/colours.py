"""Colour maps as palettes. Indices 1 to 255 are colours; index 0 is transparent and means "no value"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

import cmap
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import InvalidRequest
from earthgan.variables import COLORMAPS

STEPS = 255

#: Maps that people know from other programs, by the names that they type. Not all of them are perceptually uniform, so
#: no surrogate has one as its usual map. The values are names of cmap.
_FAMILIAR = {name: f"colorbrewer:{name}" for name in ("RdBu", "RdYlBu", "Spectral", "PuOr", "BrBG", "PiYG")} | {
    "coolwarm": "matplotlib:coolwarm",
    "seismic": "matplotlib:seismic",
    "turbo": "google:turbo",
    "gray": "matlab:gray",
}
#: The licences that cmap does not know.
_LICENCES = {"gray": "CC0"}  # grey levels in even steps
#: A name with this end asks for the same colours from high to low.
REVERSED = "_r"


def _spellings(name: str) -> set[str]:
    short = name.removeprefix("crameri:")
    return {spelling + end for spelling in (name, short, short.lower()) for end in ("", REVERSED)}


#: By each name that a request may say, the canonical one.
_CANONICAL = {
    spelling: name + (REVERSED if spelling.endswith(REVERSED) else "")
    for name in (*COLORMAPS, *_FAMILIAR)
    for spelling in sorted(_spellings(name))
}


@dataclass(frozen=True)
class ColourMap:
    """A colour map on offer. `kind` is `sequential` or `diverging`, and `licence` an SPDX name. Both come from cmap."""

    name: str
    kind: str
    licence: str


#: Every name that `canonical` knows.
NAMES = tuple(_CANONICAL)


@lru_cache(maxsize=1)
def colour_maps() -> tuple[ColourMap, ...]:
    """Return every colour map that a picture can use. Each can be reversed, too."""
    return tuple(_described(name) for name in (*COLORMAPS, *_FAMILIAR))


def _described(name: str) -> ColourMap:
    info = cmap.Colormap(_FAMILIAR.get(name, name)).info
    assert info is not None, f"{name} is not in cmap's catalogue"
    return ColourMap(name, str(info.category), _LICENCES.get(name, str(info.license)))


def canonical(name: str) -> str:
    """Return a colour map's canonical name: `crameri:vik_r` for `vik_r`. Raises InvalidRequest for an unknown name."""
    try:
        return _CANONICAL[name]
    except KeyError:
        raise InvalidRequest(f"unknown colour map {name[:40]!r}; /colormaps lists the known ones") from None


def colours(name: str) -> NDArray[np.uint8]:
    """Return the map's `(255, 3)` colours from low to high, read-only. Raises InvalidRequest for an unknown name."""
    return _colours(canonical(name))


@cache
def _colours(name: str) -> NDArray[np.uint8]:
    if name.endswith(REVERSED):
        return _colours(name.removesuffix(REVERSED))[::-1]
    table = np.asarray(cmap.Colormap(_FAMILIAR.get(name, name)).lut(256))[:, :3]
    at = np.linspace(0, 255, STEPS)  # with an odd number of colours, one lies in the middle of a diverging map
    channels = [np.interp(at, np.arange(256), channel) for channel in table.T]
    drawn = np.round(np.stack(channels, axis=1) * 255).astype(np.uint8)
    drawn.flags.writeable = False
    return drawn


def banded(colours: NDArray[np.uint8], steps: int) -> NDArray[np.uint8]:
    """Turn `(255, 3)` colours into `steps` flat bands of equal width. The outer bands have the map's end colours.

    Raises InvalidRequest for fewer than 2 or more than 255 bands.
    """
    if not 2 <= steps <= STEPS:
        raise InvalidRequest(f"steps must be a whole number from 2 to {STEPS}")
    band = np.minimum(np.arange(STEPS) * steps // (STEPS - 1), steps - 1)
    return colours[np.rint(band * ((STEPS - 1) / (steps - 1))).astype(np.intp)]


def hex_colour(text: str) -> str:
    """Return a colour in its canonical spelling: six lower-case hexadecimal digits. Raises InvalidRequest."""
    if not re.fullmatch(r"[0-9a-fA-F]{6}", text):
        raise InvalidRequest("a colour must be six hexadecimal digits, such as ff8000")
    return text.lower()


@lru_cache(maxsize=256)
def palette(name: str, steps: int | None = None, under: str | None = None, over: str | None = None) -> bytes:
    """Return red, green and blue of all 256 indices: 768 bytes, for `png.encode` and `webp.encode`.

    Index 0 means "no value" and is black. `steps` asks for flat bands. `under` and `over` (six hexadecimal digits) are
    the colours of indices 1 and 255, which `out_of_range` reserves for values below and above the range. Raises
    InvalidRequest.
    """
    drawn = colours(name) if steps is None else banded(colours(name), steps)
    table = np.concatenate([np.zeros((1, 3), np.uint8), drawn])
    for index, colour in ((1, under), (STEPS, over)):
        if colour is not None:
            table[index] = list(bytes.fromhex(hex_colour(colour)))
    return table.tobytes()


def indices(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Return palette indices in even steps, from 1 at or below `low` to 255 at or above `high`; 0 means "no value"."""
    with np.errstate(invalid="ignore", over="ignore"):  # a value that overflows is clipped like any other
        scaled = np.clip((values - np.float32(low)) * np.float32((STEPS - 1) / (high - low)), 0, STEPS - 1)
        return np.where(np.isnan(scaled), 0, np.rint(scaled) + 1).astype(np.uint8)


def out_of_range(
    index: NDArray[np.uint8], values: NDArray[np.float32], low: float, high: float, *, under: bool, over: bool
) -> NDArray[np.uint8]:
    """Reserve index 1 for values below `low` (if `under`), and index 255 for values above `high` (if `over`).

    A value within the range that had a reserved index gets the neighbouring index instead.
    """
    if under:
        index = np.where(values < low, 1, np.where(index == 1, 2, index)).astype(np.uint8)
    if over:
        index = np.where(values > high, STEPS, np.where(index == STEPS, STEPS - 1, index)).astype(np.uint8)
    return index
