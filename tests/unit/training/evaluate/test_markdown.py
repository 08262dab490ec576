"""The committed page of an evaluation is what the generator writes today, given the page's own figures and tables."""

import re
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from earthgan_training.evaluate import markdown
from earthgan_training.evaluate.results import ALL_BYTES, SAME_BYTES, SURROGATES, WITHOUT_NETWORK
from earthgan_training.evaluate.scores import MEASURES
from earthgan_training.work.tables import Table
from places import ROOT

PAGE = (ROOT / "docs" / "fidelity.md").read_text()
#: Measures that only a surrogate with noise has; the surrogate of the page has none.
OF_DRAWS = ("psnr_mean_db", "spread", "crps")
MEANINGS = "## What the numbers mean"


def numbers(pattern: str, text: str) -> list[int]:
    found = re.search(pattern, text)
    assert found, pattern
    return [int(number.replace(",", "")) for number in found.groups()]


def tables(run: str, heading: str) -> list[Table]:
    """The tables of a run on the page, each under a heading of this level."""
    found = []
    for title, body in re.findall(rf"^{heading} (.+)\n((?:(?!{heading} ).*\n)*)", run, re.MULTILINE):
        rows = [tuple(line[2:-2].split(" | ")) for line in body.splitlines() if line.startswith("| ")]
        if rows:
            found.append(Table(title, ("", *rows[0][1:]) if rows[0][0] == " " else rows[0], tuple(rows[2:])))
    return found


def evaluation(run: str, heading: str, footprint: dict[str, int]) -> Any:
    """The parts of an evaluation that the words of the page depend on."""
    steps = re.search(r"^Steps ([\d, ]+\d)", run, re.MULTILINE)
    assert steps
    times = [int(t) for t in steps[1].split(", ")]
    title = re.search(r"^\*\*(.+)\*\* \((\w+)\)\. (.+)$", PAGE, re.MULTILINE)
    assert title
    return SimpleNamespace(
        on_source_grid=True,
        title=title[1],
        preset=title[2],
        notice=title[3],
        grid=SimpleNamespace(shape=numbers(r"grid of (\d+) shells x (\d+) rows x (\d+) columns", PAGE)),
        footprint=SimpleNamespace(**footprint),
        steps=[SimpleNamespace(t=t, stored=True) for t in times],
        members=1,
        ways=[f"{SAME_BYTES}cubic", f"sperr{ALL_BYTES}"],
        own_input=False,
        gain_db=lambda name: float(re.search(rf"^- {name}: (-?[\d.]+) dB above", run, re.MULTILINE)[1]),
        rival=lambda way, name: object() if "vx" in run else None,
        rates=dict.fromkeys((SURROGATES, WITHOUT_NETWORK)),
        variables=tuple(re.findall(r"^- (\w+): -?[\d.]+ dB above", run, re.MULTILINE)),
        numbers=lambda name: defaultdict(float, {key: 0.0 for key in MEASURES if key not in OF_DRAWS}),
        tables=tables(run, heading),
    )


def pictures(run: str) -> dict[str, str]:
    return {path.rsplit("-", 1)[1].split(".")[0]: path for path in re.findall(r"^!\[.*\]\((.*)\)$", run, re.MULTILINE)}


def test_the_committed_page_is_what_the_generator_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "tables", lambda found: found.tables)
    first, *others = PAGE.split(MEANINGS)[0].split("## Another run: ")
    inputs, model = numbers(r"takes ([\d,]+) bytes \(the mean.*takes ([\d,]+) bytes\. Over", first)
    per_step, onnx = numbers(r"\*\*([\d,]+) bytes a step\*\*\. The ONNX file \(([\d,]+) bytes\)", first)
    whole = {"inputs_per_step": inputs, "model": model, "per_step": per_step, "onnx": onnx}
    sizes = [numbers(r"this takes ([\d,]+) bytes a step", each)[0] for each in others]
    command = re.search(r"^    (earthgan evaluate .*)$", first, re.MULTILINE)
    names = re.findall(r"^## Another run: `(.*)`$", PAGE, re.MULTILINE)
    assert command
    assert names
    evaluations = [evaluation(first, "##", whole)]
    evaluations += [evaluation(run, "###", {"per_step": size}) for run, size in zip(others, sizes, strict=True)]
    written = markdown.document(
        ["seed-1", *names], evaluations, command[1], [pictures(each) for each in (first, *others)]
    )
    assert written.splitlines() == PAGE.splitlines()
