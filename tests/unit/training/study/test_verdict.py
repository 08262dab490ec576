"""The rule of the studies' verdicts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind, ttest_rel

from earthgan_training.study.result import Call, Comparison, Measure, Row, Study, Verdict, judge
from earthgan_training.study.table import results, verdicts

EFFECT = 3.0
HIGHER, LOWER, NEITHER = (Measure("m", "measure, dB", better, effect=EFFECT) for better in ("higher", "lower", None))
SAME = Call.EQUAL, Call.UNKNOWN
COMPARISON = Comparison("a", "b", "m")
numbers = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=5).filter(lambda values: len(set(values)) > 1)


def row(values: list[float], trained: bool = True) -> Row:
    return Row("a", tuple({"m": value} for value in values), trained)


def call(a: list[float], b: list[float], measure: Measure = HIGHER) -> Verdict:
    return judge(row(a), row(b), measure, COMPARISON)


@settings(deadline=None)
@given(numbers, numbers)
def test_it_is_students_test(a: list[float], b: list[float]) -> None:
    p = ttest_ind(a, b).pvalue
    if abs(p - 0.05) > 1e-9:
        assert (call(a, b).call not in SAME) == (p < 0.05)


@settings(deadline=None)
@given(numbers, numbers)
def test_seen_from_the_other_side_it_is_the_opposite(a: list[float], b: list[float]) -> None:
    one, other = call(a, b), call(b, a)
    assert one.difference == -other.difference
    assert one.margin == pytest.approx(other.margin)
    opposite = {Call.BETTER: Call.WORSE, Call.WORSE: Call.BETTER} | {same: same for same in SAME}
    assert other.call is opposite[one.call]


def test_the_measure_says_which_direction_is_good() -> None:
    a, b = [3.0, 3.1, 3.2], [1.0, 1.1, 1.2]
    assert [call(a, b, m).call for m in (HIGHER, LOWER, NEITHER)] == [Call.BETTER, Call.WORSE, Call.HIGHER]
    assert call(b, a, NEITHER).call is Call.LOWER


def test_a_difference_within_the_spread_does_not_count() -> None:
    assert call([1.0, 2.0, 3.0], [1.1, 2.1, 3.1]).call is Call.EQUAL


@settings(deadline=None)
@given(numbers, numbers)
def test_no_difference_needs_an_interval_within_the_effect(a: list[float], b: list[float]) -> None:
    found = call(a, b)
    assert (found.call is Call.EQUAL) == (abs(found.difference) <= found.margin <= EFFECT)
    assert (found.call is Call.UNKNOWN) == (found.margin >= abs(found.difference) and found.margin > EFFECT)


def test_one_seed_says_nothing() -> None:
    assert call([5.0], [1.0]).call is Call.UNKNOWN
    assert judge(row([5.0]), row([1.0], trained=False), HIGHER, COMPARISON).call is Call.UNKNOWN


def test_what_is_not_trained_has_no_spread() -> None:
    fixed = row([1.0], trained=False)
    assert judge(row([1.001], trained=False), fixed, HIGHER, COMPARISON).call is Call.BETTER
    assert judge(row([1.0], trained=False), fixed, HIGHER, COMPARISON).call is Call.EQUAL
    assert judge(row([1.0, 3.0]), fixed, HIGHER, COMPARISON).call is Call.UNKNOWN
    assert judge(row([1.9, 2.0, 2.1]), fixed, HIGHER, COMPARISON).call is Call.BETTER


def test_what_is_shown_is_what_was_found() -> None:
    a = Row("with", ({"m": 3.0}, {"m": 3.2}))
    b = Row("without", ({"m": 1.0},), trained=False)
    c = Row("other", ({},), trained=False)
    study = Study("x", "X", "?", "", "", (HIGHER,), (a, b, c), (Comparison("with", "without", "m"),))
    assert results(study).rows == (("with", "3.10 ± 0.14"), ("without", "1.00"), ("other", "–"))
    assert verdicts(study).rows == (("with", "without", "measure, dB", "+2.10 ± 1.27", "better"),)
    stored = study.as_json()
    assert stored["verdicts"][0]["verdict"] == "better"
    assert stored["rows"][0]["mean"] == {"m": pytest.approx(3.1)}


@settings(deadline=None)
@given(numbers, st.integers(-9, 9), st.integers(1, 9))
def test_the_same_networks_are_compared_seed_by_seed(values: list[float], gain: int, step: int) -> None:
    gained = [value + gain + step * k for k, value in enumerate(values)]
    paired = Comparison("a", "b", "m", paired=True)
    found = judge(row(gained), row(values), HIGHER, paired)
    p = ttest_rel(gained, values).pvalue
    if abs(p - 0.05) > 1e-9:
        assert (found.call not in SAME) == (p < 0.05)
