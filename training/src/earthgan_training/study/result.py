"""The result of a study: a table of measures, and verdicts that follow from it by a rule.

The rule is Student's t test. Each trained variant is trained with several seeds, which set its initial weights and its
samples. A difference of two means counts if it exceeds `t * s * sqrt(1/n + 1/m)`. Here `s` is the pooled standard
deviation over the seeds of the two variants, and `t` is that of 95 %. A variant that is not trained has no spread. If
both variants begin with the same trained networks, their differences are taken seed by seed, and the limit is `t * s /
sqrt(n)`. A smaller difference is no difference only if the limit is at most the effect that is asked about. Otherwise
the study cannot tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from scipy.stats import t as student  # type: ignore[import-untyped]

CONFIDENCE = 0.95


class Call(StrEnum):
    """The outcome of a comparison. `UNKNOWN` means that the seeds are too few, or differ too much."""

    BETTER = "better"
    WORSE = "worse"
    HIGHER = "higher"
    LOWER = "lower"
    EQUAL = "no difference"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class Measure:
    """A column of the table. The title contains the unit. `better` is None if neither direction is better. `effect` is
    the smallest difference that is asked about.
    """

    key: str
    title: str
    better: Literal["higher", "lower"] | None = None
    digits: int = 2
    effect: float = 0.0


@dataclass(frozen=True)
class Row:
    """A variant and its numbers by measure: one for each seed, or a single one if nothing was trained."""

    name: str
    seeds: tuple[Mapping[str, float], ...]
    trained: bool = True

    def values(self, key: str) -> tuple[float, ...]:
        """The values of each seed; empty if the measure does not apply."""
        return tuple(each[key] for each in self.seeds if key in each)

    def mean(self, key: str) -> float:
        return float(np.mean(self.values(key)))

    def spread(self, key: str) -> float:
        """The standard deviation over seeds; NaN for fewer than two seeds."""
        values = self.values(key)
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


@dataclass(frozen=True)
class Comparison:
    """A question to the table: is `row` better than `against` in `measure`? `paired` means that both begin with the
    same trained networks.
    """

    row: str
    against: str
    measure: str
    paired: bool = False


@dataclass(frozen=True)
class Verdict:
    """The answer: the difference of the means, and the difference that seeds alone would cause."""

    comparison: Comparison
    difference: float
    margin: float
    call: Call


@dataclass(frozen=True)
class Study:
    """The result of a study. `question`, `compared` and `limits` are sentences for a document."""

    name: str
    title: str
    question: str
    compared: str
    limits: str
    measures: tuple[Measure, ...]
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)

    def measure(self, key: str) -> Measure:
        return next(measure for measure in self.measures if measure.key == key)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(
            judge(self.row(each.row), self.row(each.against), self.measure(each.measure), each)
            for each in self.comparisons
        )

    def as_json(self) -> dict[str, Any]:
        """The result as plain numbers: the mean of each row over seeds, the value of every seed, and the verdicts with
        their numbers.
        """
        return {
            "study": self.name,
            "question": self.question,
            "measures": {measure.key: measure.title for measure in self.measures},
            "rows": [
                {
                    "name": row.name,
                    "trained": row.trained,
                    "mean": {each.key: row.mean(each.key) for each in self.measures if row.values(each.key)},
                    "seeds": [dict(each) for each in row.seeds],
                }
                for row in self.rows
            ],
            "verdicts": [
                {
                    **vars(verdict.comparison),
                    "difference": verdict.difference,
                    "margin": verdict.margin if math.isfinite(verdict.margin) else None,
                    "verdict": verdict.call.value,
                }
                for verdict in self.verdicts
            ],
        }


def judge(row: Row, against: Row, measure: Measure, comparison: Comparison) -> Verdict:
    """Apply the rule in this module's docstring."""
    difference = row.mean(measure.key) - against.mean(measure.key)
    both = [row.values(measure.key), against.values(measure.key)]
    if comparison.paired:
        trained = [tuple(a - b for a, b in zip(*both, strict=True))]
    else:
        trained = [values for values, each in zip(both, (row, against), strict=True) if each.trained]
    freedom = sum(len(values) - 1 for values in trained)
    if not trained:
        margin = 0.0
    elif not freedom:
        margin = math.inf
    else:
        pooled = sum(float(np.var(values)) * len(values) for values in trained) / freedom
        margin = float(student.ppf((1 + CONFIDENCE) / 2, freedom))
        margin *= math.sqrt(pooled * sum(1 / len(values) for values in trained))
    return Verdict(comparison, difference, margin, _call(difference, margin, measure))


def _call(difference: float, margin: float, measure: Measure) -> Call:
    if not abs(difference) > margin:
        return Call.EQUAL if margin <= measure.effect else Call.UNKNOWN
    if measure.better is None:
        return Call.HIGHER if difference > 0 else Call.LOWER
    return Call.BETTER if (difference > 0) == (measure.better == "higher") else Call.WORSE
