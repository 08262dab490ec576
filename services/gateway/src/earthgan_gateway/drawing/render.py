"""Turns values into palette indices, and draws the legend of a palette."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from earthgan_gateway.drawing.colours import indices, out_of_range
from earthgan_gateway.drawing.ticks import ticks

Values = NDArray[np.float32]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_WIDTH, _MARGIN = 320, 16
_BAR_WIDTH = _WIDTH - 2 * _MARGIN

#: A part of every picture's key. Raise it when the same values would get other indices or other colours.
VERSION = 2


def coloured(values: Values, low: float, high: float, *, under: bool, over: bool) -> NDArray[np.uint8]:
    """Return palette indices of values. `under` and `over` reserve the outermost indices for values out of range."""
    index = indices(values, low, high)
    if under or over:
        index = out_of_range(index, values, low, high, under=under, over=over)
    return index


def legend_png(heading: str, palette: bytes, low: float, high: float) -> bytes:
    """Draw a palette as a horizontal colour bar with ticks and a heading: 320 x 56 pixels, transparent background."""
    top, bar = 18, 14
    image = Image.new("RGBA", (_WIDTH, 56))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=11)
    drawn = np.frombuffer(palette, dtype=np.uint8).reshape(-1, 3)[1:]
    ramp = drawn[np.linspace(0, len(drawn) - 1, _BAR_WIDTH).round().astype(int)]
    image.paste(Image.fromarray(np.broadcast_to(ramp, (bar, _BAR_WIDTH, 3)).copy()), (_MARGIN, top))
    ink = (40, 40, 40, 255)
    draw.text((_MARGIN, 2), heading, fill=ink, font=font)
    for label, x, begin in labels_along(low, high, font):
        draw.line([(x, top + bar), (x, top + bar + 3)], fill=ink)
        draw.text((begin, top + bar + 4), label, fill=ink, font=font)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def labels_along(low: float, high: float, font: Font) -> list[tuple[str, float, float]]:
    """Return as many labels as fit beside each other, with the pixel positions of their ticks and first letters."""
    placed: list[tuple[str, float, float]] = []
    for at_most in (5, 4, 3, 2):
        placed, ends = [], [0.0]
        for tick in ticks(low, high, at_most):
            x = _MARGIN + (tick.value - low) / (high - low) * (_BAR_WIDTH - 1)
            width = font.getlength(tick.label)
            begin = min(max(x - width / 2, 1), _WIDTH - 1 - width)  # labels are centred but stay in the picture
            placed.append((tick.label, x, begin))
            ends.append(begin + width)
        if all(begin >= end for (_, _, begin), end in zip(placed, ends, strict=False)):
            break
    return placed
