"""Reads Zarr stores, references and Datasets in hand by xarray. It needs the extra `xarray`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import fsspec
import numpy as np
import xarray as xr
import zarr  # noqa: F401  (xarray finds it by itself, and says little if it is not there)
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan_training.simulations.stores import Index, Stored


class XarrayStore:
    """A Dataset of xarray. Arrays that are lazy stay lazy until they are read, one part at a time."""

    default_fill = False

    def __init__(self, dataset: xr.Dataset, address: str) -> None:
        self.address = address
        self._dataset = dataset
        self.attributes: Mapping[str, Any] = dict(dataset.attrs)
        self._numbers: dict[str, NDArray[Any]] = {}
        self.variables: Mapping[str, Stored] = {str(name): self._stored(str(name)) for name in dataset.variables}

    @classmethod
    def opened(cls, address: str) -> XarrayStore:
        """Open a Zarr store or a file of references, on this machine or by a URL of fsspec. Raises BadInput."""
        options: dict[str, Any] = {"decode_cf": False, "chunks": None, "engine": "zarr"}
        with _reading(address), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Zarr warns where the metadata of a store are not consolidated.
            if address.endswith(".json"):
                options["backend_kwargs"] = {"consolidated": False, "storage_options": {"fo": address}}
                return cls(xr.open_dataset("reference://", **options), address)
            return cls(xr.open_dataset(address, **options), address)

    def read(self, name: str, index: Index = ()) -> NDArray[Any]:
        if name in self._numbers:
            return self._numbers[name][index or ...]
        with _reading(self.address):
            return np.asarray(self._dataset.variables[name][index or ...].values)

    def close(self) -> None:
        self._dataset.close()

    def _stored(self, name: str) -> Stored:
        """Describe an array. Dates that were decoded become numbers again, because all stores hold numbers."""
        variable = self._dataset.variables[name]
        attributes = dict(variable.attrs)
        if "coordinates" in variable.encoding:
            attributes.setdefault("coordinates", variable.encoding["coordinates"])
        dtype = variable.dtype
        if dtype.kind in "mM" or (dtype.kind == "O" and _holds_dates(variable)):
            with _reading(self.address):
                encoded = xr.conventions.encode_cf_variable(variable.load(), name=name)
            self._numbers[name], dtype = encoded.values, encoded.dtype
            attributes |= {key: value for key, value in encoded.attrs.items() if key != "_FillValue"}
        return Stored(name, tuple(map(str, variable.dims)), variable.shape, dtype, attributes)


def _holds_dates(variable: xr.Variable) -> bool:
    return variable.size > 0 and hasattr(variable[(0,) * variable.ndim].values.item(), "calendar")


def in_hand(dataset: Any, address: str = "the dataset") -> XarrayStore:
    """A Dataset or a DataArray that a caller has in hand, as a store. Raises BadInput if it is neither."""
    if isinstance(dataset, xr.DataArray):
        dataset = dataset.to_dataset(name=dataset.name or "values")
    if not isinstance(dataset, xr.Dataset):
        raise BadInput(f"{address}: is no address and no Dataset of xarray, but of type {type(dataset).__name__}")
    return XarrayStore(dataset, address)


@lru_cache(maxsize=1024)
def copied_here(address: str) -> str:
    """Copy a remote file to this machine, where the NetCDF library can read it, and say so. A process does this once.

    Raises BadInput.
    """
    with _reading(address):
        files, path = fsspec.core.url_to_fs(address)
        size = files.info(path).get("size")
        about = f", {size / 1e6:,.1f} MB" if size else ""
        print(f"copying {address}{about}: a NetCDF file is read from this machine", file=sys.stderr, flush=True)
        return str(fsspec.open_local(f"simplecache::{address}"))


@contextmanager
def _reading(address: str) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except FileNotFoundError as error:
        raise BadInput(f"{address}: no such store") from error
    except ImportError as error:
        raise BadInput(f"{address}: reading it needs {error.name}: install it with pip") from error
    except Exception as error:  # fsspec, Zarr, its codecs and the network raise errors of many families
        text = " ".join(str(error).split())[:200]
        raise BadInput(f"{address}: cannot be read by xarray ({text or type(error).__name__})") from error
