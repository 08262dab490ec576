"""What colours and axes mean: limits that fields share, a colour map, and the unit with its power of ten."""

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

#: Limits leave out this share of the values at either end, in per cent: a single plume would take all the colours.
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
        """The unit for numbers as large as that."""
        power = math.floor(math.log10(largest)) if largest > 0 else 0
        if -2 <= power <= 4:
            return cls(unit, 0)
        return cls(f"10{str(power).translate(_SUPERSCRIPT)} {unit}", power)

    @property
    def formatter(self) -> FuncFormatter:
        """For axes and colour bars over numbers in the unit itself."""
        return FuncFormatter(lambda value, _: self.shown(value).replace("-", "−"))

    def shown(self, value: float) -> str:
        """A number in this unit, without the label."""
        return f"{value / 10.0**self.power:.4g}"

    def text(self, value: float) -> str:
        """A number of three digits with its unit."""
        return f"{value / 10.0**self.power:.3g}{' × ' if self.power else ' '}{self.label}"


@dataclass(frozen=True)
class Scale:
    """The colours of the fields of one quantity, or of their differences. One object for all that share it."""

    label: str
    unit: Unit
    colormap: Colormap
    norm: Normalize

    @classmethod
    def of(cls, quantity: Quantity, fields: Iterable[NDArray[np.float32]]) -> Scale:
        """A scale that all these fields share; about zero if the quantity is."""
        low, high = _limits(fields, quantity.symmetric)
        return cls._make(quantity.long_name, quantity, colour_map(quantity.colormap, quantity.symmetric), low, high)

    @classmethod
    def difference(cls, quantity: Quantity, differences: Iterable[NDArray[np.float32]]) -> Scale:
        """A scale about zero that all these differences share."""
        low, high = _limits(differences, symmetric=True)
        # Another map than that of symmetric fields: a difference must not be taken for one.
        return cls._make("Difference", quantity, matplotlib.colormaps["PuOr_r"], low, high)

    @classmethod
    def _make(cls, label: str, quantity: Quantity, colormap: Colormap, low: float, high: float) -> Scale:
        unit = Unit.of(quantity.unit, max(abs(low), abs(high)))
        return cls(f"{label} ({unit.label})", unit, colormap, Normalize(low, high))

    def draw_bar(self, image: Any, axes: Any, location: str = "bottom", **how: Any) -> None:
        """A colour bar beside some axes; its arrows say that values may lie beyond the limits."""
        figure = image.get_figure()
        bar = figure.colorbar(image, ax=axes, location=location, extend="both", format=self.unit.formatter, **how)
        bar.set_label(self.label, size=7)
        bar.ax.tick_params(labelsize=6.5)
        bar.outline.set_linewidth(0.6)


def colour_map(name: str, symmetric: bool) -> Colormap:
    """The map of that name, as the gateway draws it; for one that is not known, a usual one."""
    try:
        return cmap.Colormap(name).to_matplotlib()
    except ValueError:
        return matplotlib.colormaps["RdBu_r" if symmetric else "viridis"]


def _limits(fields: Iterable[NDArray[np.float32]], symmetric: bool) -> tuple[float, float]:
    """The extent of all fields together but for the outermost values: rounded to nothing, and never empty."""
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
