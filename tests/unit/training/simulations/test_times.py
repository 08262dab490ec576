"""Times and the texts that stand for them."""

import warnings
from typing import Any

import cftime
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.errors import BadInput
from earthgan_training.simulations.times import steps_of_labels, times_of

HOURS = {"units": "hours since 1900-01-01 00:00:00.0", "calendar": "gregorian"}
SPIN_UP = {"units": "years since 0001-01-01", "calendar": "365_day"}

#: Values, attributes, and for each value its label and its time in Myr.
TABLE: dict[str, tuple[Any, dict[str, Any], list[tuple[str | None, float | None]]]] = {
    "Myr": ([0, 1.5], {"units": "Myr"}, [(None, 0), (None, 1.5)]),
    "Ma": ([0], {"units": "Ma"}, [(None, 0)]),
    "seconds": ([0, 3.15576e13], {"units": "s"}, [(None, 0), (None, 1)]),
    "years": ([0, 5e6], {"units": "years"}, [(None, 0), (None, 5)]),
    "few years": ([0, 5], {"units": "years"}, [("0 years", None), ("5 years", None)]),
    "years since": ([0, 1e6, 2e6], SPIN_UP, [(None, 0), (None, 1), (None, 2)]),
    "a thousand million years": ([0, 1e9], SPIN_UP, [(None, 0), (None, 1000)]),
    "days of a short year": ([365e6], {"units": "days since 0001-01-01", "calendar": "noleap"}, [(None, 1)]),
    "days of a round year": ([360e6], {"units": "days since 0001-01-01", "calendar": "360_day"}, [(None, 1)]),
    "hours since": ([876576, 876582], HOURS, [("2000-01-01", None), ("2000-01-01T06:00", None)]),
    "a leap day": ([59], {"units": "days since 2000-01-01"}, [("2000-02-29", None)]),
    "no leap day": ([59], {"units": "days since 2000-01-01", "calendar": "noleap"}, [("2000-03-01", None)]),
    "thirty days": ([30], {"units": "days since 2000-01-01", "calendar": "360_day"}, [("2000-02-01", None)]),
    "in a zone": ([1], {"units": "days since 2000-01-01T00:00:00Z"}, [("2000-01-02", None)]),
    "rounded": ([1 / 24 / 3 * 3 - 1e-9], {"units": "days since 2000-01-01"}, [("2000-01-01T01:00", None)]),
    "months": ([0, 1, 13], {"units": "months since 2000-01-31"},
               [("2000-01-31", None), ("2000-02-29", None), ("2001-02-28", None)]),
    "few years since": ([0, 30], SPIN_UP, [("0001-01-01", None), ("0031-01-01", None)]),
    "before the reference": ([-1], {"units": "days since 2000-01-01"}, [("1999-12-31", None)]),
    "as digits": ([20010131.25], {"units": "day as %Y%m%d.%f"}, [("2001-01-31T06:00", None)]),
    "stored as shorts": (np.array([0, 2], ">i2"), {"units": "days since 2000-01-01", "scale_factor": 0.5},
                         [("2000-01-01", None), ("2000-01-02", None)]),
    "unreadable reference": ([2], {"units": "days since the flood"}, [("2 days", None)]),
    "unknown calendar": ([2], {"units": "days since 2000-01-01", "calendar": "maya"}, [("2 days", None)]),
    "no unit": ([0.1, 1], {}, [("0.1", None), ("1", None)]),
    "no dimension": ([0.1], {"units": "1"}, [("0.1", None)]),
    "unknown unit": ([3], {"units": "overturns"}, [("3", None)]),
    "datetime64": (np.array(["2001-01-01", "2001-01-01T06"], "M8[ns]"), {},
                   [("2001-01-01", None), ("2001-01-01T06:00", None)]),
    "cftime": (np.array([cftime.DatetimeNoLeap(2001, 3, 1)]), {}, [("2001-03-01", None)]),
    "texts": (np.array(["0.5Ma", "10Ma"]), {}, [("0.5Ma", 0.5), ("10Ma", 10)]),
    "bytes": (np.array([b"b", b"a"]), {}, [("b", None), ("a", None)]),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_times(case: str) -> None:
    values, attributes, due = TABLE[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = times_of(values, attributes)
    assert [each.label for each in found] == [label for label, _ in due]
    for each, (_, time_myr) in zip(found, due, strict=True):
        assert each.time_myr == (None if time_myr is None else pytest.approx(time_myr))


@pytest.mark.parametrize("values", [[np.nan], np.array(["NaT"], "M8[ns]"), [9.969209968386869e36], [[1, 2], None]])
def test_a_time_without_a_value_is_refused(values: Any) -> None:
    with pytest.raises(BadInput):
        times_of(np.array(values, object) if values[-1] is None else values, HOURS)


def test_the_files_of_a_series_are_dated_together() -> None:
    files = [HOURS | {"units": f"days since 20{year:02d}-01-01"} for year in (2, 1, 3)]
    found = times_of([0, 1, 0], files)
    assert [each.label for each in found] == ["2002-01-01", "2001-01-02", "2003-01-01"]
    assert [each.label for each in sorted(found, key=lambda t: t.order)] == ["2001-01-02", "2002-01-01", "2003-01-01"]
    assert [each.time_myr for each in times_of([0, 2e6], [SPIN_UP, SPIN_UP])] == [0, 2]


@given(st.lists(st.integers(0, 2**20), unique=True), st.sampled_from(["hours", "days", "seconds", "minutes"]))
def test_dates_are_those_of_cftime(values: list[int], unit: str) -> None:
    units = f"{unit} since 1871-03-04"
    for value, time in zip(values, times_of(np.array(values, float), {"units": units}), strict=True):
        date = cftime.num2date(value, units)
        if time.label is not None and date.year < 2800:
            assert date.isoformat().startswith(time.label)


#: Texts in any order, and in the right order: the step, the label and the time in Myr.
LABELS: list[tuple[list[str], list[tuple[int, str | None, float | None]]]] = [
    (["3", "1", "2"], [(1, None, None), (2, None, None), (3, None, None)]),
    (["010", "009"], [(9, None, None), (10, None, None)]),
    (["0.5", "1e2", "3"], [(0, "0.5", None), (1, "3", None), (2, "1e2", None)]),
    (["1", "-3"], [(0, "-3", None), (1, "1", None)]),
    (["10Ma", "0.5Ma"], [(0, "0.5Ma", 0.5), (1, "10Ma", 10)]),
    (["20Ma", "10Ma"], [(10, "10Ma", 10), (20, "20Ma", 20)]),
    (["1Ga", "900Myr"], [(0, "900Myr", 900), (1, "1Ga", 1000)]),
    (["Ma10", "Ma5"], [(5, "Ma5", 5), (10, "Ma10", 10)]),
    (["run10", "run9"], [(0, "run9", None), (1, "run10", None)]),
    (["2001-01-02", "2000-12-31"], [(0, "2000-12-31", None), (1, "2001-01-02", None)]),
    (["late", "early", "7"], [(0, "7", None), (1, "early", None), (2, "late", None)]),
    (["9" * 20, "1"], [(0, "1", None), (1, "9" * 20, None)]),
    (["1e999", "1"], [(0, "1", None), (1, "1e999", None)]),
    ([], []),
]


@pytest.mark.parametrize(("texts", "due"), LABELS)
def test_steps_of_labels(texts: list[str], due: list[tuple[int, str | None, float | None]]) -> None:
    found = steps_of_labels(texts)
    assert sorted(found) == sorted(texts)
    assert [(each.t, each.label, each.time_myr) for each in found.values()] == due


@pytest.mark.parametrize("texts", [["1", "01"], ["0.5", "0.50"], ["1e2", "100"], ["500ka", "0.5Ma"], ["a", "a"]])
def test_two_texts_of_one_step_are_refused(texts: list[str]) -> None:
    with pytest.raises(BadInput, match=texts[0]):
        steps_of_labels(texts)


@given(st.lists(st.text(max_size=8), unique=True, max_size=6))
def test_any_texts_become_steps_in_order_or_one_line(texts: list[str]) -> None:
    try:
        found = steps_of_labels(texts)
    except BadInput:
        return
    steps = [each.t for each in found.values()]
    assert len(found) == len(texts)
    assert steps == sorted(set(steps))
    assert all(t >= 0 for t in steps)
