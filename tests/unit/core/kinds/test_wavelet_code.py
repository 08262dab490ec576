"""Boxes come back within their tolerance in every cell, whatever they hold, and altered bytes are refused."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.kinds import wavelet_refine
from earthgan.kinds.wavelet_choice import PRICE
from earthgan.kinds.wavelet_code import BoxCode, decode_box, encode_box, estimate_box
from earthgan.kinds.wavelet_transform import Order, Plan, most_levels

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.standard_normal((4, 19, 30))
RARE = RANDOM.random(NOISE.shape) < 0.01
NASTY = {
    "constant": np.full((3, 10, 20), 7.1),
    "zero": np.zeros((2, 9, 9)),
    "huge offset": 1e6 + NOISE,
    "tiny": 1e-12 * NOISE,
    "huge": 1e30 * NOISE,
    "below normal numbers": 1e-42 * NOISE,
    "largest numbers": np.where(NOISE > 0, 3.4e38, -3.4e38),
    "one spike": np.where(RARE, 1e30, NOISE),
    "step": np.where(np.arange(30) > 11, 1000.0, 1.0) + 0 * NOISE,
    "one level": np.where(np.arange(4)[:, None, None] == 2, NOISE, 0),
    "one cell": np.array([[[5.5]]]),
    "one row": NOISE[:1, :1],
}


def plan_of(shape: tuple[int, ...], order: Order = Order.TENSOR, periodic: bool = True) -> Plan:
    z, y, x = shape
    return Plan((z, y, x), (most_levels(z), most_levels(y), most_levels(x)), order, periodic)


@pytest.mark.parametrize("part", [0, 1e-9, 1e-7, 1e-4, 0.1, 10])
@pytest.mark.parametrize("name", NASTY)
def test_every_cell_is_within_the_tolerance(name: str, part: float) -> None:
    values = NASTY[name].astype(np.float32)
    tolerance = part * (float(np.ptp(values.astype(np.float64))) or 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = encode_box(values, BoxCode(plan_of(values.shape), max(2 * tolerance, 1e-300), max_error=tolerance))
        decoded = decode_box(data, values.shape)
    assert decoded.dtype == np.float32
    assert np.abs(decoded.astype(np.float64) - values).max() <= tolerance


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 20), st.integers(1, 24)),
    order=st.sampled_from(Order),
    step=st.sampled_from([1e-3, 0.1, 1.0, 30.0]),
    periodic=st.booleans(),
    exponent=st.integers(-8, 8),
    seed=st.integers(0, 99),
)
def test_errors_are_about_a_quantisation_step(
    shape: tuple[int, int, int], order: Order, step: float, periodic: bool, exponent: int, seed: int
) -> None:
    values = (10.0**exponent * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)
    code = BoxCode(plan_of(shape, order, periodic), step * 10.0**exponent)
    decoded = decode_box(encode_box(values, code), shape)
    assert np.abs(decoded.astype(np.float64) - values).max() < 6 * code.step + 1e-5 * np.abs(values).max()


def test_the_estimate_is_close() -> None:
    values = np.cumsum(np.random.default_rng(0).standard_normal((8, 60, 120)), axis=2).astype(np.float32)
    code = BoxCode(plan_of(values.shape), 0.7)
    data = encode_box(values, code)
    size, squared = estimate_box(values, code)
    assert len(data) == pytest.approx(size, rel=0.02)
    assert squared == pytest.approx(((decode_box(data, values.shape) - values.astype(float)) ** 2).sum(), rel=1e-6)


@pytest.mark.parametrize("step", [1.0, 3.0, 1e-12, 7e20])
def test_what_is_not_a_coefficient_takes_few_bytes(step: float) -> None:
    """A shell without any coefficient costs its head, its mean and one state."""
    values = np.full((1, 18, 36), 1000 * step, np.float32)
    assert len(encode_box(values, BoxCode(plan_of(values.shape), step))) <= 17


@pytest.mark.parametrize("exponent", range(-150, 120, 30))
def test_every_step_is_kept_to_a_hundredth(exponent: int) -> None:
    values = 1e3 * NOISE[:1] * 2.0**exponent
    for step in np.linspace(1, 2, 5) * 2.0**exponent:
        code = BoxCode(plan_of(values.shape), float(step))
        errors = decode_box(encode_box(values, code), values.shape).astype(np.float64) - values
        assert errors.std() == pytest.approx(step / np.sqrt(12), rel=0.15)


def test_a_profile_costs_next_to_nothing() -> None:
    profile = np.broadcast_to(1000 * np.arange(20.0)[:, None, None] ** 2, (20, 30, 60)).astype(np.float32)
    assert len(encode_box(profile, BoxCode(plan_of(profile.shape), 1.0))) < 150


@pytest.mark.parametrize("shape", [(1, 45, 90), (3, 19, 30), (2, 1, 7)])
@pytest.mark.parametrize("periodic", [True, False])
def test_a_refined_box_is_the_box_and_what_the_network_adds(
    shape: tuple[int, int, int], periodic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network sees each shell less its mean, in steps. Here it adds a tenth of what it sees."""
    halo = sum(wavelet_refine.DILATIONS)
    monkeypatch.setattr(wavelet_refine, "_network", lambda: lambda x: 0.1 * x[0, halo:-halo, halo:-halo])
    values = np.cumsum(np.random.default_rng(0).standard_normal(shape), axis=2) + 1e3
    plain, refined = (BoxCode(plan_of(shape, periodic=periodic), 0.5, refined=each) for each in (False, True))
    data = encode_box(values, refined)
    assert len(data) == len(encode_box(values, plain))
    before = decode_box(encode_box(values, plain), shape).astype(np.float64)
    means = values.mean(axis=(1, 2), keepdims=True)
    expected = means + 1.1 * (before - means)
    np.testing.assert_allclose(decode_box(data, shape), expected, atol=0.01)
    assert estimate_box(values, refined)[1] == pytest.approx(((expected - values) ** 2).sum(), rel=0.02)


