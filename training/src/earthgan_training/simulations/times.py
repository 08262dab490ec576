"""Understands times: numbers with a unit, dates of CF calendars, and texts in the names of files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import cftime
import numpy as np
from numpy.typing import ArrayLike

from earthgan.errors import BadInput
from earthgan_training.simulations.labelled import SourceStep
from earthgan_training.simulations.packing import unpacked
from earthgan_training.simulations.units import conversion

#: The days of a year in each calendar of CF.
_YEAR_DAYS = {"noleap": 365, "365_day": 365, "360_day": 360, "all_leap": 366, "366_day": 366, "julian": 365.25}
_GREGORIAN_YEAR_DAYS = 365.2425
#: Dates name the times of a weather or climate series. Longer spans are geological: they are counted, not dated.
_DATED_YEARS = 1000.0
_SINCE = re.compile(r"\s*([A-Za-z_ ]+?)\s+since\s+(\S.*?)\s*", re.IGNORECASE)
_YEARS, _MONTHS = {"year", "years", "yr", "yrs", "common_year", "common_years"}, {"month", "months", "mon"}
_DAY_AS_DIGITS = re.compile(r"day as %Y%m%d(\.%f)?")

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_UNIT = r"[kMG]a|[kMG]yr?s?|yrs?|years?"
_NUMBER_AND_UNIT = re.compile(rf"({_NUMBER})[ _-]?({_UNIT})?")
_UNIT_AND_NUMBER = re.compile(rf"({_UNIT})[ _-]?({_NUMBER})")
_LARGEST_STEP = 2**31 - 1


@dataclass(frozen=True)
class Time:
    """A point in time: a text where the source has one, or a date, and the time in Myr where it is known.

    `order` sorts times of one source.
    """

    order: float
    label: str | None = None
    time_myr: float | None = None


def times_of(values: ArrayLike, attributes: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Time]:
    """The times that the values of a time coordinate mean, one for each value, in the order of the values.

    `attributes` are those of the coordinate, or one set for each value where the values come from many files: pass all
    values of a source together, so that all of them become dates or none does. Values may be numbers, `datetime64`,
    cftime dates or texts. Time since a reference becomes a date if all times lie within a thousand years of their
    references, and otherwise a time in Myr. A number whose unit is unknown, or too short to be said in Myr, becomes a
    label. Raises BadInput with a
    sentence that lacks only the names of the file and the variable.
    """
    stored = np.atleast_1d(np.asarray(values)).ravel()
    each = [attributes] * len(stored) if isinstance(attributes, Mapping) else list(attributes)
    if stored.dtype.kind == "M":
        return [_of_datetime64(x) for x in stored]
    if stored.dtype.kind in "SUO":
        return _of_objects(stored)
    numbers = np.array([float(unpacked(x, a)) for x, a in zip(stored, each, strict=True)])
    if not np.isfinite(numbers).all():
        raise BadInput("it has a time without a value; say the times in a mapping")
    readings = [_Reading.of(x, a) for x, a in zip(numbers.tolist(), each, strict=True)]
    dates = [date for date in (reading.date() for reading in readings) if date is not None]
    if len(dates) == len(readings):
        return [_dated(date) for date in dates]
    short = all(reading.is_short for reading in readings)
    return [reading.time(short) for reading in readings]


def steps_of_labels(texts: Sequence[str]) -> dict[str, SourceStep]:
    """The time steps that texts in the names of files or folders mean, in order.

    Whole numbers are the steps themselves. Other numbers, and any texts, are numbered from 0 in their order, and keep
    the text as their label. A number with a unit (`0.5Ma`, `Ma10`) also has a time. Raises BadInput if two texts mean
    the same step.
    """
    found = {text: _Label.of(text) for text in texts}
    numbered = all(label.number is not None for label in found.values())
    ordered = sorted(found, key=lambda text: found[text].order(numbered))
    for one, other in itertools.pairwise(ordered):
        if numbered and found[one].order(True)[0] == found[other].order(True)[0]:
            raise BadInput(f"{one!r} and {other!r} mean the same time step")
    if len(found) != len(texts):
        twice = next(text for text in texts if list(texts).count(text) > 1)
        raise BadInput(f"{twice!r} names two time steps")
    units = {label.unit for label in found.values()}
    whole = numbered and len(units) == 1 and all(label.is_step for label in found.values())
    return {
        text: SourceStep(
            t=int(found[text].number or 0) if whole else i,
            label=None if text.isdecimal() and whole else text,
            time_myr=found[text].time_myr,
        )
        for i, text in enumerate(ordered)
    }


@dataclass(frozen=True)
class _Label:
    text: str
    number: float | None = None
    unit: str = ""

    @classmethod
    def of(cls, text: str) -> _Label:
        if match := _NUMBER_AND_UNIT.fullmatch(text.strip()):
            number, unit = match[1], match[2] or ""
        elif match := _UNIT_AND_NUMBER.fullmatch(text.strip()):
            unit, number = match[1], match[2]
        else:
            return cls(text)
        value = float(number)
        return cls(text, value, unit) if np.isfinite(value) else cls(text)

    @property
    def is_step(self) -> bool:
        return self.number is not None and self.number.is_integer() and 0 <= self.number <= _LARGEST_STEP

    @property
    def time_myr(self) -> float | None:
        found = conversion(self.unit, "Myr")
        return None if self.number is None or not self.unit or found is None else float(found(self.number))

    def order(self, numbered: bool) -> tuple[Any, ...]:
        """Numbers by their value, in one unit; texts as people sort them, with the numbers in them by value."""
        if numbered:
            return (self.number if self.time_myr is None else self.time_myr, self.text)
        parts = re.split(r"(\d+)", self.text)
        return (*((int(part), "") if part.isdecimal() else (-1, part) for part in parts), (-1, self.text))


@dataclass(frozen=True)
class _Reading:
    """A number of a time coordinate and what its unit says. `reference` is the text after "since"."""

    value: float
    unit: str
    reference: str
    calendar: str

    @classmethod
    def of(cls, value: float, attributes: Mapping[str, Any]) -> _Reading:
        units = str(attributes.get("units", "")).strip()
        calendar = str(attributes.get("calendar", "standard")).strip().lower()
        since = _SINCE.fullmatch(units)
        if since is None:
            return cls(value, units, "", calendar)
        return cls(value, since[1].strip().lower().replace(" ", "_"), since[2], calendar)

    @property
    def year_days(self) -> float:
        return _YEAR_DAYS.get(self.calendar, _GREGORIAN_YEAR_DAYS)

    @property
    def years(self) -> float | None:
        """The time since the reference in years of the calendar, if the unit is known."""
        if self.unit in _YEARS:
            return self.value
        if self.unit in _MONTHS:
            return self.value / 12
        found = conversion(self.unit, "days")
        return None if found is None else float(found(self.value)) / self.year_days

    @property
    def is_short(self) -> bool:
        """Whether the unit and the time are far below a Myr, such as hours."""
        unit, years = conversion(self.unit, "years"), self.years
        return years is not None and abs(years) < _DATED_YEARS and (unit is None or float(unit(1.0)) < _DATED_YEARS)

    def date(self) -> datetime | cftime.datetime | None:
        """The date, to the second, if the time is one near its reference."""
        if _DAY_AS_DIGITS.fullmatch(self.unit):
            return _date_of_digits(self.value)
        years = self.years
        if not self.reference or years is None or abs(years) >= _DATED_YEARS:
            return None
        try:
            if self.unit in _YEARS | _MONTHS:
                return _later(self._start(), years, self.year_days)
            days = float(years * self.year_days)
            return self._start() + timedelta(seconds=round(days * 86400))
        except (ValueError, OverflowError, ArithmeticError, TypeError):
            return None  # no calendar of cftime, no date that it can read, or a year that it cannot count

    def _start(self) -> cftime.datetime:
        # cftime knows the reference of days only; the years and months of other units are counted here.
        return cftime.num2date(0, f"days since {self.reference}", calendar=self.calendar)

    def time(self, short: bool) -> Time:
        years = self.years
        if years is None:
            return Time(self.value, f"{self.value:.10g}")
        if short:
            return Time(years, f"{self.value:.10g} {self.unit}".strip())
        found = None if self.reference else conversion(self.unit, "Myr")
        time_myr = years / 1e6 if found is None else float(found(self.value))
        return Time(time_myr, None, time_myr)


def _later(start: cftime.datetime, years: float, year_days: float) -> cftime.datetime:
    """A date some years later: whole months by the calendar, and what is left of a month in days."""
    months = round(years * 12, 6)
    whole = int(np.floor(months))
    index = start.year * 12 + start.month - 1 + whole
    for day in (start.day, 30, 29, 28):  # a month may be shorter than the one of the reference
        try:
            moved = start.replace(year=index // 12, month=index % 12 + 1, day=min(day, start.day))
            break
        except ValueError:
            continue
    return moved + timedelta(seconds=round((months - whole) * year_days / 12 * 86400))


def _date_of_digits(value: float) -> datetime | None:
    """The date of a number such as 20010131.25, as CDO writes it."""
    day = int(np.floor(value))
    try:
        return datetime(day // 10000, day // 100 % 100, day % 100) + timedelta(seconds=round((value - day) * 86400))
    except ValueError:
        return None


def _dated(date: datetime | cftime.datetime) -> Time:
    seconds = date.hour * 3600 + date.minute * 60 + date.second
    days = date.year * 372 + date.month * 31 + date.day  # rises with the date in every calendar
    label = f"{date.year:04d}-{date.month:02d}-{date.day:02d}"
    if seconds:
        label += f"T{date.hour:02d}:{date.minute:02d}" + (f":{date.second:02d}" if date.second else "")
    return Time(days + seconds / 86400, label, None)


def _of_datetime64(value: np.datetime64) -> Time:
    if np.isnat(value):
        raise BadInput("it has a time without a value; say the times in a mapping")
    date = value.astype("datetime64[us]").item()
    if isinstance(date, datetime):
        return _dated(_to_second(date))
    return Time(float(value.astype("datetime64[D]").astype(np.int64)), str(value.astype("datetime64[D]")))


def _to_second(date: Any) -> Any:
    rounded = date + timedelta(seconds=round(date.microsecond / 1e6))
    return rounded.replace(microsecond=0)


def _of_objects(values: np.ndarray[Any, Any]) -> list[Time]:
    plain = [x.decode("utf-8", "replace") if isinstance(x, bytes) else x for x in values.tolist()]
    if all(isinstance(x, cftime.datetime | datetime) for x in plain):
        return [_dated(_to_second(x)) for x in plain]
    if not all(isinstance(x, str) for x in plain):
        raise BadInput("its times are neither numbers nor dates nor texts; say the times in a mapping")
    texts = [x.strip(" \0") for x in plain]
    steps = steps_of_labels(texts)
    order = list(steps)
    return [Time(order.index(text), steps[text].label or text, steps[text].time_myr) for text in texts]
