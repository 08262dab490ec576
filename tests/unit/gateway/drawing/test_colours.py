"""Colour maps: the offered ones, their names, bands, and colours for what is out of range."""

import re

import cmap
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.errors import InvalidRequest
from earthgan.variables import COLORMAPS
from earthgan_gateway.drawing.colours import (
    NAMES,
    STEPS,
    banded,
    canonical,
    colour_maps,
    colours,
    hex_colour,
    indices,
    out_of_range,
    palette,
)

PERMISSIVE = {"CC0", "MIT", "BSD-3-Clause", "Apache-2.0", "PSF"}
OFFERED = [offered.name for offered in colour_maps()]


def test_every_offered_map_is_permissively_licensed_and_a_surrogates_are_sequential_or_diverging() -> None:
    assert OFFERED[: len(COLORMAPS)] == list(COLORMAPS)
    assert len(set(OFFERED)) == len(OFFERED)
    for offered in colour_maps():
        assert offered.kind in {"sequential", "diverging"} or offered.name not in COLORMAPS, offered
        assert offered.licence in PERMISSIVE, offered


@pytest.mark.parametrize("name", OFFERED)
def test_every_offered_map_is_drawn_as_its_makers_drew_it(name: str) -> None:
    drawn = colours(name)
    assert drawn.shape == (STEPS, 3)
    assert drawn.dtype == np.uint8
    original = cmap.Colormap(name)
    for at in (0, 63, 127, 254):
        assert np.abs(drawn[at].astype(int) - np.array(original(at / 254).rgba8[:3])).max() <= 4
    assert len(np.unique(drawn, axis=0)) > 150


@pytest.mark.parametrize("offered", [m for m in colour_maps() if m.kind == "sequential"], ids=lambda m: m.name)
def test_a_sequential_map_gets_lighter_or_darker_all_the_way(offered) -> None:
    luma = colours(offered.name) @ np.array([0.299, 0.587, 0.114])
    steps = np.diff(luma[::16]) * np.sign(luma[-1] - luma[0])
    assert (steps > -3).all()
    assert abs(luma[-1] - luma[0]) > 80


def test_a_map_has_one_name() -> None:
    assert canonical("vik") == canonical("crameri:vik") == "crameri:vik"
    assert canonical("inferno") == "inferno"
    assert colours("vik") is colours("crameri:vik")
    assert all(canonical(name) == name for name in OFFERED)


@pytest.mark.parametrize("typed", ["RdBu_r", "rdbu_r", "viridis_r", "coolwarm", "turbo", "gray", "gray_r", "vik_r"])
def test_names_that_people_type_are_known(typed: str) -> None:
    assert canonical(typed) in NAMES
    assert len(np.unique(colours(typed), axis=0)) > 150


@pytest.mark.parametrize("name", OFFERED)
def test_a_reversed_map_has_the_same_colours_from_high_to_low(name: str) -> None:
    assert (colours(f"{name}_r") == colours(name)[::-1]).all()
    assert canonical(f"{name}_r") == f"{name}_r"


@given(st.text(max_size=60))
def test_any_other_name_is_an_invalid_request(name: str) -> None:
    if name in NAMES:
        return
    with pytest.raises(InvalidRequest, match="unknown colour map"):
        canonical(name)


def test_nobody_can_change_a_map_for_all() -> None:
    with pytest.raises(ValueError, match="read-only"):
        colours("viridis")[0] = 0


@given(name=st.sampled_from(COLORMAPS), steps=st.integers(2, STEPS))
def test_bands_are_as_many_as_asked_equally_wide_and_end_in_the_end_colours(name: str, steps: int) -> None:
    whole = colours(name)
    flat = banded(whole, steps)
    assert flat.shape == whole.shape
    assert flat[0].tolist() == whole[0].tolist()
    assert flat[-1].tolist() == whole[-1].tolist()
    edges = np.flatnonzero((np.diff(flat.astype(int), axis=0) != 0).any(axis=1))
    assert len(edges) <= steps - 1
    widths = np.diff([-1, *edges, STEPS - 1])
    assert len(edges) < steps - 1 or np.ptp(widths) <= 1  # neighbours of the same colour are one band to the eye


def test_a_diverging_map_in_an_odd_number_of_bands_keeps_its_middle() -> None:
    assert banded(colours("vik"), 5)[127].tolist() == colours("vik")[127].tolist()


@pytest.mark.parametrize("steps", [-1, 0, 1, 256])
def test_so_many_bands_do_not_exist(steps: int) -> None:
    with pytest.raises(InvalidRequest, match="from 2 to 255"):
        banded(colours("vik"), steps)


def test_a_palette_holds_every_index() -> None:
    table = np.frombuffer(palette("vik"), np.uint8).reshape(256, 3)
    assert table[0].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(table[1:], colours("vik"))
    with_ends = np.frombuffer(palette("vik", under="000001", over="FFfe00"), np.uint8).reshape(256, 3)
    assert with_ends[1].tolist() == [0, 0, 1]
    assert with_ends[255].tolist() == [255, 254, 0]
    np.testing.assert_array_equal(with_ends[2:255], table[2:255])


@pytest.mark.parametrize("text", ["", "fff", "#ffffff", "ffffff0", "gggggg", "ffffff\n", "é00000"])
def test_a_colour_is_six_hexadecimal_digits(text: str) -> None:
    with pytest.raises(InvalidRequest, match="six hexadecimal digits"):
        hex_colour(text)


def test_a_colour_has_one_spelling() -> None:
    assert hex_colour("FF80aa") == "ff80aa"
    assert re.fullmatch("[0-9a-f]{6}", hex_colour("012345"))


@given(
    values=st.lists(st.floats(-20, 20, width=32) | st.just(float("nan")), min_size=1, max_size=30),
    under=st.booleans(),
    over=st.booleans(),
)
def test_the_end_indices_are_kept_for_what_is_out_of_range(values: list[float], under: bool, over: bool) -> None:
    given_values = np.array([values], dtype=np.float32)
    plain = indices(given_values, -10, 10)
    kept = out_of_range(plain, given_values, -10, 10, under=under, over=over)
    if under:
        np.testing.assert_array_equal(kept == 1, given_values < -10)
    if over:
        np.testing.assert_array_equal(kept == STEPS, given_values > 10)
    assert np.abs(kept.astype(int) - plain).max() <= 1
    np.testing.assert_array_equal(kept == 0, np.isnan(given_values))
