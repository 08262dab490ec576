"""What a user asks for: each way to write a largest error, and every goal that no source can have."""

import argparse

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.errors import BadInput, WrongUsage
from earthgan_training.make.goal import AskedBound, asked_bounds, bounds_for, decibels
from rounding_code import GRID, array_source, noise


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("0.02", [AskedBound(0.02)]),
        ("5K", [AskedBound(5, "K")]),
        ("5 K", [AskedBound(5, "K")]),
        ("1e-3", [AskedBound(1e-3)]),
        ("1e-3 m/s", [AskedBound(1e-3, "m/s")]),
        ("1e-11m s-1", [AskedBound(1e-11, "m s-1")]),
        ("0.5%", [AskedBound(0.5, "%")]),
        (".5 %", [AskedBound(0.5, "%")]),
        ("2eV", [AskedBound(2, "eV")]),
        ("3°C", [AskedBound(3, "°C")]),
        ("temperature=5K,vx=1%", [AskedBound(5, "K", "temperature"), AskedBound(1, "%", "vx")]),
        ("temperature=5K, 1%", [AskedBound(5, "K", "temperature"), AskedBound(1, "%")]),
        ("dlnVs=0.01", [AskedBound(0.01, None, "dlnVs")]),
    ],
)
def test_a_largest_error_is_read_as_it_is_written(text: str, bounds: list[AskedBound]) -> None:
    assert list(asked_bounds(text).bounds) == bounds


@pytest.mark.parametrize(
    "text", ["", "K", "0", "-1", "0%", "nan", "inf", "1..2", "5K,", "a=", "a=1,a=2", "1,2", "=5", "a==5", "1e999"]
)
def test_what_is_no_largest_error_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        asked_bounds(text)


@given(st.floats(1e-30, 1e30), st.sampled_from(["", "K", "%", "m/s", "percent"]))
def test_every_positive_number_is_read(number: float, unit: str) -> None:
    assert asked_bounds(f"{number!r} {unit}").bounds == (AskedBound(number, unit or None),)


def test_percent_are_of_the_range_and_a_name_goes_before_the_rest() -> None:
    source = noise(names=("temperature", "vx", "vy"))
    spans = {"temperature": 200.0, "vx": 10.0, "vy": 20.0}
    bounds = bounds_for(asked_bounds("temperature=5,1%"), source, spans)
    assert bounds.largest == {"temperature": 5.0, "vx": 0.1, "vy": 0.2}


def test_one_number_without_a_unit_is_for_one_variable() -> None:
    assert bounds_for(asked_bounds("3"), noise(), {}).largest == {"temperature": 3.0}
    with pytest.raises(WrongUsage, match="temperature=…,vx=…"):
        bounds_for(asked_bounds("3"), noise(names=("temperature", "vx")), {})


def test_every_variable_is_bounded() -> None:
    with pytest.raises(WrongUsage, match="nothing of vx"):
        bounds_for(asked_bounds("temperature=3"), noise(names=("temperature", "vx")), {})


def test_a_bound_of_an_unknown_variable_is_refused() -> None:
    with pytest.raises(BadInput, match="no variable 'speed'"):
        bounds_for(asked_bounds("speed=3"), noise(), {})


@pytest.mark.parametrize(("text", "unit", "bound"), [("5 km/s", "m/s", 5000), ("5 degC", "K", 5), ("2 K", "K", 2)])
def test_units_are_converted(text: str, unit: str, bound: float) -> None:
    pytest.importorskip("earthgan_training.simulations.units")
    source = array_source({1: {"v": np.zeros(GRID.shape, np.float32)}}, unit)
    assert bounds_for(asked_bounds(text), source, {}).largest["v"] == pytest.approx(bound)


def test_a_unit_of_something_else_is_refused() -> None:
    pytest.importorskip("earthgan_training.simulations.units")
    with pytest.raises(BadInput, match="does not measure temperature, whose unit is 'K'"):
        bounds_for(asked_bounds("5 km"), noise(), {})


@pytest.mark.parametrize("text", ["", "x", "9", "201", "nan", "inf"])
def test_a_quality_is_a_number_of_decibels(text: str) -> None:
    assert decibels("47.5") == 47.5
    with pytest.raises(argparse.ArgumentTypeError):
        decibels(text)
