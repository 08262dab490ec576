"""The page of the contest's tasks: its tables hold the answers that were computed, and they are those of the surrogate
that it names.
"""

import importlib.util
import json
import re
from typing import Any

import pytest

import earthgan
from earthgan.sphere.grid import Window
from places import DEFAULT_SURROGATE, ROOT

PAGES = ROOT / "clients" / "web" / "pages"
PAGE, ANSWERS = (PAGES / "contest.html").read_text(), json.loads((PAGES / "contest.json").read_text())
ROW = re.compile(r'<tr data-answer="([^"]+)" data-digits="(\d)"><th>.+?</th><td>(.+?)</td><td>(.+?)</td></tr>')


def answer(of: dict[str, Any], key: str) -> float:
    for part in key.split("."):
        of = of[part]
    return float(of)  # type: ignore[arg-type]


def test_every_row_of_its_tables_is_what_was_computed() -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) == PAGE.count("<td>") / 2 == 21
    for key, digits, *shown in rows:
        found = [f"{answer(ANSWERS[of], key):,.{digits}f}".replace("-", "−") for of in ("truth", "surrogate")]
        assert shown == found, key


@pytest.mark.slow
def test_the_surrogate_gives_these_answers() -> None:
    spec = importlib.util.spec_from_file_location("contest", ROOT / "docs" / "examples" / "contest.py")
    assert spec
    assert spec.loader
    contest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(contest)
    run = earthgan.open(DEFAULT_SURROGATE)
    whole = Window(*(range(count) for count in run.grid.shape))
    fields = {name: run.window(name, ANSWERS["t"], whole) for name in contest.NAMES}
    found = contest.answers(fields, run.grid, run.surrogate.spec.planet)
    for key in re.findall('data-answer="([^"]+)"', PAGE):
        assert answer(found, key) == pytest.approx(answer(ANSWERS["surrogate"], key), rel=1e-3), key
