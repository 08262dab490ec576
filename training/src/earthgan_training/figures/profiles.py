"""Draws profiles over depth: lateral mean, standard deviation and extremes of each shell, for several sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from earthgan.quantities import Quantity
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.figures.page import new_page
from earthgan_training.figures.scale import Unit
from earthgan_training.figures.sources import Array

#: The colours and dashes of the sources, in order.
_STYLES = (("black", "-"), ("tab:red", "--"), ("tab:blue", ":"))


@dataclass(frozen=True)
class Profile:
    """The profile of a field, each `(shell,)`: mean and standard deviation over the sphere, weighted by area, and
    extremes.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, field: Array, grid: ShellGrid) -> Profile:
        """The profile of a field `(shell, latitude, longitude)`."""
        weights = cell_weights(grid)
        mean = np.array([np.sum(shell * weights) for shell in field])
        variance = [np.sum(np.square(shell - m) * weights) for shell, m in zip(field, mean, strict=True)]
        return cls(
            mean, np.sqrt(variance), *(getattr(field, end)(axis=(1, 2)).astype(np.float64) for end in ("min", "max"))
        )


def draw_profiles(
    quantities: Sequence[Quantity],
    profiles: Mapping[str, Mapping[str, Profile]],
    grid: ShellGrid,
    planet: PlanetSpec,
    when: str,
    about: str,
) -> Figure:
    """Draw one column for each quantity: mean and extremes above, standard deviation below. Depth increases downwards.

    `profiles` holds a profile for each quantity's name, by the name of the source.
    """
    figure = new_page(1.0 + 2.3 * len(quantities), 6.6, "", about, layout="constrained")
    all_axes = figure.subplots(2, len(quantities), sharey=True, squeeze=False)
    surface_km, unit_of_length = planet.radius_km, " (km)" if planet.unit == "km" else ""
    depths_km = surface_km - np.array(grid.radii_km)
    for column, quantity in enumerate(quantities):
        above, below = all_axes[:, column]
        largest = [0.0, 0.0]
        for (name, of), (colour, dashes) in zip(profiles.items(), _STYLES, strict=False):
            profile = of[quantity.name]
            above.plot(profile.mean, depths_km, color=colour, ls=dashes, lw=1.4)
            for extreme in (profile.low, profile.high):
                above.plot(extreme, depths_km, color=colour, ls=dashes, lw=0.6)
            below.plot(profile.spread, depths_km, color=colour, ls=dashes, lw=1.4, label=name)
            largest[0] = max(largest[0], float(np.abs([profile.low, profile.high]).max()))
            largest[1] = max(largest[1], float(profile.spread.max()))
        for axes, what, most in zip((above, below), ("mean and extremes", "standard deviation"), largest, strict=True):
            unit = Unit.of(quantity.unit, most)
            axes.xaxis.set_major_formatter(unit.formatter)
            axes.set_xlabel(f"{what} ({unit.label})", size=7)
            axes.tick_params(labelsize=6.5)
            axes.grid(color="0.92", linewidth=0.5)
        below.set_xlim(left=0)
        above.set_title(quantity.long_name, size=8)
    for axes in all_axes[:, 0]:
        axes.set_ylabel(f"Depth{unit_of_length}", size=7.5)
        axes.set_ylim(max(depths_km), min(0.0, *depths_km))
    for axes in all_axes[:, -1]:
        turned = (lambda depth: surface_km - depth, lambda radius: surface_km - radius)
        radius = axes.secondary_yaxis("right", functions=turned)
        radius.set_ylabel(f"Radius{unit_of_length}", size=7.5)
        radius.tick_params(labelsize=6.5)
    handles = all_axes[1, 0].get_legend_handles_labels()
    title = f"Profiles over depth, {when}"
    figure.legend(
        *handles, loc="outside upper center", ncols=3, fontsize=7, frameon=False, title=title, title_fontsize=9
    )
    return figure
