"""Compares the bytes of the ground truth with those of the surrogate, as in figure 3 of von Hahn & Mechefske (2021).
Every byte is counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from earthgan.spec import SPEC_FILE
from earthgan.surrogate import Surrogate
from earthgan_training.figures.page import new_page

_TRUTH_COLOUR, _SURROGATE_COLOUR, _PART_COLOUR = "0.45", "tab:red", "#e9a3a3"


@dataclass(frozen=True)
class Sizes:
    """The bytes of the ground truth, as float32 in all time steps, and of each part of what replaces it."""

    title: str
    truth: int
    parts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.parts.values())

    @property
    def ratio(self) -> float:
        return self.truth / self.total


#: The numbers of the paper's own system: 4 x 198 x 108 x 216 ground-truth values and 4 x 30 x 14 x 27 input values in
#: each of 251 time steps, and the generator's 675 404 parameters, all float32.
PAPER_SIZES = Sizes(
    "von Hahn & Mechefske (2021), 251 steps",
    4 * 4 * 198 * 108 * 216 * 251,
    {"conditional inputs": 4 * 4 * 30 * 14 * 27 * 251, "generator": 4 * 675_404},
)


def surrogate_sizes(surrogate: Surrogate) -> Sizes:
    """The sizes of a surrogate, which cover all files in its folder. `other` counts those that its spec
    does not name.
    """
    spec, count = surrogate.spec, len(surrogate.steps)
    named = {step.file: "conditional inputs" for step in spec.inputs.steps}
    named |= {spec.generator.weights.file: "generator's weights", SPEC_FILE: "spec"}
    if spec.generator.onnx is not None:
        named[spec.generator.onnx.file] = "generator as ONNX"
    kinds = ("conditional inputs", "generator's weights", "generator as ONNX", "spec", "other")
    parts = dict.fromkeys(kinds, 0)
    for path in surrogate.folder.rglob("*"):
        if path.is_file():
            parts[named.get(path.relative_to(surrogate.folder).as_posix(), "other")] += path.stat().st_size
    values = len(surrogate.variables) * math.prod(surrogate.grid.shape) * count
    return Sizes(
        f"This surrogate, {count} step{'' if count == 1 else 's'}",
        4 * values,
        {name: size for name, size in parts.items() if size},
    )


def draw_sizes(sizes: list[Sizes], about: str) -> Figure:
    """Draw bars on a logarithmic axis: for each system the ground truth, the whole of what replaces it,
    and its parts.
    """
    rows = [len(each.parts) + 2 for each in sizes]
    figure = new_page(7.2, 0.9 + 0.42 * len(sizes) + 0.26 * sum(rows), "", about, layout="constrained")
    all_axes = figure.subplots(len(sizes), 1, sharex=True, squeeze=False, height_ratios=rows)[:, 0]
    for axes, each in zip(all_axes, sizes, strict=True):
        _draw_bars(axes, each)
    largest, smallest = max(each.truth for each in sizes), min(min(each.parts.values()) for each in sizes)
    last = all_axes[-1]
    last.set_xlim(10 ** math.floor(math.log10(smallest)) / 2, largest * 30)
    last.xaxis.set_major_locator(LogLocator(10, numticks=20))
    last.xaxis.set_major_formatter(FuncFormatter(lambda value, _: shown_bytes(value) if value >= 1 else ""))
    return figure


def _draw_bars(axes: Axes, sizes: Sizes) -> None:
    bars = [("truth, float32", sizes.truth, _TRUTH_COLOUR), ("all that replaces it", sizes.total, _SURROGATE_COLOUR)]
    bars += [(name, size, _PART_COLOUR) for name, size in sizes.parts.items()]
    names, lengths, colours = zip(*bars, strict=True)
    places = range(len(bars))
    axes.barh(places, lengths, color=colours, height=0.75, log=True)
    axes.set_yticks(places, names, size=7)
    axes.invert_yaxis()
    axes.tick_params(axis="x", labelsize=6.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", which="major", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{sizes.title}: 1 : {sizes.ratio:.0f}", size=8, loc="left")
    for place, length in zip(places, lengths, strict=True):
        axes.annotate(shown_bytes(length), (length, place), (3, 0), textcoords="offset points", va="center", size=6.5)


def shown_bytes(count: float) -> str:
    """A number of bytes with at most four digits.

    >>> shown_bytes(18_549_679_104), shown_bytes(94_208), shown_bytes(515)
    ('18.55 GB', '94.21 kB', '515 B')
    """
    for power, prefix in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if count >= 0.99995 * 10**power:
            return f"{count / 10**power:.4g} {prefix}B"
    return f"{count:.0f} B"
