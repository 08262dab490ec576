"""The committed page of the studies has the words that the generator and the studies write today."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from earthgan_training.study import condition, input_size, markdown, noise, stripes, variables
from places import ROOT

PAGE = (ROOT / "docs" / "studies.md").read_text()


def numbers(pattern: str) -> list[str]:
    found = re.search(pattern, PAGE)
    assert found, pattern
    return list(found.groups())


def test_the_committed_page_begins_as_the_generator_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = [int(number) for number in numbers(r"ground truth has (\d+) x (\d+) x (\d+) points")]
    (steps,), (held_out,) = numbers(r"training uses (\d+) steps"), numbers(r"held-out steps ([\d, ]+) on")
    (persistence_db,), (first_degree,) = numbers(r"its PSNR is ([\d.]+) dB"), numbers(r"\((\d+) to \d+\)\.\n")
    split = SimpleNamespace(train=range(int(steps)), held_out=held_out.split(", "))
    data: Any = SimpleNamespace(
        truth_grid=SimpleNamespace(shape=shape),
        input_grid=SimpleNamespace(shape=(0, int(first_degree) - 1, 0)),
        spec=SimpleNamespace(split=split),
    )
    monkeypatch.setattr(markdown, "persistence_db", lambda _: float(persistence_db))
    monkeypatch.setattr(markdown, "measured_variable", lambda _: "temperature")
    (effects,) = numbers(r"the effect asked about \((.*?)\)\. Otherwise")
    monkeypatch.setattr(markdown, "_effects", lambda _: effects)
    (command,) = numbers(r"\n    (earthgan study .*)\n")
    assert PAGE.startswith(markdown.document([], data, 0, command))


@pytest.mark.parametrize(
    "study", [input_size, variables, noise, stripes, condition], ids=lambda module: module.__name__
)
def test_the_committed_page_asks_and_limits_as_the_studies_do(study: Any) -> None:
    assert f"*{study.QUESTION}* {study.COMPARED}\n" in PAGE
    assert study is condition or f"Limits: {study.LIMITS}\n" in PAGE
