"""Draws a training run: its measurements over the updates, and its pictures of validations as an animation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from earthgan.errors import BadInput
from earthgan.files import write_whole
from earthgan.spec import SPEC_FILE
from earthgan.surrogate import Surrogate
from earthgan_training.figures.animation import Animated, animate
from earthgan_training.figures.page import new_page, notice
from earthgan_training.train.report import FIGURES_FOLDER, METRICS_FILE, read_lines
from earthgan_training.train.run_folder import SURROGATE_FOLDER
from earthgan_training.work.png import png

#: The panels: a title, how the names of its measurements begin, and the scale of its axis.
_PANELS = (
    ("Content loss", ("content/", "validation/content"), "log"),
    ("Gain over interpolation on validation samples (dB)", ("gain_db/",), "linear"),
    ("Critic and adversarial loss", ("critic/", "adversarial"), "symlog"),
)


def draw_training(run: Path, out: Path, animated: Animated = Animated.GIF) -> list[Path]:
    """Write `training.png` and, if the run has validated, `training.gif` to `out`, each whole or not at all. Returns
    their paths. Raises BadInput if `run` holds no measurements.
    """
    try:
        lines = read_lines(run / METRICS_FILE)
        pictures = [path.read_bytes() for path in sorted((run / FIGURES_FOLDER).glob("*.png"))]
    except OSError as error:
        raise BadInput(f"{run}: cannot be read ({error.strerror or error})") from error
    if not lines:
        raise BadInput(f"{run}: is not a training run that has measured anything")
    surrogate = run / SURROGATE_FOLDER
    about = notice(Surrogate(surrogate)) if (surrogate / SPEC_FILE).exists() else ""
    page = _draw_curves(lines, about)
    written = [write_whole(out / "training.png", png(page))]
    if pictures:
        film = animate(pictures, animated, matplotlib.colormaps["viridis"])
        written.append(write_whole(out / f"training.{animated.value}", film))
    return written


def _draw_curves(lines: Sequence[dict[str, Any]], about: str) -> Figure:
    """One panel for each group of measurements that the run has. A dotted line shows where the second stage begins."""
    names = list(dict.fromkeys(name for line in lines for name in line))
    shown = [(title, [n for n in names if n.startswith(begin)], scale) for title, begin, scale in _PANELS]
    shown = [panel for panel in shown if panel[1]]
    figure = new_page(7.5, 0.8 + 2.4 * len(shown), f"Training, {lines[-1]['step']} updates", about, "constrained")
    begins = next((line["step"] for line in lines if line.get("stage") == "adversarial"), None)
    for axes, (title, of, scale) in zip(figure.subplots(len(shown), squeeze=False)[:, 0], shown, strict=True):
        for name in of:
            points = [(line["step"], line[name]) for line in lines if name in line]
            few = len(points) < len(lines) / 2  # what only validations measure
            axes.plot(*zip(*points, strict=True), marker="o" if few else "", ms=3, lw=1.2 if few else 0.6, label=name)
        if begins:
            axes.axvline(begins, color="0.4", ls=":", lw=0.8)
        axes.set_yscale(scale)
        axes.set_title(title, size=8)
        axes.tick_params(labelsize=6.5)
        axes.grid(color="0.92", linewidth=0.5)
        axes.legend(fontsize=6, frameon=False)
    axes.set_xlabel("update", size=7)
    return figure
