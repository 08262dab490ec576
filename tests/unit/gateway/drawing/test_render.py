"""Colours, pictures, legends and ticks."""

import io

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from earthgan import Surrogate
from earthgan.errors import InvalidRequest
from earthgan.quantities import quantities
from earthgan_gateway.drawing.colours import STEPS, colours, indices, palette
from earthgan_gateway.drawing.render import coloured, labels_along, legend_png
from earthgan_gateway.drawing.ticks import ticks
from earthgan_gateway.formats import COLOUR_FORMATS
from earthgan_gateway.pictures import Style
from places import DEFAULT_SURROGATE

QUANTITY = quantities(Surrogate(DEFAULT_SURROGATE))["temperature"]


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


@given(low=st.floats(allow_nan=False, allow_infinity=False), high=st.floats(allow_nan=False, allow_infinity=False))
@example(-1e308, 1e308)
@example(0.0, 5e-324)
@example(1.0, 1.0000000000000002)
@example(1000.0, 1000.001)
def test_ticks_are_few_within_the_range_and_have_different_texts(low: float, high: float) -> None:
    assume(low < high)
    found = ticks(low, high)
    assert 2 <= len(found) <= 7
    assert all(low <= tick.value <= high for tick in found)
    assert all(float(tick.label) == tick.value for tick in found)
    assert len({tick.label for tick in found}) == len(found)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (290, 3600, ["1000", "2000", "3000"]),
        (-1.2e-10, 1.2e-10, ["-1e-10", "-5e-11", "0", "5e-11", "1e-10"]),
        (1800, 1801, ["1800", "1800.2", "1800.4", "1800.6", "1800.8", "1801"]),
        (1000, 1000.001, ["1000", "1000.0002", "1000.0004", "1000.0006", "1000.0008", "1000.001"]),
        (0, 0.97, ["0", "0.2", "0.4", "0.6", "0.8"]),
        (273, 310, ["280", "290", "300", "310"]),
        (0, 1e-12, ["0", "2e-13", "4e-13", "6e-13", "8e-13", "1e-12"]),
        (1e22, 2e22, ["1e22", "1.2e22", "1.4e22", "1.6e22", "1.8e22", "2e22"]),
        (1e6, 1e6 + 1, ["1000000", "1000000.2", "1000000.4", "1000000.6", "1000000.8", "1000001"]),
        (0.1, 0.5, ["0.1", "0.2", "0.3", "0.4", "0.5"]),
        (20000, 90000, ["2e4", "4e4", "6e4", "8e4"]),
        (-1e308, 1e308, ["-1e308", "-5e307", "0", "5e307", "1e308"]),
    ],
)
def test_ticks_are_what_a_person_would_write(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in ticks(low, high)] == labels


@pytest.mark.parametrize(
    ("low", "high"),
    [(290, 3600), (1800, 1801), (1000, 1000.001), (1000.0001, 1000.0002), (-123456.5, -123456.25), (-3e38, 3e38)],
)
def test_the_labels_of_a_legend_picture_stand_apart_and_are_whole(low: float, high: float) -> None:
    """No label begins before the one before it has ended, and there is no ink at the edges."""
    font = ImageFont.load_default(size=11)
    placed = labels_along(low, high, font)
    ends = [begin + font.getlength(label) for label, _, begin in placed]
    assert len(placed) >= 2
    assert all(begin > end for (_, _, begin), end in zip(placed[1:], ends[:-1]))
    picture = Image.open(io.BytesIO(legend_png("Temperature [K]", palette("inferno"), low, high)))
    inked = (np.asarray(picture)[37:, :, 3] > 0).any(axis=0)
    assert not inked[0]
    assert not inked[-1]


def test_the_legend_picture_runs_from_low_to_high() -> None:
    pixels = np.asarray(
        Image.open(io.BytesIO(legend_png("Temperature [K]", palette("inferno"), 300, 3600))).convert("RGB")
    )
    bar = pixels[24, 16:304]
    assert bar[0].tolist() == colours("inferno")[0].tolist()
    assert bar[-1].tolist() == colours("inferno")[-1].tolist()


@given(low=st.floats(), high=st.floats(), value=st.floats(width=32, allow_infinity=False))
@example(0.0, 1e-36, 3e38)
@example(-3e38, 3e38, 3e38)
@example(1.0, 1.0000001192092896, 1.0)
def test_every_range_is_drawn_or_refused(low: float, high: float, value: float) -> None:
    """A range that a style takes gives each value a colour: the first below it, the last above it, and no hole."""
    try:
        style = Style.of(QUANTITY, rescale=(low, high))
    except InvalidRequest:
        return
    index = indices(np.array([value], np.float32), style.low, style.high)[0]
    assert (index == 0) == np.isnan(value)
    if value <= low:
        assert index == 1
    if value >= high:
        assert index == STEPS


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1, 1),
        (2, 1),
        (float("nan"), 1),
        (0, float("inf")),
        (-1e308, 1e308),
        (0, 1e39),
        (0, 1e-320),
        (0, 5e-324),
        (1e-320, 2e-320),
        (1800, 1800.00001),
        (1, 1.0000000000000002),
    ],
)
def test_a_range_without_a_middle_is_refused(low: float, high: float) -> None:
    with pytest.raises(InvalidRequest, match="rescale takes"):
        Style.of(QUANTITY, rescale=(low, high))
