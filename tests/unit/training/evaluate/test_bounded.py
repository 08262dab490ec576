"""Codecs that promise a largest error: it holds in every cell, or it is said that it does not."""

import numpy as np
import pytest

from earthgan import ShellGrid
from earthgan_training.evaluate.bounded import (
    AND_REMAINDER,
    SURROGATE,
    TRIES,
    BoundedCodec,
    at_bound,
    bounded_codecs,
    remainder,
    within_bounds,
)

GRID = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 6).tolist()), 48, 96)
RANDOM = np.random.default_rng(0)
SMOOTH = np.sin(np.linspace(0, 9, 96)) * np.cos(np.linspace(0, 5, 48))[:, None] + np.linspace(0, 1, 6)[:, None, None]
#: Fields of several units and roughnesses, and one with a single cell that is far off.
FIELDS = {
    "smooth": 300 + 1000 * SMOOTH,
    "tiny": 1e-10 * SMOOTH,
    "rough": SMOOTH + 0.3 * RANDOM.standard_normal(SMOOTH.shape),
    "spike": SMOOTH + 50 * (np.arange(SMOOTH.size).reshape(SMOOTH.shape) == 7777),
    "constant": 0 * SMOOTH + 4.0,
}
CODECS = {codec.name: codec for codec in bounded_codecs()}
SPERR = pytest.mark.skipif("sperr" not in CODECS, reason="imagecodecs is not installed")


def rounding(worse: float) -> BoundedCodec:
    """A codec that rounds to steps, and whose largest error is `worse` times what it was asked for."""

    def encode(field: np.ndarray, bound: float) -> bytes:
        step = 2 * bound * worse
        return (np.round(field / step) * step).astype(np.float32).tobytes()

    return BoundedCodec("rounding", encode, lambda data, shape: np.frombuffer(data, np.float32).reshape(shape))


@pytest.mark.parametrize("bound", [0.05, 0.002])
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("codec", ["sperr", "sz3", "ebcc"])
def test_the_bound_holds_in_every_cell(codec: str, field: str, bound: float) -> None:
    if codec not in CODECS:
        pytest.skip(f"{codec} is not installed")
    values = FIELDS[field].astype(np.float32)
    extent = float(np.ptp(values)) or 1.0
    found = at_bound(CODECS[codec], values, bound, extent)
    assert found.kept is (found.largest <= bound)
    assert found.kept or (codec, field) == ("ebcc", "rough")  # noise is more than three tries can bound
    assert 8 < found.bytes < values.nbytes


@pytest.mark.parametrize(("worse", "kept"), [(1.0, True), (2.0, True), (1.2, True)])
def test_a_codec_that_breaks_its_promise_is_asked_for_less(worse: float, kept: bool) -> None:
    found = at_bound(rounding(worse), FIELDS["rough"].astype(np.float32), 0.01, float(np.ptp(FIELDS["rough"])))
    assert found.kept is kept
    assert 0.005 < found.largest <= 0.01


def test_a_promise_that_is_never_kept_is_told() -> None:
    asked = []

    def encode(field: np.ndarray, bound: float) -> bytes:
        asked.append(bound)
        return (0.9 * field).astype(np.float32).tobytes()

    lazy = BoundedCodec("lazy", encode, lambda data, shape: np.frombuffer(data, np.float32).reshape(shape))
    found = at_bound(lazy, FIELDS["smooth"].astype(np.float32), 0.01, float(np.ptp(FIELDS["smooth"])))
    assert not found.kept
    assert found.largest == pytest.approx(0.1, rel=0.01)
    assert asked == sorted(asked, reverse=True)
    assert len(asked) == TRIES


def test_what_a_surrogate_leaves_is_coded_only_where_it_breaks_the_bound() -> None:
    truth = FIELDS["smooth"].astype(np.float32)
    extent = float(np.ptp(truth))
    near, far = truth + np.float32(0.004 * extent), truth.copy()
    far[3, 20, 50] += 0.5 * extent
    assert remainder(700, near, truth, 0.01, rounding(1.0)).bytes == 700
    added = remainder(700, far, truth, 0.01, rounding(1.0))
    assert added.kept
    assert added.largest <= 0.01
    assert added.bytes > 700


@SPERR
def test_surrogate_and_codecs_are_compared_by_bound_way_and_variable() -> None:
    truth = {name: FIELDS[name].astype(np.float32) for name in ("smooth", "rough")}
    predicted = {name: field + np.float32(0.03 * np.ptp(field)) * (SMOOTH > 0.5) for name, field in truth.items()}
    said: list[str] = []
    only = {"sperr", SURROGATE, AND_REMAINDER}
    found = within_bounds(predicted, truth, 1000, [0.05, 0.01], said.append, [CODECS["sperr"]])
    assert set(found) == {0.05, 0.01}
    for bound, ways in found.items():
        assert set(ways) == only
        assert all(set(of) == set(truth) for of in ways.values())
        assert ways[SURROGATE]["smooth"].bytes == 500
        assert ways[SURROGATE]["smooth"].kept is (bound == 0.05)
        assert ways[AND_REMAINDER]["rough"].kept
    assert "rough by sperr within 1 % of its range" in said
