"""Arrays as the bytes of an answer: PNG with a palette, or NPY."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from earthgan_gateway.colours import colours, indices
from earthgan_gateway.ticks import label, ticks

#: Part of every tile's key: raise it when the same values would be drawn differently.
VERSION = 1


def npy(values: NDArray[np.float32]) -> bytes:
    """The NPY file of an array, float32, little-endian."""
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(values, dtype="<f4"), allow_pickle=False)
    return file.getvalue()


def png(values: NDArray[np.float32], colormap: str, low: float, high: float) -> bytes:
    """The PNG of `(row, column)` values in the 255 colours of a map; where there is no value, transparent."""
    index = indices(values, low, high)
    image = Image.fromarray(index)
    image.putpalette([0, 0, 0, *colours(colormap).ravel().tolist()])  # a palette makes it an image of indices
    file = io.BytesIO()
    transparency = {} if index.all() else {"transparency": 0}
    image.save(file, "PNG", compress_level=6, **transparency)
    return file.getvalue()


def legend_png(name: str, unit: str, colormap: str, low: float, high: float) -> bytes:
    """A horizontal colour bar with ticks, name and unit, 320 x 56 pixels, on a transparent ground."""
    width, height, margin, top, bar = 320, 56, 16, 18, 14
    image = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=11)
    inner = width - 2 * margin
    ramp = colours(colormap)[np.linspace(0, len(colours(colormap)) - 1, inner).round().astype(int)]
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
