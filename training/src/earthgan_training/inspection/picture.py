"""The picture of an inspection: the profiles of every variable with damaged shells marked, and one shell as a map."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from earthgan.errors import BadInput
from earthgan.files import write_whole
from earthgan_training.inspection.damage import UNLIKE, Inspection
from earthgan_training.work.png import png

matplotlib.use("agg")


def draw(inspection: Inspection, path: Path) -> None:
    """Write the picture, whole or not at all. Raises BadInput."""
    rows = len(inspection.variables)
    if not rows:
        raise BadInput(f"{inspection.name}: has no variables")
    figure = Figure(figsize=(13, 2.4 * rows + 0.6), dpi=110, layout="constrained")
    figure.suptitle(f"{inspection.name}: red: damage found; grey: known damage, left out or flagged")
    radii = inspection.radii_km
    for each, axes in zip(inspection.variables, figure.subplots(rows, 3, squeeze=False), strict=True):
        profile, difference, map_ = axes
        profile.plot(radii, each.mean, lw=1)
        profile.fill_between(radii, each.mean - each.spread, each.mean + each.spread, alpha=0.3)
        profile.set_ylabel(f"{each.name}\n{each.unit}", fontsize=8)
        difference.semilogy(radii, np.where(each.difference > 0, each.difference, np.nan), lw=1)
        difference.axhline(UNLIKE, color="tab:red", lw=0.5, ls="--")
        for axis in (profile, difference):
            for finding in each.known:
                axis.axvline(finding.radius_km, color="0.8", lw=1, zorder=0)
            for finding in each.found:
                axis.axvline(finding.radius_km, color="tab:red", lw=1, alpha=0.6, zorder=1)
            axis.tick_params(labelsize=7)
        shown = map_.imshow(each.sample, extent=(0, 360, -90, 90), aspect="auto", interpolation="nearest")
        map_.set_title(f"shell {each.sample_shell}", fontsize=8)
        map_.tick_params(labelsize=7)
        figure.colorbar(shown, ax=map_).ax.tick_params(labelsize=7)
        if each is inspection.variables[0]:
            profile.set_title("lateral mean and spread", fontsize=9)
            difference.set_title("difference from neighbours / spread", fontsize=9)
        if each is inspection.variables[-1]:
            profile.set_xlabel("radius, km", fontsize=8)
            difference.set_xlabel("radius, km", fontsize=8)
    write_whole(path, png(figure))
