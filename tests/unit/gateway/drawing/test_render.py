"""Colours, pictures, legends and ticks."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from earthgan.errors import InvalidRequest
from earthgan_gateway.drawing.colours import colours, indices, palette
from earthgan_gateway.drawing.render import coloured, legend_png
from earthgan_gateway.drawing.ticks import label, ticks
from earthgan_gateway.formats import COLOUR_FORMATS
from earthgan_gateway.pictures import Style


def drawn(form: str, values: np.ndarray, style: Style) -> Image.Image:
    """The picture of an array, read back."""
    under, over = style.under is not None, style.over is not None
    index = coloured(values, style.low, style.high, under=under, over=over)
    return Image.open(io.BytesIO(COLOUR_FORMATS[form].encode(index, style.palette())))


def test_an_index_is_within_half_a_step_of_its_value() -> None:
    values = np.linspace(-1e-10, 1e-10, 10_001, dtype=np.float32)
    back = (indices(values, -1e-10, 1e-10).astype(float) - 1) / 254 * 2e-10 - 1e-10
    assert np.abs(back - values).max() <= 0.5001 * 2e-10 / 254


def test_values_out_of_range_take_the_end_colours() -> None:
    values = np.array([-np.inf, -5, 0, 10, 15, np.inf, np.nan], dtype=np.float32)
    assert indices(values, 0, 10).tolist() == [1, 1, 1, 255, 255, 255, 0]


def test_a_png_shows_the_colours_of_its_values() -> None:
    values = np.array([[300, 1950], [3600, np.nan]], dtype=np.float32)
    pixels = np.asarray(drawn("png", values, Style("inferno", 300, 3600)).convert("RGBA"))
    table = colours("inferno")
    assert pixels[0, 0].tolist() == [*table[0], 255]
    assert pixels[0, 1].tolist() == [*table[127], 255]
    assert pixels[1, 0].tolist() == [*table[254], 255]
    assert pixels[1, 1, 3] == 0


@pytest.mark.parametrize("form", ["png", "webp"])
def test_bands_and_colours_out_of_range_are_drawn(form: str) -> None:
    values = np.array([[-1, 0, 4, 6, 10, 11]], dtype=np.float32)
    style = Style("viridis", 0, 10, steps=2, under="000001", over="fffffe")
    pixels = np.asarray(drawn(form, values, style).convert("RGB"))
    first, last = colours("viridis")[0].tolist(), colours("viridis")[-1].tolist()
    assert pixels[0].tolist() == [[0, 0, 1], first, first, last, last, [255, 255, 254]]


def test_a_field_without_holes_has_no_transparency() -> None:
    image = drawn("png", np.ones((4, 4), np.float32), Style("inferno", 0, 2))
    assert image.mode == "P"
    assert "transparency" not in image.info


def test_a_diverging_map_is_pale_at_zero() -> None:
    assert colours("crameri:vik")[127].min() > 220


@pytest.mark.parametrize("name", ["", "nope", "a/b", "inferno;", "é", "x" * 1000])
def test_unknown_colour_maps_are_invalid_requests(name: str) -> None:
    with pytest.raises(InvalidRequest, match="unknown colour map"):
        colours(name)


@given(low=st.floats(-1e12, 1e12, allow_subnormal=False), width=st.floats(1e-12, 1e12, allow_subnormal=False))
def test_ticks_are_few_round_and_within(low: float, width: float) -> None:
    high = low + width
    if not (high - low) > 1e-9 * max(abs(low), abs(high)):
        return
    found = ticks(low, high)
    assert 2 <= len(found) <= 7 or width < 1e-9 * abs(low) * 1e3
    slack = 1e-4 * (high - low) + 1e-5 * max(abs(low), abs(high))
    assert all(low - slack <= value <= high + slack for value in found)


def test_ticks_are_what_a_person_would_write() -> None:
    assert ticks(290, 3600) == [1000, 2000, 3000]
    assert ticks(-1.2e-10, 1.2e-10) == [-1e-10, -5e-11, 0, 5e-11, 1e-10]
    assert [label(value) for value in (2500.0, 0.0, -1e-10, 5e-11)] == ["2500", "0", "-1e-10", "5e-11"]


def test_the_legend_picture_runs_from_low_to_high() -> None:
    pixels = np.asarray(
        Image.open(io.BytesIO(legend_png("Temperature", "K", palette("inferno"), 300, 3600))).convert("RGB")
    )
    bar = pixels[24, 16:304]
    assert bar[0].tolist() == colours("inferno")[0].tolist()
    assert bar[-1].tolist() == colours("inferno")[-1].tolist()
