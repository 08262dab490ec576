"""Values as palette indices, and the legend of a palette as a picture."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from earthgan_gateway.drawing.colours import indices, out_of_range
from earthgan_gateway.drawing.ticks import label, ticks

Values = NDArray[np.float32]

#: Part of every picture's key: raise it when the same values would become other indices or other colours.
VERSION = 2


def coloured(values: Values, low: float, high: float, *, under: bool, over: bool) -> NDArray[np.uint8]:
    """Palette indices of values, the outermost kept for what is out of range where that has a colour of its own."""
    index = indices(values, low, high)
    if under or over:
        index = out_of_range(index, values, low, high, under=under, over=over)
    return index


def legend_png(name: str, unit: str, palette: bytes, low: float, high: float) -> bytes:
    """A horizontal colour bar of a palette with ticks, name and unit, 320 x 56 pixels, on a transparent ground."""
    width, height, margin, top, bar = 320, 56, 16, 18, 14
    image = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=11)
    inner = width - 2 * margin
    drawn = np.frombuffer(palette, dtype=np.uint8).reshape(-1, 3)[1:]
    ramp = drawn[np.linspace(0, len(drawn) - 1, inner).round().astype(int)]
    image.paste(Image.fromarray(np.broadcast_to(ramp, (bar, inner, 3)).copy()), (margin, top))
    ink = (40, 40, 40, 255)
    draw.text((margin, 2), f"{name} [{unit}]", fill=ink, font=font)
    for value in ticks(low, high, at_most=5):
        x = margin + (value - low) / (high - low) * (inner - 1)
        draw.line([(x, top + bar), (x, top + bar + 3)], fill=ink)
        draw.text((x, top + bar + 4), label(value), fill=ink, font=font, anchor="ma")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
