"""Units are understood as people write them."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.errors import BadInput
from earthgan_training.simulations import units

#: Spellings of one unit each.
SAME = [
    ("K", "kelvin", "Kelvin", "degK", "deg_K", "degrees_K"),
    ("degC", "°C", "C", "celsius", "degrees Celsius", "deg_C", "degree_Celsius"),
    ("km", "kilometers", "kilometre", "Km", "KM", "1000 m", "1e3 m"),
    ("m", "meters", "metre", "gpm"),
    ("m/s", "m s-1", "m s^-1", "m s**-1", "m.s-1", "m·s⁻¹", "m s^{-1}", "meter/second"),
    ("degrees_north", "degree_east", "degreesN", "degrees", "deg", "°", "Degrees_North", "degrees_E"),
    ("radians", "rad", "radian"),
    ("1", "", "unitless", "dimensionless", "non-dimensional", "-", "none"),
    ("%", "percent", "per cent", "0.01"),
    ("Myr", "Ma", "My", "m.y.", "million years", "1e6 yr", "megayear"),
    ("Ga", "Gyr"),
    ("years", "yr", "year", "a", "365.25 days"),
    ("mbar", "hPa", "millibars", "100 Pa", "100 Pascal"),
    ("kg m-3", "kg/m3", "kg/m^3", "kg/m³", "kg.m-3", "g/L"),
    ("g/cm3", "g cm-3", "g/cc", "1000 kg m-3"),
    ("W m-2 K-1", "W/m2/K", "W m^-2 K^-1"),
    ("1e-6 m2/s", "10^-6 m2 s-1", "mm2/s"),
    ("degC/km", "K km-1", "K/km"),
    ("cm/yr", "cm/year", "cm a-1"),
]
PAIRS = [(first, other) for first, *others in SAME for other in others]

#: A number in one unit and in another.
CONVERTED = [
    (0, "degC", "K", 273.15),
    (300, "K", "degC", 26.85),
    (212, "degF", "degC", 100),
    (6371000, "m", "km", 6371),
    (2891.5, "km", "m", 2891500),
    (5, "%", "1", 0.05),
    (1, "Ma", "years", 1e6),
    (1e6, "years", "Myr", 1),
    (365.25e6, "days", "Ma", 1),
    (1, "Ga", "Myr", 1000),
    (np.pi, "rad", "degrees", 180),
    (1013.25, "mbar", "Pa", 101325),
    (1, "cm/yr", "m/s", 0.01 / 31557600),
    (3.3, "g/cm3", "kg m-3", 3300),
]

UNKNOWN = [
    "level",
    "foo",
    "log10(Pa s)",
    "days since 1900-01-01",
    "(",
    "nan",
    "0",
    "-1",
    "1/0",
    "9**9**9**9",
    "9" * 5000,
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_spellings_of_one_unit(one: str, other: str) -> None:
    assert units.same_dimension(one, other)
    found = units.conversion(one, other)
    assert found is not None
    np.testing.assert_allclose(found([0.0, 1.0, 250.0]), [0.0, 1.0, 250.0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("value", "unit", "other", "expected"), CONVERTED)
def test_converts(value: float, unit: str, other: str, expected: float) -> None:
    np.testing.assert_allclose(units.converted([value], unit, other), [expected], rtol=1e-11)
    np.testing.assert_allclose(units.converted([expected], other, unit), [value], rtol=1e-11, atol=1e-9)


def test_an_anomaly_has_no_offset() -> None:
    np.testing.assert_allclose(units.converted([5.0], "degC", "K", difference=True), [5.0])
    np.testing.assert_allclose(units.converted([9.0], "degF", "K", difference=True), [5.0], rtol=1e-11)


@given(st.integers(0, 10**8))
def test_round_numbers_stay_round(metres: int) -> None:
    assert float(units.converted(metres, "m", "km")) == metres / 1000


@pytest.mark.parametrize(("dtype", "due"), [("f4", "f4"), ("f8", "f8"), ("i2", "f8"), (">f4", "f4")])
def test_keeps_the_precision(dtype: str, due: str) -> None:
    assert units.converted(np.ones(3, dtype), "m", "km").dtype == np.dtype(due)


@pytest.mark.parametrize("unit", UNKNOWN)
def test_an_unknown_unit_is_nothing_rather_than_an_error(unit: str) -> None:
    assert not units.is_known(unit)
    assert units.conversion(unit, "K") is None
    assert not units.same_dimension(unit, "K")
    with pytest.raises(BadInput, match="is unknown"):
        units.converted([1.0], unit, "K")


@pytest.mark.parametrize(("one", "other"), [("K", "m"), ("degrees", "1"), ("radians", "%"), ("m", "m2"), ("s", "Hz")])
def test_what_does_not_measure_the_same(one: str, other: str) -> None:
    assert not units.same_dimension(one, other)
    with pytest.raises(BadInput, match="do not measure the same"):
        units.converted([1.0], one, other)


def test_kinds() -> None:
    kinds = {
        units.is_length: ("km", "m", "6371 km"),
        units.is_angle: ("degrees_north", "radians"),
        units.is_temperature: ("K", "degC", "degF"),
        units.is_time: ("Myr", "s", "Ga", "days"),
        units.is_pressure: ("hPa", "mbar", "GPa"),
        units.is_dimensionless: ("1", "", "%"),
    }
    for kind in kinds:
        for other, members in kinds.items():
            for unit in members:
                assert kind(unit) == (kind is other), (kind.__name__, unit)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=30), st.text("kmsKPa123.^*/-+e() °%", max_size=25)))
def test_no_text_is_an_error(unit: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        units.is_known(unit)
        units.conversion(unit, "km")
        units.conversion("degC", unit)
