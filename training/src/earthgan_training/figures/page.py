"""The page of a figure, with its title and a notice of where the data come from."""

from __future__ import annotations

import textwrap
from typing import Literal

from matplotlib.figure import Figure

from earthgan.surrogate import Surrogate

DPI = 150
_NOTICE_SIZE = 6.0
_CHARACTERS_PER_INCH = 20


def notice(surrogate: Surrogate, truth: str | None = None) -> str:
    """The notice in every figure: whether the data are simulated, the surrogate's own notice and credit, and which
    surrogate it is.
    """
    provenance = surrogate.spec.provenance
    parts = [
        "Simulated data." if provenance.simulated else "",
        f"{stated}." if (stated := provenance.notice.strip().rstrip(".")) else "",
        f"Credit: {credit}." if (credit := provenance.credit.strip().rstrip(".")) else "",
        f"Surrogate: {surrogate.spec.title} ({surrogate.digest[:12]}).",
        f"Truth: {truth}." if truth else "",
    ]
    return " ".join(part for part in parts if part)


def new_page(
    width_in: float,
    height_in: float,
    title: str,
    about: str,
    layout: Literal["constrained", "compressed"] = "compressed",
) -> Figure:
    """An empty figure with its title above and its notice below."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, layout=layout)
    figure.suptitle(title, size=9)
    lines = textwrap.wrap(about, max(40, int(width_in * _CHARACTERS_PER_INCH)))
    figure.supxlabel("\n".join(lines), size=_NOTICE_SIZE, color="0.35")
    return figure
