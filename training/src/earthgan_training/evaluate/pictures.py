"""The figures of an evaluation."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from earthgan.files import write_whole
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE
from earthgan_training.evaluate.results import (
    ALL_BYTES,
    PUBLISHED,
    SURROGATES,
    WITHOUT_NETWORK,
    Evaluation,
    StepResult,
)
from earthgan_training.evaluate.table import method
from earthgan_training.figures.size import PAPER_SIZES, draw_sizes, surrogate_sizes
from earthgan_training.work.png import png

matplotlib.use("agg")

WIDTH, HEIGHT, DPI = 5.2, 3.8, 100
PANELS_A_ROW = 4
_COLOURS = {"sperr": "tab:blue", "sz3": "tab:orange", "av1": "tab:green"}
_STYLES: dict[str, dict[str, Any]] = {
    SURROGATES: {"color": "tab:red", "lw": 1.2, "marker": "*", "ms": 9},
    WITHOUT_NETWORK: {"color": "tab:red", "lw": 0.8, "ls": ":"},
    PUBLISHED: {"color": "k", "marker": "X", "ms": 6, "ls": ""},
}
_LABELS = {
    SURROGATES: "surrogate, bytes of all variables",
    WITHOUT_NETWORK: "the same without its network",
    PUBLISHED: "published generator, bytes of all",
}


def draw(found: Evaluation, folder: Path, stem: str = "fidelity") -> dict[str, Path]:
    """Write `<stem>-shells.png`, `<stem>-spectrum.png` and, if there are rates, `<stem>-rates.png`. Returns the paths
    by name. Each file is written whole or not at all. Raises BadInput.
    """
    figures = {"shells": _shells(found), "spectrum": _spectrum(found)}
    if found.rates:
        figures["rates"] = _rates(found)
    return {name: write_whole(folder / f"{stem}-{name}.png", png(figure)) for name, figure in figures.items()}


def draw_size(surrogate: Surrogate, folder: Path) -> Path:
    """Write `fidelity-size.png`: all bytes of the ground truth and of everything that replaces it, as in figure 3 of
    von Hahn & Mechefske (2021). The sizes of their system are shown beside them. Raises BadInput.
    """
    figure = draw_sizes([surrogate_sizes(surrogate), PAPER_SIZES], surrogate.spec.provenance.notice)
    return write_whole(folder / "fidelity-size.png", png(figure))


def _figure(found: Evaluation, steps: tuple[StepResult, ...], columns: int = 1, rows: int = 1) -> Figure:
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), dpi=DPI, layout="constrained")
    numbers = ", ".join(str(step.t) for step in steps)
    of = f"step {numbers}" if len(steps) == 1 else f"mean of steps {numbers}"
    figure.suptitle(fill(f"{found.title} ({found.preset}), {of}", int(14 * figure.get_figwidth())), fontsize=9)
    figure.supxlabel(found.notice, fontsize=6, color="0.4")
    return figure


def _shells(found: Evaluation) -> Figure:
    figure = _figure(found, found.steps, 2)
    depths_km = found.planet.radius_km - np.asarray(found.grid.radii_km)
    curves = (("psnr_db", "PSNR over the shell's range, dB"), ("rmse_over_lateral_std", "RMSE / lateral std"))
    for (key, label), axes in zip(curves, figure.subplots(1, 2, sharey=True), strict=True):
        for name in found.variables:
            axes.plot(found.curve(name, key), depths_km, lw=1.2, label=name)
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
    first = figure.axes[0]
    first.set_ylim(depths_km.max(), min(0, depths_km.min()))
    first.set_ylabel("depth, km" if found.planet.unit == "km" else "depth")
    first.legend(fontsize=8)
    return figure


def _spectrum(found: Evaluation) -> Figure:
    figure = _figure(found, found.steps)
    axes = figure.subplots()
    for name in found.variables:
        ratio = found.power_ratio(name)
        axes.loglog(np.arange(1, len(ratio)), ratio[1:], lw=1.2, label=name)
    axes.axhline(1, color="0.5", lw=0.8)
    axes.set_xlabel("spherical-harmonic degree")
    axes.set_ylabel("power, prediction / truth")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
    return figure


def _rates(found: Evaluation) -> Figure:
    step, count = found.steps[0], len(found.variables)
    rows = -(-count // PANELS_A_ROW)
    figure = _figure(found, (step,), 2, rows)
    grid = figure.subplots(rows, -(-count // rows), sharey=True, squeeze=False)
    panels = grid.flat[:count]
    for empty in grid.flat[count:]:
        empty.set_axis_off()
    for name, axes in zip(found.variables, panels, strict=True):
        for way, of in step.rates.items():
            if name == TEMPERATURE.name and way.endswith(ALL_BYTES):
                continue  # this would repeat the codec's own curve
            points = sorted({(rival.bytes, rival.psnr_global_db) for rival in of.get(name, ())})
            if points:
                axes.semilogx(*zip(*points, strict=True), label=_LABELS.get(way) or method(way), **_style(way))
        cubic = step.rivals["cubic"][name]
        axes.plot(cubic.bytes, cubic.psnr_global_db, "D", ls="", color="0.4", label=method("cubic"))
        axes.set_title(name.replace("_", " "), fontsize=9)
        axes.set_xlabel("kB a step", fontsize=8)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size / 1000:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.3)
    for first in grid[:, 0]:
        first.set_ylabel("PSNR over the global range, dB")
    # A velocity panel has every way.
    shown = max((axes.get_legend_handles_labels() for axes in panels), key=lambda each: len(each[1]))
    figure.legend(*shown, loc="outside right upper", fontsize=7)
    return figure


def _style(way: str) -> dict[str, Any]:
    """The style of a way. Surrogates are red. A codec whose bytes all go to temperature has the codec's colour, but
    dashed.
    """
    if way in _STYLES:
        return _STYLES[way]
    codec = way.removesuffix(ALL_BYTES)
    return {"color": _COLOURS.get(codec, "0.5"), "lw": 1.2, "marker": "o", "ms": 3, "ls": "-" if way == codec else "--"}
