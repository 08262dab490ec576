"""All features of a time step, and which cells they consist of."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.features.criterion import Criterion, Kind
from earthgan.features.feature import AT_DEPTH, COLUMNS, Feature
from earthgan.features.outlines import polygons
from earthgan.sphere.grid import ShellGrid

#: About the memory of a feature's numbers.
_FEATURE_BYTES = 1500


@dataclass(frozen=True)
class Found:
    """The features of a time step: slabs and then plumes, each by volume, the largest first.

    `least_km3` is the volume below which regions were left out, and `left_out` their number. `asked_km` are the depths
    at which fluxes are given. The cells of the features are runs `starts`, `lengths` in ascending order of their flat
    indices. `owners` says to which feature a run belongs. `shell_km3` are the volumes of whole shells.
    """

    grid: ShellGrid = field(repr=False)
    criterion: Criterion
    features: tuple[Feature, ...]
    least_km3: float
    left_out: int
    asked_km: tuple[float, ...]
    starts: NDArray[np.int32] = field(repr=False)
    lengths: NDArray[np.int32] = field(repr=False)
    owners: NDArray[np.int16] = field(repr=False)
    shell_km3: NDArray[np.float64] = field(repr=False)

    @property
    def slabs(self) -> tuple[Feature, ...]:
        return self.of("slab")

    @property
    def plumes(self) -> tuple[Feature, ...]:
        return self.of("plume")

    def of(self, kind: Kind | None) -> tuple[Feature, ...]:
        """The features of a kind; of both if it is None."""
        return tuple(each for each in self.features if kind in (None, each.kind))

    @property
    def nbytes(self) -> int:
        """About the memory that this object takes."""
        arrays = self.starts.nbytes + self.lengths.nbytes + self.owners.nbytes + self.shell_km3.nbytes
        return arrays + _FEATURE_BYTES * len(self.features)

    @property
    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
        """The flat indices of all cells in features, ascending, and the feature of each."""
        return self._expanded(slice(None))

    def on_shell(self, r: int) -> NDArray[np.int16]:
        """The feature of each cell `(latitude, longitude)` of a shell as an index of `features`. -1 means none."""
        _, rows, columns = self.grid.shape
        area = rows * columns
        cells, owners = self._expanded(slice(*np.searchsorted(self.starts, [r * area, (r + 1) * area])))
        out = np.full(area, -1, np.int16)
        out[cells - r * area] = owners
        return out.reshape(rows, columns)

    def geojson(self, r: int, kind: Kind | None = None) -> dict[str, Any]:
        """The outlines of the features on shell `r`, as GeoJSON. A feature that does not reach it is left out."""
        owners, reached = self.on_shell(r), []
        for i in np.unique(owners[owners >= 0]).tolist():
            if kind in (None, self.features[i].kind):
                row = self.features[i].flat_row()
                geometry = {"type": "MultiPolygon", "coordinates": polygons(owners == i, self.grid)}
                reached.append({"type": "Feature", "id": row["id"], "geometry": geometry, "properties": row})
        return {"type": "FeatureCollection", "features": reached}

    def csv(self, kind: Kind | None = None) -> str:
        """The features as a CSV file (RFC 4180). Its first line has the names of the columns."""
        names = [*COLUMNS, *self._names_at_depth]
        out = io.StringIO()
        writer = csv.DictWriter(out, names)
        writer.writeheader()
        writer.writerows(each.flat_row() for each in self.of(kind))
        return out.getvalue()

    @cached_property
    def _names_at_depth(self) -> list[str]:
        return [f"{name}_{depth:g}" for depth in self.asked_km for name in AT_DEPTH]

    def _expanded(self, which: slice) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
        lengths = self.lengths[which].astype(np.int64)
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.repeat(self.starts[which].astype(np.int64), lengths) + within, np.repeat(self.owners[which], lengths)
