"""Draws a radial shell as a map. Each pixel looks up its place on the globe, so there are no seams or gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Ellipse
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan_training.figures.projection import Projection
from earthgan_training.figures.scale import Scale

PARALLELS_DEG = (-60, -30, 0, 30, 60)
#: Longitudes relative to the middle of the map.
MERIDIANS_DEG = (-180, -120, -60, 0, 60, 120, 180)
_LINE: dict[str, Any] = {"color": "black", "linewidth": 0.4, "alpha": 0.25}
_LABEL_SIZE = 5.5


class GlobeMap:
    """Draws shells of one grid in one projection. The map is `width` pixels wide and has the longitude `centre_deg` in
    its middle.

    North is up, and east is to the right. Values between grid points are interpolated bilinearly, or with `cells` taken
    from the nearest point.
    """

    def __init__(
        self, grid: ShellGrid, projection: Projection, centre_deg: float = 0.0, width: int = 720, cells: bool = False
    ) -> None:
        self.projection, self.centre_deg, self._cells = projection, centre_deg, cells
        x = (np.arange(width) + 0.5) / width * 4 - 2
        y = 1 - (np.arange(width // 2) + 0.5) / (width // 2) * 2
        latitudes, longitudes = projection.inverse(x, y[:, None])
        self._sampler = ShellSampler(grid)
        self._rows = self._sampler.rows(latitudes)
        self._columns = self._sampler.columns(longitudes + centre_deg)

    def pixels(self, shell: NDArray[np.float32]) -> NDArray[np.float32]:
        """The values `(row, column)` of a shell `(latitude, longitude)`, with the first row in the north.

        Pixels outside the globe's outline get the values at the outline. The caller cuts them off.
        """
        padded = self._sampler.padded(shell)
        rows, columns = self._rows, self._columns
        if self._cells:
            return np.asarray(padded[rows.nearest, columns.nearest])
        ring = [
            padded[row, columns.before] * (1 - columns.share) + padded[row, columns.after] * columns.share
            for row in (rows.before, rows.after)
        ]
        return np.asarray(ring[0] * (1 - rows.share) + ring[1] * rows.share, dtype=np.float32)

    def draw(self, axes: Axes, shell: NDArray[np.float32], scale: Scale) -> AxesImage:
        """Draw a shell with its graticule. The returned image can later show other `pixels` with the same scale."""
        image = axes.imshow(
            self.pixels(shell), extent=(-2, 2, -1, 1), cmap=scale.colormap, norm=scale.norm, interpolation="nearest"
        )
        self._draw_graticule(axes)
        axes.set(xlim=(-2.01, 2.01), ylim=(-1.01, 1.01), aspect="equal", xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=self.projection is Projection.PLATE_CARREE, linewidth=0.6)
        if self.projection is Projection.MOLLWEIDE:
            image.set_clip_path(Ellipse((0, 0), 4, 2, transform=axes.transData))
            axes.add_patch(Ellipse((0, 0), 4, 2, fill=False, linewidth=0.6, clip_on=False))
        return image

    def _draw_graticule(self, axes: Axes) -> None:
        along, across = np.linspace(-180, 180, 181), np.linspace(-90, 90, 91)
        for latitude in PARALLELS_DEG:
            axes.plot(*self.projection.forward(latitude, along), **_LINE)
            x, y = self.projection.forward(latitude, -180)
            axes.annotate(
                *(_latitude_name(latitude), (float(x), float(y)), (-3, 0)),
                textcoords="offset points",
                ha="right",
                va="center",
                size=_LABEL_SIZE,
            )
        for longitude in MERIDIANS_DEG[1:-1]:
            axes.plot(*self.projection.forward(across, longitude), **_LINE)
        # All meridians meet at the poles of the ellipse, so their names are on the equator.
        plate = self.projection is Projection.PLATE_CARREE
        for longitude in MERIDIANS_DEG if plate else MERIDIANS_DEG[1:-1]:
            x, y = self.projection.forward(-90 if plate else 0, longitude)
            axes.annotate(
                *(_longitude_name(longitude + self.centre_deg), (float(x), float(y)), (0, -2)),
                textcoords="offset points",
                ha="center",
                va="top",
                size=_LABEL_SIZE,
                path_effects=None if plate else [withStroke(linewidth=1.2, foreground="white", alpha=0.7)],
            )


def _latitude_name(degrees: float) -> str:
    return "0°" if degrees == 0 else f"{abs(degrees):g}° {'N' if degrees > 0 else 'S'}"


def _longitude_name(degrees: float) -> str:
    east = (degrees + 180) % 360 - 180
    if east in (0, -180):
        return f"{abs(east):g}°"
    return f"{abs(east):g}° {'E' if east > 0 else 'W'}"
