"""Draws a shell over the time steps, as a GIF, which every slide show plays, or as an animated PNG in full colour."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from io import BytesIO

import numpy as np
from matplotlib.colors import Colormap
from PIL import Image

FRAME_MS, LAST_FRAME_MS = 400, 1500
#: The number of a GIF's 256 colours that text and lines get.
_GREYS = 32


class Animated(StrEnum):
    """The format of animations. The value is the end of the file name."""

    GIF = "gif"
    APNG = "apng"


def animate(frames: Sequence[bytes], kind: Animated, colormap: Colormap) -> bytes:
    """Make one animation from PNG pictures of one size. It repeats and pauses at its end.

    A GIF uses the colours of the map and greys, without dithering, so that nothing flickers.
    """
    pictures = [Image.open(BytesIO(frame)).convert("RGB") for frame in frames]
    if kind is Animated.GIF:
        palette = _palette(colormap)
        pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [FRAME_MS] * (len(pictures) - 1) + [LAST_FRAME_MS]
    first, *rest = pictures
    content = BytesIO()
    name = "GIF" if kind is Animated.GIF else "PNG"
    first.save(content, name, save_all=True, append_images=rest, duration=durations, loop=0)
    return content.getvalue()


def _palette(colormap: Colormap) -> Image.Image:
    colours = colormap(np.linspace(0, 1, 256 - _GREYS))[:, :3]
    greys = np.linspace(0, 1, _GREYS)[:, None].repeat(3, axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.rint(np.concatenate([greys, colours]) * 255).astype(np.uint8).tobytes())
    return palette
