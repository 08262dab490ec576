"""Colour maps as palettes: 255 colours for values, and index 0, transparent, for none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import cmap
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import InvalidRequest

STEPS = 255

_MATPLOTLIB = ("viridis", "inferno", "magma", "plasma", "cividis")
_CRAMERI = (
    *("batlow", "lajolla", "lapaz", "davos", "oslo", "tokyo", "turku", "bilbao", "hawaii", "acton", "devon", "nuuk"),
    *("vik", "broc", "cork", "roma", "berlin", "bam", "lisbon", "tofino", "managua"),
)
#: Perceptually uniform maps that a reader with a colour vision deficiency can follow too; cmap has many that are not.
NAMES = (*_MATPLOTLIB, *(f"crameri:{name}" for name in _CRAMERI))
_CANONICAL = {name: name for name in NAMES} | {name: f"crameri:{name}" for name in _CRAMERI}


@dataclass(frozen=True)
class ColourMap:
    """An offered colour map; kind is `sequential` or `diverging`, the licence an SPDX name, both as cmap has them."""

    name: str
    kind: str
    licence: str


@lru_cache(maxsize=1)
def colour_maps() -> tuple[ColourMap, ...]:
    """Every colour map that a picture may be drawn in."""
    return tuple(_described(name) for name in NAMES)


def _described(name: str) -> ColourMap:
    info = cmap.Colormap(name).info
    assert info is not None, f"{name} is not of cmap's catalogue"
    return ColourMap(name, str(info.category), str(info.license))


def canonical(name: str) -> str:
    """The one name of an offered colour map: `crameri:vik` for `vik`. Raises InvalidRequest for any other."""
    try:
        return _CANONICAL[name]
    except KeyError:
        raise InvalidRequest(f"unknown colour map {name[:40]!r}: /colormaps lists them") from None


def colours(name: str) -> NDArray[np.uint8]:
    """The map's `(255, 3)` colours from low to high, read-only. Raises InvalidRequest for an unknown name."""
    return _colours(canonical(name))


@lru_cache(maxsize=len(NAMES))
def _colours(name: str) -> NDArray[np.uint8]:
    table = np.asarray(cmap.Colormap(name).lut(256))[:, :3]
    at = np.linspace(0, 255, STEPS)  # an odd number of colours, so that a diverging map has its middle at zero
    channels = [np.interp(at, np.arange(256), channel) for channel in table.T]
    drawn = np.round(np.stack(channels, axis=1) * 255).astype(np.uint8)
    drawn.flags.writeable = False
    return drawn


def banded(colours: NDArray[np.uint8], steps: int) -> NDArray[np.uint8]:
    """The `(255, 3)` colours as so many flat bands of equal width, the first and last in the end colours.

    Raises InvalidRequest for fewer than 2 or more than 255.
    """
    if not 2 <= steps <= STEPS:
        raise InvalidRequest(f"steps is a whole number from 2 to {STEPS}")
    band = np.minimum(np.arange(STEPS) * steps // (STEPS - 1), steps - 1)
    return colours[np.rint(band * ((STEPS - 1) / (steps - 1))).astype(np.intp)]


def hex_colour(text: str) -> str:
    """A colour in its one spelling, six lower-case hexadecimal digits. Raises InvalidRequest."""
    if not re.fullmatch(r"[0-9a-fA-F]{6}", text):
        raise InvalidRequest("a colour is six hexadecimal digits, such as ff8000")
    return text.lower()


@lru_cache(maxsize=256)
def palette(name: str, steps: int | None = None, under: str | None = None, over: str | None = None) -> bytes:
    """Red, green and blue of all 256 indices: 768 bytes, for `png.encode` and `webp`.

    Index 0, no value, is black. `steps` draws flat bands; `under` and `over` (six hexadecimal digits) are the colours
    of indices 1 and 255, which `out_of_range` keeps for what is below and above. Raises InvalidRequest.
    """
    drawn = colours(name) if steps is None else banded(colours(name), steps)
    table = np.concatenate([np.zeros((1, 3), np.uint8), drawn])
    for index, colour in ((1, under), (STEPS, over)):
        if colour is not None:
            table[index] = list(bytes.fromhex(hex_colour(colour)))
    return table.tobytes()


def indices(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Palette indices: 1 at or below `low` to 255 at or above `high`, in even steps; 0 where there is no value."""
    with np.errstate(invalid="ignore", over="ignore"):  # far beyond the range is beyond it
        scaled = np.clip((values - np.float32(low)) * np.float32((STEPS - 1) / (high - low)), 0, STEPS - 1)
        return np.where(np.isnan(scaled), 0, np.rint(scaled) + 1).astype(np.uint8)


def out_of_range(
    index: NDArray[np.uint8], values: NDArray[np.float32], low: float, high: float, *, under: bool, over: bool
) -> NDArray[np.uint8]:
    """The indices with 1 kept for values below `low` (`under`) and 255 for values above `high` (`over`).

    A value within the range that had such an index takes its neighbour, so that nothing in range looks out of it.
    """
    if under:
        index = np.where(values < low, 1, np.where(index == 1, 2, index)).astype(np.uint8)
    if over:
        index = np.where(values > high, STEPS, np.where(index == STEPS, STEPS - 1, index)).astype(np.uint8)
    return index
