"""The meaning of colours and axes: limits that fields share, a colour map, and a unit with its power of ten."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cmap
import matplotlib
import numpy as np
from matplotlib.colors import Colormap, Normalize
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from earthgan.quantities import Quantity

#: The limits leave out this percentage of the values at either end. Otherwise, a single plume would take all the
#: colours.
BEYOND_PERCENT = 0.25
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Unit:
    """A unit and the power of ten that its numbers are shown in: 1.2e-10 m/s is 1.2 in 10⁻¹⁰ m/s.

    >>> Unit.of("m/s", 1.2e-10).label, Unit.of("K", 3600).label
    ('10⁻¹⁰ m/s', 'K')
    """

    label: str
    power: int

    @classmethod
    def of(cls, unit: str, largest: float) -> Unit:
        """The unit for numbers up to `largest`."""
        power = math.floor(math.log10(largest)) if largest > 0 else 0
        if -2 <= power <= 4:
            return cls(unit, 0)
        return cls(f"10{str(power).translate(_SUPERSCRIPT)} {unit}", power)

    @property
    def formatter(self) -> FuncFormatter:
        """A formatter for axes and colour bars whose numbers are in the unit itself."""
        return FuncFormatter(lambda value, _: self.shown(value).replace("-", "−"))

    def shown(self, value: float) -> str:
        """A number in this unit, without the label."""
        return f"{value / 10.0**self.power:.4g}"

    def text(self, value: float) -> str:
        """A number with three digits and its unit."""
        return f"{value / 10.0**self.power:.3g}{' × ' if self.power else ' '}{self.label}"


@dataclass(frozen=True)
class Scale:
    """The colours of fields of one quantity, or of their differences. All that share a scale share one object."""

    label: str
    unit: Unit
    colormap: Colormap
    norm: Normalize

    @classmethod
    def of(cls, quantity: Quantity, fields: Iterable[NDArray[np.float32]]) -> Scale:
        """A scale that all these fields share. It is symmetric about zero if the quantity is."""
        low, high = _limits(fields, quantity.symmetric)
        return cls._make(quantity.long_name, quantity, colour_map(quantity.colormap, quantity.symmetric), low, high)

    @classmethod
    def difference(cls, quantity: Quantity, differences: Iterable[NDArray[np.float32]]) -> Scale:
        """A scale about zero that all these differences share."""
        low, high = _limits(differences, symmetric=True)
        # The colour map differs from that of symmetric fields, so that nobody mistakes a difference for a field.
        return cls._make("Difference", quantity, matplotlib.colormaps["PuOr_r"], low, high)

    @classmethod
    def _make(cls, label: str, quantity: Quantity, colormap: Colormap, low: float, high: float) -> Scale:
        unit = Unit.of(quantity.unit, max(abs(low), abs(high)))
        return cls(f"{label} ({unit.label})", unit, colormap, Normalize(low, high))

    def draw_bar(self, image: Any, axes: Any, location: str = "bottom", **how: Any) -> None:
        """Draw a colour bar beside some axes. Its arrows show that values may lie beyond the limits."""
        figure = image.get_figure()
        bar = figure.colorbar(image, ax=axes, location=location, extend="both", format=self.unit.formatter, **how)
        bar.set_label(self.label, size=7)
        bar.ax.tick_params(labelsize=6.5)
        bar.outline.set_linewidth(0.6)


def colour_map(name: str, symmetric: bool) -> Colormap:
    """The colour map with that name, as the gateway draws it. An unknown name gives a common map."""
    try:
        return cmap.Colormap(name).to_matplotlib()
    except ValueError:
        return matplotlib.colormaps["RdBu_r" if symmetric else "viridis"]


def _limits(fields: Iterable[NDArray[np.float32]], symmetric: bool) -> tuple[float, float]:
    """The extent of all fields together without the outermost values. It is not rounded and never empty."""
    values = np.concatenate([field.ravel() for field in fields])
    if symmetric:
        high = float(np.percentile(np.abs(values), 100 - 2 * BEYOND_PERCENT))
        low = -high
    else:
        low, high = (float(limit) for limit in np.percentile(values, [BEYOND_PERCENT, 100 - BEYOND_PERCENT]))
    if not low < high:
        margin = max(abs(low) * 1e-3, 1e-30)
        low, high = low - margin, high + margin
    return low, high
