"""Opens a file, a store or a Dataset as a `Store`: named arrays with their attributes, as they were written.

A store decodes nothing. Packing, missing values, units and dates are decoded in one place for all kinds of store.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol
from weakref import WeakValueDictionary

import netCDF4
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput

#: One index for each dimension: a position, or a slice.
Index = tuple[int | slice, ...]


@dataclass(frozen=True)
class Stored:
    """An array in a store: its dimensions, its shape, its stored type and its attributes as they were written."""

    name: str
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: Mapping[str, Any]

    def text(self, attribute: str) -> str:
        """An attribute as text, without blanks at its ends. It is empty if there is no such attribute."""
        return str(self.attributes.get(attribute, "")).strip()


class Store(Protocol):
    """An open file, an open store, or a Dataset that a caller has in hand. `address` names it in messages.

    `default_fill` says whether a number of each type means that nothing was written, as in NetCDF.
    """

    address: str
    default_fill: bool
    attributes: Mapping[str, Any]
    variables: Mapping[str, Stored]

    def read(self, name: str, index: Index = ()) -> NDArray[Any]:
        """A part of an array as it is stored, or the whole array. Raises BadInput."""

    def close(self) -> None:
        """Release the file."""


class NetCDFStore:
    """A NetCDF-3 or NetCDF-4 file on this machine. Raises BadInput, which names the file, if it is not whole."""

    default_fill = True

    def __init__(self, address: str) -> None:
        self.address = address
        with self._reading():
            self._file = netCDF4.Dataset(address)
        try:
            with self._reading():
                self._file.set_auto_maskandscale(False)
                self._file.set_auto_chartostring(False)
                self.attributes: Mapping[str, Any] = self._file.__dict__
                self.variables: Mapping[str, Stored] = {
                    name: Stored(name, variable.dimensions, variable.shape, _dtype(variable), dict(variable.__dict__))
                    for name, variable in self._file.variables.items()
                }
            self._refuse_truncated()
        except BaseException:
            self.close()
            raise

    def read(self, name: str, index: Index = ()) -> NDArray[Any]:
        with self._reading():
            return np.asarray(self._file[name][index or ...])

    def close(self) -> None:
        if self._file.isopen():
            self._file.close()

    def __del__(self) -> None:
        # The library's own objects refer to each other, so that a file would stay open until they are collected.
        if hasattr(self, "_file"):
            self.close()

    def _refuse_truncated(self) -> None:
        """Check the size of a classic file, because the library reads zeros beyond its end."""
        if not self._file.data_model.startswith("NETCDF3"):
            return
        due = sum(int(np.prod(each.shape)) * each.dtype.itemsize for each in self.variables.values())
        there = Path(self.address).stat().st_size
        if there < due:
            raise BadInput(f"{self.address}: is truncated: it has {there} bytes, but its variables alone need {due}")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise BadInput(f"{self.address}: no such file") from error
        except (OSError, RuntimeError, IndexError, KeyError, ValueError, AttributeError) as error:
            raise BadInput(f"{self.address}: cannot be read as NetCDF ({error})") from error


def _dtype(variable: Any) -> np.dtype[Any]:
    return np.dtype(object) if isinstance(variable.dtype, type) else np.dtype(variable.dtype)


#: The stores that are open. One that nobody holds any more is closed.
_OPEN: WeakValueDictionary[tuple[Any, ...], Store] = WeakValueDictionary()
#: The stores that were opened last, until `release` is called.
_RECENT: deque[Store] = deque(maxlen=16)
#: The NetCDF library may not be called in two threads at once.
LOCK = threading.RLock()


def open_store(address: str) -> Store:
    """The store at an address. It stays open while somebody holds it, and until `release`. Raises BadInput."""
    path = Path(address)
    try:
        changed = (path.stat().st_mtime_ns, path.stat().st_size) if "://" not in address else ()
    except OSError as error:
        raise BadInput(f"{address}: {'no such file' if not path.exists() else error.strerror}") from error
    key = (os.getpid(), address, *changed)
    with LOCK:
        store = _OPEN.get(key)
        if store is None:
            store = _OPEN[key] = _opener(address)(address)
            _RECENT.append(store)
        return store


def release() -> None:
    """Close the stores that nobody holds. A NetCDF-4 file that is open cannot be written by others."""
    with LOCK:
        _RECENT.clear()


def is_zarr(path: Path) -> bool:
    """Whether a folder on this machine is a Zarr store."""
    return path.is_dir() and (
        path.suffix == ".zarr" or any((path / name).exists() for name in (".zgroup", ".zmetadata", "zarr.json"))
    )


#: Stores of other rooms, which need this one: the suffix of their names, and the module and the class that open them.
_OTHERS = {".npz": ("earthgan_training.simulate.kept_store", "KeptStore")}


def _opener(address: str) -> Callable[[str], Store]:
    if address.startswith("file://"):
        return lambda address: open_store(address.removeprefix("file://"))
    remote = "://" in address
    if not remote and (other := _OTHERS.get(Path(address).suffix)):
        found: Callable[[str], Store] = getattr(importlib.import_module(other[0]), other[1])
        return found
    if (not remote and not is_zarr(Path(address)) and not address.endswith(".json")) or (
        address.startswith(("http://", "https://")) and "/dodsC/" in address
    ):
        return NetCDFStore
    xarray_store = needs_xarray(address)
    if remote and address.split("?")[0].endswith((".nc", ".nc4", ".cdf")):
        return lambda address: NetCDFStore(xarray_store.copied_here(address))
    opened: Callable[[str], Store] = xarray_store.XarrayStore.opened
    return opened


def needs_xarray(address: str) -> ModuleType:
    """The module that reads by xarray. Raises BadInput, which says what to install."""
    try:
        return importlib.import_module("earthgan_training.simulations.xarray_store")
    except ImportError as error:
        raise BadInput(
            f"{address}: reading it needs {error.name}: install the extra with pip install 'earthgan-training[xarray]'"
        ) from error
