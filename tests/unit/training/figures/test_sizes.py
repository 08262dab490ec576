"""Sizes: every byte is counted, and bars are as long as the sizes."""

import json
import math
import shutil
from pathlib import Path

from earthgan import Surrogate
from earthgan_training.figures.size import PAPER_SIZES, draw_sizes, surrogate_sizes
from places import DEFAULT_SURROGATE


def test_every_byte_of_a_surrogate_is_counted(tmp_path: Path) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    (folder / "notes").mkdir()
    (folder / "notes" / "more.txt").write_bytes(b"x" * 1234)
    sizes = surrogate_sizes(Surrogate(folder))
    assert sizes.total == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert sizes.parts["other"] == 1234
    assert sizes.parts["spec"] == (folder / "spec.json").stat().st_size
    spec = json.loads((folder / "spec.json").read_text())
    steps = len(spec["inputs"]["steps"])
    assert sizes.parts["conditional inputs"] == sum(p.stat().st_size for p in (folder / "inputs").iterdir())
    assert sizes.truth == 4 * len(spec["variables"]) * math.prod(Surrogate(folder).grid.shape) * steps


def test_the_papers_sizes_are_the_papers() -> None:
    assert round(PAPER_SIZES.truth / 1e9, 2) == 18.55
    assert round(PAPER_SIZES.parts["conditional inputs"] / 1e6, 1) == 45.5
    assert round(PAPER_SIZES.parts["generator"] / 1e6, 1) == 2.7
    assert round(PAPER_SIZES.ratio) == 385


def test_bars_are_as_long_as_the_sizes() -> None:
    figure = draw_sizes([PAPER_SIZES], "Simulated data.")
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    lengths = [bar.get_width() for bar in axes.patches]
    assert lengths == [PAPER_SIZES.truth, PAPER_SIZES.total, *PAPER_SIZES.parts.values()]
    assert "1 : 385" in axes.get_title(loc="left")
