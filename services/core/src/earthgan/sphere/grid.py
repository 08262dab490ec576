"""The geometry of fields on the sphere: shell grids, their continuation beyond the edges, and windows.

Arrays are `(..., shell, latitude, longitude)`. Shell 0 is next to the core, row 0 is the northernmost, and columns run
eastwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.0


class PolarRule(StrEnum):
    """The rule that says what the row beyond a pole holds.

    `HALF_TURN` is the geometry of the sphere: the row at the same latitude and at longitude + 180°. It is right for
    scalars and Cartesian vector components. `MIRROR` is the rule of the published preparation: the row at the same
    latitude and the same longitude. Only weights that were trained with `MIRROR` need it.
    """

    HALF_TURN = "half_turn"
    MIRROR = "mirror"


@dataclass(frozen=True)
class Window:
    """A box of a grid as half-open index ranges.

    Columns may run past the date line and rows past the poles. `ShellGrid.window` says which values are found there.

    >>> Window(shells=range(150, 151), rows=range(0, 180), columns=range(-1, 359)).shape
    (1, 180, 360)
    """

    shells: range
    rows: range
    columns: range

    @property
    def axes(self) -> tuple[range, range, range]:
        return self.shells, self.rows, self.columns

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.shells), len(self.rows), len(self.columns)


@dataclass(frozen=True, kw_only=True)
class ShellGrid:
    """Radial shells x latitudes x longitudes. The grid covers the whole sphere.

    Radii ascend, latitudes descend, and longitudes ascend within one turn. Longitude is periodic. The interval between
    the last column and the first may differ from the others. Raises ValueError if the axes do not describe such a grid.
    """

    radii_km: tuple[float, ...]
    latitudes_deg: tuple[float, ...]
    longitudes_deg: tuple[float, ...]
    polar_rule: PolarRule = PolarRule.HALF_TURN

    def __post_init__(self) -> None:
        radii, latitudes, longitudes = (
            np.asarray(axis) for axis in (self.radii_km, self.latitudes_deg, self.longitudes_deg)
        )
        if min(len(radii), len(latitudes), len(longitudes)) < 2:
            raise ValueError("a shell grid needs at least two shells, rows and columns")
        if not (np.isfinite(radii).all() and np.isfinite(latitudes).all() and np.isfinite(longitudes).all()):
            raise ValueError("the axes of a shell grid must be finite")
        if radii[0] <= 0 or (np.diff(radii) <= 0).any():
            raise ValueError("radii must be positive and ascend")
        if abs(latitudes).max() > 90 or (np.diff(latitudes) >= 0).any():
            raise ValueError("latitudes must descend from north to south within ±90°")
        if (np.diff(longitudes) <= 0).any() or longitudes[-1] - longitudes[0] >= 360:
            raise ValueError("longitudes must ascend within one turn, and the first meridian must not be repeated")

    @classmethod
    def cell_centred(cls, radii_km: tuple[float, ...], rows: int, columns: int) -> ShellGrid:
        """A grid of equiangular cells. No row lies on a pole, and column 0 lies at 0° E."""
        return cls(
            radii_km=radii_km,
            latitudes_deg=tuple(90 - (i + 0.5) * 180 / rows for i in range(rows)),
            longitudes_deg=tuple(j * 360 / columns for j in range(columns)),
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.radii_km), len(self.latitudes_deg), len(self.longitudes_deg)

    @property
    def axes_deg(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Latitudes `(latitude, 1)` and longitudes `(longitude,)`, which broadcast against shells."""
        return np.array(self.latitudes_deg)[:, None], np.array(self.longitudes_deg)

    @property
    def whole(self) -> Window:
        shells, rows, columns = self.shape
        return Window(range(shells), range(rows), range(columns))

    def shell(self, r: int) -> Window:
        """The window of one whole radial shell."""
        return Window(range(r, r + 1), *self.whole.axes[1:])

    @cached_property
    def _half_turn(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
        """For each column, the two columns around its longitude + 180°, and the weight of the second one."""
        longitudes = np.asarray(self.longitudes_deg)
        after = np.append(longitudes, longitudes[0] + 360)
        near = 1e-9  # a longitude that is rounded to just below a column, or to just below 360°, is on it
        target = (longitudes + 180 - longitudes[0] + near) % 360 - near + longitudes[0]
        left = np.searchsorted(after, target + near, side="right") - 1
        weight = (target - after[left]) / (after[left + 1] - after[left])
        return left, (left + 1) % len(longitudes), weight.clip(0, 1).astype(np.float32)

    def beyond_pole(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Rows `(..., longitude)` as they appear after each meridian has crossed the pole."""
        if self.polar_rule is PolarRule.MIRROR:
            return rows
        left, right, weight = self._half_turn
        if not weight.any():
            return rows[..., left]
        crossed: NDArray[Any] = rows[..., left] * (1 - weight) + rows[..., right] * weight
        return crossed

    def window(self, field: NDArray[Any], window: Window) -> NDArray[Any]:
        """Cut `window` out of a field `(..., shell, latitude, longitude)` on this grid.

        Columns are periodic, and rows beyond a pole follow the polar rule. Raises ValueError if the field is not on
        this grid, if a shell does not exist (the grid ends at its first and last shell), or if rows reach more than one
        pole-to-pole span beyond a pole.
        """
        shells, rows, columns = self.shape
        if field.shape[-3:] != self.shape:
            raise ValueError(f"a field of shape {field.shape} is not on a grid of shape {self.shape}")
        if not (window.shells.start >= 0 and window.shells.stop <= shells):
            raise ValueError(
                f"shells {window.shells.start} to {window.shells.stop - 1} are not all within 0 to {shells - 1}"
            )
        if window.rows.start <= -rows or window.rows.stop >= 2 * rows:
            raise ValueError("rows reach more than one pole-to-pole span beyond a pole")
        field = field[..., window.shells.start : window.shells.stop, :, :]
        index, crossed = self._reflected(np.arange(window.rows.start, window.rows.stop))
        out = field[..., index, :]
        if crossed.any():
            out[..., crossed, :] = self.beyond_pole(out[..., crossed, :])
        return out[..., np.arange(window.columns.start, window.columns.stop) % columns]

    def latitudes_of(self, rows: range) -> NDArray[np.float64]:
        """The latitudes in degrees of rows, which go on beyond 90° and -90° as the rows of a window do."""
        row = np.arange(rows.start, rows.stop)
        index, crossed = self._reflected(row)
        latitudes = np.asarray(self.latitudes_deg)[index]
        return np.where(crossed, np.where(row < 0, 180, -180) - latitudes, latitudes)

    def _reflected(self, row: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The stored row that each row index refers to, and whether the pole lies between them."""
        rows = len(self.latitudes_deg)
        north = 1 if self.latitudes_deg[0] == 90 else 0  # a row on the pole itself is not repeated beyond it
        south = 1 if self.latitudes_deg[-1] == -90 else 0
        crossed = (row < 0) | (row >= rows)
        index = np.where(row < 0, north - 1 - row, np.where(row >= rows, 2 * rows - 1 - south - row, row))
        return index, crossed


def cell_weights(grid: ShellGrid) -> NDArray[np.float64]:
    """Each cell's share `(latitude, longitude)` of the sphere. The shares sum to 1.

    A cell reaches halfway to its neighbours, or to the pole. Its area is proportional to the difference between the
    sines of its bounding latitudes, and to the difference between its bounding longitudes.
    """
    latitudes = np.asarray(grid.latitudes_deg)
    edges = np.concatenate([[90.0], (latitudes[:-1] + latitudes[1:]) / 2, [-90.0]])
    bands = -np.diff(np.sin(np.radians(edges))) / 2
    return np.asarray(bands[:, None] * column_widths_deg(grid) / 360)


def column_widths_deg(grid: ShellGrid) -> NDArray[np.float64]:
    """The width `(longitude,)` of each column in degrees. A column reaches halfway to its neighbours."""
    longitudes = np.asarray(grid.longitudes_deg)
    around = np.concatenate([[longitudes[-1] - 360], longitudes, [longitudes[0] + 360]])
    return np.asarray((around[2:] - around[:-2]) / 2)
