"""A run as an xarray data set, and the engine `earthgan` of `xarray.open_dataset`. Needs the `xarray` extra.

Nothing is computed before somebody asks for values, and then only the shells and the window that were asked for. The
data set follows the CF conventions 1.8 and the Attribute Convention for Data Discovery 1.3. Its dimensions are
`time`, `depth` (increasing), `latitude` and `longitude`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from earthgan.run.described import DIMENSIONS, about, attributes, coordinates
from earthgan.run.run import Run
from earthgan.run.run import open as open_run
from earthgan.spec import SPEC_FILE
from earthgan.sphere.grid import Window


def dataset(opened: Run, drop: Iterable[str] = ()) -> xr.Dataset:
    """All quantities of a run, except those of `drop`."""
    surrogate, dropped = opened.surrogate, set(drop)
    variables = {
        name: (DIMENSIONS, _lazy(opened, name), attributes(opened.long_name(name), unit), _chunked(opened))
        for name, unit in opened.units.items()
        if name not in dropped
    }
    # A coordinate has no missing values, and a file must not state what stands for one (CF 1.8, 2.5.1).
    described = {
        name: (each.dimensions, each.values, each.attributes, {"_FillValue": None})
        for name, each in coordinates(surrogate).items()
    }
    return xr.Dataset(variables, described, about(surrogate))


class EarthGANBackend(BackendEntrypoint):
    """Opens a surrogate folder, its `spec.json`, or its address: `xarray.open_dataset(folder, engine="earthgan")`."""

    description = "Surrogates of mantle convection (EarthGAN)"
    open_dataset_parameters: ClassVar[tuple[str, ...]] = ("filename_or_obj", "drop_variables")

    def open_dataset(self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None) -> xr.Dataset:
        """The run as a lazy data set. Raises DamagedSurrogate and BadInput, as `earthgan.open` does."""
        text = os.fspath(filename_or_obj)
        dropped = [drop_variables] if isinstance(drop_variables, str) else drop_variables or ()
        return dataset(open_run(text.removesuffix(SPEC_FILE)), dropped)

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether this is a surrogate folder or its `spec.json`. Nobody is asked over a network."""
        try:
            path = Path(filename_or_obj)
        except TypeError:
            return False
        return path.name == SPEC_FILE or (path / SPEC_FILE).is_file()


class _Lazy(BackendArray):
    """A quantity `(time, depth, latitude, longitude)` whose values are computed when they are asked for."""

    dtype = np.dtype(np.float32)

    def __init__(self, opened: Run, name: str) -> None:
        self._run, self._name = opened, name
        self.shape = (len(opened.steps), *opened.grid.shape)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> NDArray[np.float32]:
        adapted = indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._computed)
        return np.asarray(adapted)

    def _computed(self, key: tuple[int | slice | NDArray[np.intp], ...]) -> NDArray[np.float32]:
        wanted = [np.atleast_1d(np.arange(n)[each]) for each, n in zip(key, self.shape, strict=True)]
        steps, depths, rows, columns = wanted
        out = np.empty([len(each) for each in wanted], np.float32)
        if out.size:
            shells = self.shape[1] - 1 - depths  # shell 0 lies next to the core, and depths increase
            box, inside = _span(rows), np.ix_(rows - rows.min(), columns - columns.min())
            for out_step, step in zip(out, steps, strict=True):
                for first, last in _neighbours(shells):
                    run_of = range(shells[first:last].min(), shells[first:last].max() + 1)
                    found = self._run.window(self._name, self._run.steps[step], Window(run_of, box, _span(columns)))
                    out_step[first:last] = found[shells[first:last] - run_of.start][:, *inside]
        dropped = tuple(0 if isinstance(each, int | np.integer) else slice(None) for each in key)
        return out[dropped]


def _span(indices: NDArray[np.intp]) -> range:
    return range(int(indices.min()), int(indices.max()) + 1)


def _neighbours(shells: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """The runs `first, stop` of positions in `shells` whose shells lie side by side."""
    stops = [*(np.flatnonzero(np.abs(np.diff(shells)) != 1) + 1), len(shells)]
    yield from zip([0, *stops[:-1]], stops, strict=True)


def _lazy(opened: Run, name: str) -> indexing.LazilyIndexedArray:
    return indexing.LazilyIndexedArray(_Lazy(opened, name))


def _chunked(opened: Run) -> dict[str, Any]:
    """What Dask should take at once: a shell of a step."""
    _, rows, columns = opened.grid.shape
    return {"preferred_chunks": {"time": 1, "depth": 1, "latitude": rows, "longitude": columns}}
