"""Fill values that were left in are found, and healthy fields are left alone."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.variables import TEMPERATURE, Variable
from earthgan_training.simulations.checks import impossible, is_absolute_temperature, left_in, unusual

SHAPE = (4, 20, 40)
RANDOM = np.random.default_rng(3)
NORMAL = RANDOM.standard_normal(SHAPE)
UNIFORM = RANDOM.random(SHAPE)

HEALTHY: dict[str, np.ndarray] = {
    "temperature": 300 + 3700 * UNIFORM,
    "temperature without units": UNIFORM,
    "temperature, clipped": np.clip(300 + 4000 * UNIFORM, 300, 4000),
    "temperature of a cold plume": np.where(UNIFORM < 0.002, 300.0, 3000 + NORMAL),
    "tomography": 0.02 * NORMAL,
    "tomography in percent": 2 * NORMAL,
    "tomography with zeros": np.where(UNIFORM < 0.8, 0.0, 2 * NORMAL),
    "tomography with an outlier": np.where(np.arange(NORMAL.size).reshape(SHAPE) == 77, 300.0, NORMAL),
    "viscosity over ten decades": 10 ** (21 + 1.2 * NORMAL),
    "viscosity over thirty decades": 10 ** (20 + 30 * (UNIFORM - 0.5)),
    "viscosity, clipped at 1e24": np.clip(10 ** (21 + 2 * NORMAL), 1e18, 1e24),
    "viscosity, capped at 1e20": np.minimum(10 ** (19 + 0.5 * NORMAL), 1e20),
    "viscosity of layers": np.array([1e19, 1e20, 1e22, 3e22])[:, None, None] * np.ones(SHAPE),
    "viscosity of a stiff lid": np.where(np.arange(4)[:, None, None] == 3, 1e25, 10 ** (21 + 0.1 * NORMAL)),
    "strain rate": 10 ** (-15 + NORMAL),
    "strain rate with zeros": np.where(UNIFORM < 0.5, 0.0, 10 ** (-15 + NORMAL)),
    "strain rate, heavy tail": RANDOM.standard_cauchy(SHAPE),
    "composition": (UNIFORM < 0.1).astype(float),
    "composition in one cell": (np.arange(NORMAL.size).reshape(SHAPE) == 5).astype(float),
    "tags": np.floor(5 * UNIFORM),
    "tags to 1000": np.where(UNIFORM < 0.1, 1000.0, np.floor(3 * UNIFORM)),
    "pressure": 1e9 + 1.3e11 * UNIFORM,
    "density": 3300 + 2200 * UNIFORM,
    "constant": np.full(SHAPE, 5.0),
    "zero": np.zeros(SHAPE),
    "one, at 9999": np.full(SHAPE, 9999.0),
    "through 9999": 9000 + 2000 * UNIFORM,
    "heights to 9999": np.where(UNIFORM < 0.01, 9999.0, 9000 * UNIFORM),
    "not a number": np.where(UNIFORM < 0.1, np.nan, NORMAL),
    "infinite": np.where(UNIFORM < 0.1, np.inf, NORMAL),
    "nothing": np.full(SHAPE, np.nan),
}

#: A mark, and the healthy field that it stands in.
MARKED = [
    *(
        (mark, "temperature")
        for mark in (1e20, -1e20, 1e30, 9.96921e36, 3.4028235e38, -9999.0, -999.0, 32767.0, -32768.0)
    ),
    *((mark, "temperature without units") for mark in (1e20, -9999.0, -999.0, 9999.0, 999.9, 2147483647.0, 1e15)),
    *((mark, "tomography") for mark in (1e20, -999.0, 9999.0, 99999.0, 12345678.0)),
    *((mark, "tomography with zeros") for mark in (1e20, -9999.0, 1e35)),
    *((mark, "viscosity over ten decades") for mark in (9.96921e36, 1e35, -9999.0, -1e30)),
    *((mark, "viscosity of layers") for mark in (9.96921e36, 1e36)),
    *((mark, "strain rate") for mark in (1e20, -9999.0, 9.96921e36)),
    *((mark, "strain rate with zeros") for mark in (1e20, -999.0)),
    *((mark, "composition") for mark in (1e20, -9999.0, 9999.0, 32767.0)),
    *((mark, "constant") for mark in (1e20, -9999.0)),
    *((mark, "density") for mark in (1e20, -999.0, 99999.0)),
]


@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_healthy_field_has_no_fill_value(name: str, dtype: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not left_in(HEALTHY[name].astype(dtype)).any()


@pytest.mark.parametrize(("mark", "name"), MARKED)
@pytest.mark.parametrize("cells", [3, 400, 2000])
def test_a_fill_value_is_found(mark: float, name: str, cells: int) -> None:
    values = HEALTHY[name].astype("f4")
    where = np.zeros(values.shape, bool)
    where.ravel()[RANDOM.choice(where.size, cells, replace=False)] = True
    values[where] = mark
    np.testing.assert_array_equal(left_in(values), where)


def test_two_fill_values_are_found() -> None:
    values = HEALTHY["temperature"].astype("f4")
    values[0, :3], values[1, 2] = 1e20, -9999
    found = left_in(values)
    assert found.sum() == 3 * SHAPE[2] + SHAPE[2]
    assert found[0, :3].all()
    assert found[1, 2].all()


def test_a_fill_value_that_was_interpolated_is_found() -> None:
    values = HEALTHY["temperature"].copy()
    values[0, 0] = np.linspace(1e19, 1e20, SHAPE[2])
    assert left_in(values)[0, 0].all()
    assert left_in(values).sum() == SHAPE[2]


def test_a_field_of_nothing_but_fill_values_is_none() -> None:
    assert left_in(np.full(SHAPE, 1e20)).all()


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10**6), st.floats(-12, 12), st.floats(-3, 3), st.sampled_from(["normal", "uniform", "exponential"])
)
def test_no_scale_or_offset_makes_a_healthy_field_ill(seed: int, decade: float, offset: float, shape: str) -> None:
    random = np.random.default_rng(seed)
    values = {"normal": random.standard_normal, "uniform": random.random, "exponential": random.standard_exponential}
    assert not left_in(((values[shape](SHAPE) + offset) * 10**decade).astype("f4")).any()


KELVIN = TEMPERATURE
CELSIUS = Variable("temperature", "Temperature", "degC", "inferno", False)


@pytest.mark.parametrize(
    ("variable", "low", "high", "words"),
    [
        (KELVIN, 300, 4000, None),
        (KELVIN, -20, 4000, None),
        (KELVIN, 0, 1, None),
        (KELVIN, -0.02, 1.02, None),
        (KELVIN, -80, 40, "beneath absolute zero"),
        (KELVIN, -9725, 4000, "beneath absolute zero"),
        (KELVIN, 300, 1e7, "no planet"),
        (CELSIUS, -80, 40, None),
        (CELSIUS, 0, 3700, None),
        (CELSIUS, -300, 3700, None),
        (CELSIUS, -400, 100, "beneath absolute zero"),
        (Variable("T", "T", "overturns", "inferno", False), -5, 5, None),
    ],
)
def test_impossible_temperatures(variable: Variable, low: float, high: float, words: str | None) -> None:
    found = impossible(variable, low, high)
    assert (found is None) if words is None else (found is not None and words in found)


@pytest.mark.parametrize(
    ("variable", "names", "due"),
    [
        (KELVIN, ("T", ""), True),
        (CELSIUS, ("T", "air_temperature"), True),
        (Variable("dT", "Temperature anomaly", "K", "x", False), ("dT", ""), False),
        (Variable("T", "T", "K", "x", False), ("T", "air_temperature_anomaly"), False),
        (Variable("T", "T", "K", "x", True), ("T", ""), False),
        (Variable("T", "T", "1", "x", False), ("T", ""), False),
        (Variable("vs", "Vs", "km/s", "x", False), ("vs", ""), False),
    ],
)
def test_absolute_temperatures(variable: Variable, names: tuple[str, str], due: bool) -> None:
    assert is_absolute_temperature(variable, *names) == due


def test_the_unusual_is_told() -> None:
    assert "non-dimensional" in unusual(KELVIN, 0, 1, True)[0]
    assert "everywhere" in unusual(KELVIN, 5, 5, True)[0]
    assert "%" in unusual(Variable("dlnVs", "dlnVs", "1", "x", True), -5, 4, False)[0]
    assert not unusual(Variable("dlnVs", "dlnVs", "1", "x", True), -0.05, 0.04, False)
    assert not unusual(Variable("dlnVs", "dlnVs", "%", "x", True), -5, 4, False)
    assert not unusual(KELVIN, 300, 4000, True)
    assert not unusual(KELVIN, np.nan, np.nan, True)
