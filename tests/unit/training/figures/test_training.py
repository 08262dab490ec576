"""The figures of a training run: its measurements, and its pictures as an animation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from earthgan.errors import BadInput
from earthgan_training.figures.animation import Animated
from earthgan_training.figures.training import draw_training

CONTENT = {"stage": "content", "content/charbonnier": 0.5}
ADVERSARIAL = {"stage": "adversarial", "adversarial": -1.0, "critic/real": 2.0}
VALIDATED = {"validation/content": 0.4, "gain_db/temperature": 1.5}


def run_of(folder: Path, *lines: dict[str, Any], pictures: int = 0) -> Path:
    (folder / "figures").mkdir(parents=True)
    texts = [json.dumps({"step": step, **line}) + "\n" for step, line in enumerate(lines, start=1)]
    (folder / "metrics.jsonl").write_text("".join(texts))
    for step in range(pictures):
        # Pillow joins frames that are equal.
        Image.new("RGB", (60, 40), (100 * step, 100 * step, 100 * step)).save(folder / "figures" / f"{step:06d}.png")
    return folder


@pytest.mark.parametrize("animated", Animated)
def test_each_validation_is_a_frame(animated: Animated, tmp_path: Path) -> None:
    lines = [CONTENT, CONTENT | VALIDATED, ADVERSARIAL, ADVERSARIAL | VALIDATED]
    run = run_of(tmp_path / "run", *lines, pictures=3)

    curves, film = draw_training(run, tmp_path / "out", animated)

    assert [curves.name, film.name] == ["training.png", f"training.{animated.value}"]
    with Image.open(film) as opened:
        assert (opened.n_frames, opened.size) == (3, (60, 40))


def heights(tmp_path: Path, *lines: dict[str, Any]) -> int:
    (curves,) = draw_training(run_of(tmp_path / str(len(lines)), *lines), tmp_path / "out")
    with Image.open(curves) as opened:
        return opened.height


def test_a_panel_is_drawn_for_what_was_measured_and_no_other(tmp_path: Path) -> None:
    one = heights(tmp_path, CONTENT)
    two = heights(tmp_path, CONTENT, CONTENT | VALIDATED)
    three = heights(tmp_path, CONTENT, CONTENT | VALIDATED, ADVERSARIAL)
    assert two - one == three - two > 0


@pytest.mark.parametrize("left", ["nothing", "no measurements", "a broken line"])
def test_what_is_not_a_run_is_one_line(left: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    if left != "nothing":
        run_of(run)
    if left == "a broken line":
        (run / "metrics.jsonl").write_text('{"step": 1, "conte')

    with pytest.raises(BadInput, match="is not a training run that has measured anything"):
        draw_training(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()
