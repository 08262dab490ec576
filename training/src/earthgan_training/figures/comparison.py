"""Draws maps side by side: ground truth, surrogate, interpolation of the same input, and the differences from the
ground truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from earthgan.quantities import Quantity
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.figures.globe_map import GlobeMap
from earthgan_training.figures.page import new_page
from earthgan_training.figures.projection import Projection
from earthgan_training.figures.scale import Scale, Unit
from earthgan_training.figures.sources import TRUTH, Array


def draw_comparison(
    quantity: Quantity,
    fields: Mapping[str, Array],
    shells: Sequence[int],
    grid: ShellGrid,
    planet: PlanetSpec,
    when: str,
    about: str,
    projection: Projection,
    centre_deg: float = 0.0,
    per_shell_range: bool = False,
) -> Figure:
    """Draw one row for each shell and one column for each source. If the ground truth is among the sources, further
    columns show the differences from it.

    `fields` holds `(shell, latitude, longitude)` by the name of the source. All maps share one scale, and all
    differences share another scale about zero. With `per_shell_range`, each shell has its own scales.
    """
    differences = {
        f"{name.split(' (')[0]} − truth": field - fields[TRUTH]
        for name, field in fields.items()
        if name != TRUTH and TRUTH in fields
    }
    columns = [*fields, *differences]
    blocks = [[i] for i in range(len(shells))] if per_shell_range else [list(range(len(shells)))]
    width_in, row_in = max(5.0, 2.9 * len(columns)), 1.56 if len(columns) > 1 else 2.4
    figure = new_page(width_in, row_in * len(shells) + 0.5 * len(blocks) + 0.55, f"{quantity.long_name}, {when}", about)
    all_axes = figure.subplots(len(shells), len(columns), squeeze=False)
    globe = GlobeMap(grid, projection, centre_deg, width=540 if len(columns) > 1 else 960)
    for block in blocks:
        drawn = (
            (fields, all_axes[:, : len(fields)], Scale.of(quantity, [f[block] for f in fields.values()])),
            (differences, all_axes[:, len(fields) :], _difference_scale(quantity, differences, block)),
        )
        for shown, places, scale in drawn:
            if scale is None:
                continue
            for row in block:
                for place, (name, field) in zip(places[row], shown.items(), strict=True):
                    image = globe.draw(place, field[row], scale)
                    place.set_title(
                        _title(name if row == 0 else None, quantity, field[row], grid, shown is differences), size=7.5
                    )
            many = len(shown) * len(block) > 1
            scale.draw_bar(image, list(places[block].ravel()), shrink=0.6 if many else 0.8, aspect=35, pad=0.02)
    decimals = planet.decimals(grid.radii_km)
    for row, r in enumerate(shells):
        all_axes[row, 0].set_ylabel(
            f"{planet.place_in_words(grid.radii_km[r], decimals)}\n(shell {r})", size=7.5, labelpad=22
        )
    return figure


def _difference_scale(quantity: Quantity, differences: Mapping[str, Array], block: list[int]) -> Scale | None:
    return Scale.difference(quantity, [field[block] for field in differences.values()]) if differences else None


def _title(name: str | None, quantity: Quantity, shell: Array, grid: ShellGrid, is_difference: bool) -> str:
    """The title of a map: the column's name in the first row, and for a difference its root mean square over the
    sphere.
    """
    parts = [name] if name else []
    if is_difference:
        rms = float(np.sqrt(np.sum(np.square(shell, dtype=np.float64) * cell_weights(grid))))
        parts.append(f"rms {Unit.of(quantity.unit, rms).text(rms)}")
    return ", ".join(parts)
