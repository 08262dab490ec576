"""Colour maps as palettes: 255 colours for values, and index 0, transparent, for none."""

from __future__ import annotations

from functools import lru_cache

import cmap
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import InvalidRequest

STEPS = 255


@lru_cache(maxsize=64)
def colours(name: str) -> NDArray[np.uint8]:
    """The map's `(255, 3)` colours from low to high. Raises InvalidRequest for an unknown name."""
    try:
        table = np.asarray(cmap.Colormap(name).lut(256))[:, :3]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(f"unknown colour map {name!r}") from error
    at = np.linspace(0, 255, STEPS)  # an odd number of colours, so that a diverging map has its middle at zero
    channels = [np.interp(at, np.arange(256), channel) for channel in table.T]
    return np.round(np.stack(channels, axis=1) * 255).astype(np.uint8)


def indices(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Palette indices: 1 at or below `low` to 255 at or above `high`, in even steps; 0 where there is no value."""
    with np.errstate(invalid="ignore"):
        scaled = np.clip((values - np.float32(low)) * np.float32((STEPS - 1) / (high - low)), 0, STEPS - 1)
        return np.where(np.isnan(scaled), 0, np.rint(scaled) + 1).astype(np.uint8)
