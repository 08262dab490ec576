"""Reads the fields of a source, a step and some shells at a time, in the order of its grid and in its units."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.vectors import LocalAxes
from earthgan.variables import Variable
from earthgan.verified import file_sha256
from earthgan_training.simulations.checks import impossible, left_in
from earthgan_training.simulations.labelled import Field, Storage
from earthgan_training.simulations.layout import Missing
from earthgan_training.simulations.missing import settled
from earthgan_training.simulations.packing import unpacked
from earthgan_training.simulations.stores import LOCK, Store, open_store, release
from earthgan_training.simulations.units import Conversion
from earthgan_training.simulations.vectors import Along

Values = NDArray[np.floating]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Place:
    """Where a variable of one step is stored. `axes` names its vertical, latitude and longitude dimensions.

    `fixed` are the positions on other dimensions. `held` is the store, if the caller has a Dataset in hand.
    """

    address: str
    name: str
    axes: tuple[str, str, str]
    fixed: tuple[tuple[str, int], ...] = ()
    held: Store | None = None

    @property
    def store(self) -> Store:
        """The open store. Raises BadInput."""
        return self.held or open_store(self.address)

    def read(self, shells: slice) -> Values:
        """The unpacked values `(vertical, latitude, longitude)` in the stored order. Raises BadInput."""
        with LOCK:
            store = self.store
            stored = store.variables.get(self.name)
            if stored is None:
                held = ", ".join(store.variables)
                raise BadInput(f"{self.address}: holds no variable {self.name!r}; its variables: {held}")
            fixed = dict(self.fixed)
            index = tuple(
                shells if d == self.axes[0] else slice(None) if d in self.axes else fixed.get(d, 0)
                for d in stored.dimensions
            )
            raw = store.read(self.name, index)
        try:
            values = unpacked(raw, stored.attributes, default_fill=store.default_fill)
        except BadInput as error:
            raise BadInput(f"{self.address}: {self.name}: {error}") from error
        present = [d for d in stored.dimensions if d in self.axes]
        return values.transpose([present.index(axis) for axis in self.axes])


@dataclass(frozen=True)
class Turned:
    """A velocity that is stored along the local axes, by the source's names, and is read as Cartesian components."""

    sources: tuple[str, str, str]
    along: tuple[Along, Along, Along]
    names: tuple[str, str, str]

    def component(self, name: str, stored: tuple[Values, Values, Values], grid: ShellGrid) -> Values:
        """A Cartesian component of a velocity that is given along the local axes."""
        axes = LocalAxes.on_grid(grid.latitudes_deg, grid.longitudes_deg)
        outwards, across, eastwards = (each.astype(np.float64) for each in stored)
        southwards = -across if Along.NORTH in self.along else across
        return axes.cartesian(outwards, southwards, eastwards)[self.names.index(name)]


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Reads what a `Source` describes. `places` says where each of the source's variables is stored at each step.

    `names` gives the source's name for each of ours, and `conversions` how a variable becomes one in its unit.
    `shells`, `rows` and `columns` are the stored positions of the grid's shells, rows and columns.
    `temperatures` are those of our variables that count from absolute zero.
    """

    places: Mapping[int, Mapping[str, Place]]
    names: Mapping[str, str]
    conversions: Mapping[str, Conversion]
    grid: ShellGrid
    shells: Indices
    rows: Indices
    columns: Indices
    storage: Storage
    twins: tuple[tuple[int, int], ...] = ()
    turned: Turned | None = None
    missing: Missing = Missing.REFUSE
    temperatures: Mapping[str, Variable] = field(default_factory=dict)
    #: The stores that were read last, which stay open.
    kept: deque[Store] = field(default_factory=lambda: deque(maxlen=8), compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to another process. It opens the files itself."""
        return self.__dict__ | {"kept": deque(maxlen=8)}

    def read(self, t: int, name: str, shells: range) -> Field:
        if self.turned is not None and name in self.turned.names:
            first, *rest = self.turned.sources
            parts = (self._stored(t, first, shells), *(self._stored(t, each, shells) for each in rest))
            cleaned = tuple(np.where(left_in(each), np.nan, each) for each in parts)
            values = self.turned.component(name, cleaned, self.grid)  # type: ignore[arg-type]
            where = self._where(t, first)
        else:
            values = self._stored(t, self.names[name], shells)
            where = self._where(t, self.names[name])
        found = settled(values, self.missing, self.grid, shells, where)
        if name in self.temperatures and found.size and not np.isnan(found).all():
            why = impossible(self.temperatures[name], float(np.nanmin(found)), float(np.nanmax(found)))
            if why is not None:
                raise BadInput(f"{where} {why}")
        return found

    def raw(self, t: int, name: str) -> Field:
        order = np.array(self.storage.numbers)
        if self.turned is not None and name in self.turned.names:
            first, second, third = (self._at(t, each, order) for each in self.turned.sources)
            values = self.turned.component(name, (first, second, third), self.grid)
        else:
            values = self._at(t, self.names[name], order)
        values = np.array(values, dtype=np.float32)
        kept = values[self.storage.kept.start : self.storage.kept.stop]
        kept[left_in(kept)] = np.nan
        return values

    def digest(self, t: int, names: Iterable[str]) -> str:
        """The SHA-256 of the step's files, if they hold no other step; else of its stored numbers."""
        sources = sorted({source for name in names for source in self._sources(name)})
        places = [self.places[t][source] for source in sources]
        addresses = {each.address for each in places}
        others = {each.address for step, found in self.places.items() if step != t for each in found.values()}
        if all(each.held is None and Path(each.address).is_file() for each in places) and not addresses & others:
            digests = [file_sha256(Path(address)) for address in sorted(addresses)]
        else:
            digests = [self._stored_sha256(self._opened(t, source)) for source in sources]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def _stored_sha256(self, place: Place) -> str:
        digest = hashlib.sha256(place.name.encode())
        for i in range(int(self.shells.min()), int(self.shells.max()) + 1):
            digest.update(np.ascontiguousarray(place.read(slice(i, i + 1))).tobytes())
        return digest.hexdigest()

    def _sources(self, name: str) -> tuple[str, ...]:
        turned = self.turned is not None and name in self.turned.names
        return self.turned.sources if turned and self.turned is not None else (self.names[name],)

    def _where(self, t: int, source: str) -> str:
        return f"{self.places[t][source].address}: {source}"

    def _stored(self, t: int, source: str, shells: range) -> Values:
        """A stored variable on some shells, in the order of the grid and in its unit."""
        return self._at(t, source, self.shells[shells.start : shells.stop : shells.step])

    def _at(self, t: int, source: str, index: Indices) -> Values:
        """A stored variable at stored positions of the vertical axis, with the grid's rows and columns, in its unit."""
        if len(index) == 0:
            return np.empty((0, *self.grid.shape[1:]), np.float32)
        first, last = int(index.min()), int(index.max()) + 1
        values = _taken(self._opened(t, source).read(slice(first, last)), index - first, 0)
        for kept, left_out in self.twins:
            self._refuse_unlike(values[:, :, kept], values[:, :, left_out], self._where(t, source))
        values = _taken(_taken(values, self.rows, 1), self.columns, 2)
        conversion = self.conversions.get(source)
        return values if conversion is None else conversion(values)

    def _opened(self, t: int, source: str) -> Place:
        place = self.places[t][source]
        with LOCK:
            store = place.store
            if all(store is not each for each in self.kept):
                self.kept.append(store)
            release()
        return place

    def _refuse_unlike(self, kept: Values, left_out: Values, where: str) -> None:
        """Refuse a meridian that is stored twice with different values."""
        finite = np.isfinite(kept) & np.isfinite(left_out)
        if not finite.any():
            return
        with np.errstate(over="ignore"):
            apart = float(np.abs(kept[finite] - left_out[finite]).max())
            size = float(np.abs(kept[finite]).max())
        if apart > 1e-3 * size:
            raise BadInput(
                f"{where}: the meridian that is stored twice differs by {apart:g} from one copy to the other"
            )


def _taken(values: Values, index: Indices, axis: int) -> Values:
    """The values at some positions along an axis: a view, if the positions follow each other in either direction."""
    step = int(index[1] - index[0]) if len(index) > 1 else 1
    if step not in (1, -1) or (np.diff(index) != step).any():
        return np.take(values, index, axis=axis)
    first, last = int(index[0]), int(index[-1]) + step
    along = slice(first, last if last >= 0 else None, step)
    return values[tuple(along if i == axis else slice(None) for i in range(values.ndim))]