@pytest.mark.parametrize(("refined", "part"), [(False, 0.999), (True, 0.97)])
def test_trials_make_bits_and_errors_cheaper_together(refined: bool, part: float) -> None:
    values = np.cumsum(np.random.default_rng(1).standard_normal((1, 9, 14)), axis=2)
    codes = [BoxCode(plan_of(values.shape), 1.5, refined=refined, trials=each) for each in (0, 1, 2)]
    bytes_, errors = zip(*(estimate_box(values, each) for each in codes), strict=True)
    costs = [error / 1.5**2 + PRICE * 8 * size for size, error in zip(bytes_, errors, strict=True)]
    assert costs[1] < part * costs[0]
    assert costs[2] <= costs[1]
    decoded = decode_box(encode_box(values, codes[2]), values.shape)
    assert ((decoded - values) ** 2).sum() == pytest.approx(errors[2], rel=1e-3)


def test_a_refined_box_cannot_promise_a_tolerance() -> None:
    with pytest.raises(ValueError, match="cannot be corrected"):
        BoxCode(plan_of((1, 9, 9)), 1.0, max_error=1.0, refined=True)


@pytest.mark.parametrize("seed", range(40))
def test_altered_boxes_end_in_a_value_error_or_in_finite_numbers(seed: int) -> None:
    values = NOISE.astype(np.float32)
    data = bytearray(encode_box(values, BoxCode(plan_of(values.shape), 0.3, max_error=0.2)))
    random = np.random.default_rng(seed)
    for _ in range(1 + seed % 3):
        data[random.integers(len(data)) if seed % 2 else random.integers(40)] ^= 1 << random.integers(8)
    cut = len(data) if seed % 4 else int(random.integers(len(data)))
    try:
        decoded = decode_box(bytes(data[:cut]), values.shape)
    except ValueError:
        return
    assert decoded.shape == values.shape


@pytest.mark.parametrize("shape", [(4, 19, 29), (3, 19, 30), (4, 20, 30), (1, 1, 1)])
def test_a_box_of_another_shape_is_refused(shape: tuple[int, int, int]) -> None:
    data = encode_box(NOISE.astype(np.float32), BoxCode(plan_of(NOISE.shape), 0.3))
    with pytest.raises(ValueError, match=r"."):
        decode_box(data, shape)
