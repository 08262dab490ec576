"""A shell over the time steps, as a GIF, which every slide show plays, or as an animated PNG in all its colours."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from io import BytesIO

import numpy as np
from matplotlib.colors import Colormap
from PIL import Image

FRAME_MS, LAST_FRAME_MS = 400, 1500
#: Of the 256 colours of a GIF, those that the text and the lines have.
_GREYS = 32


class Animated(StrEnum):
    """The format of animations; the value is the file name's end."""

    GIF = "gif"
    APNG = "apng"


def animate(frames: Sequence[bytes], kind: Animated, colormap: Colormap) -> bytes:
    """One animation of PNG pictures of one size, which runs again and again and pauses at its end.

    A GIF has the colours of the map and greys, without dithering, so that nothing flickers.
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
