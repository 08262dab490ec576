"""The tables of a study as text, for the terminal and for the document."""

from __future__ import annotations

import math

from earthgan_training.study.result import Measure, Row, Study, Verdict
from earthgan_training.work.tables import NONE, Table


def results(study: Study) -> Table:
    """The table of variants: means over seeds, and their standard deviation."""
    head = "variant", *(measure.title for measure in study.measures)
    rows = tuple((row.name, *(_cell(row, each) for each in study.measures)) for row in study.rows)
    return Table(study.title, head, rows)


def verdicts(study: Study) -> Table:
    """The table of verdicts: the differences, the differences that seeds alone would cause, and the calls."""
    head = "variant", "against", "measure", "difference", "verdict"
    return Table("Verdicts", head, tuple(_judged(study, each) for each in study.verdicts))


def _judged(study: Study, verdict: Verdict) -> tuple[str, ...]:
    compared, measure = verdict.comparison, study.measure(verdict.comparison.measure)
    shown = f"{verdict.difference:+.{measure.digits}f}"
    if verdict.margin and math.isfinite(verdict.margin):
        shown += f" ± {verdict.margin:.{measure.digits}f}"
    return compared.row, compared.against, measure.title, shown, verdict.call.value


def _cell(row: Row, measure: Measure) -> str:
    if not row.values(measure.key):
        return NONE
    shown, spread = f"{row.mean(measure.key):,.{measure.digits}f}", row.spread(measure.key)
    return f"{shown} ± {spread:.{measure.digits}f}" if spread > 0 else shown
