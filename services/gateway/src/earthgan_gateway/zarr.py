"""The run as a virtual Zarr store of format 3: one array for each quantity, one chunk for each shell.

The metadata are consolidated in the store's own `zarr.json`, and the coordinates are small. Nobody writes chunks: the
chunk `t/d/0/0` of a quantity is the raw float32 numbers of a radial shell, computed when somebody asks for it. The
arrays have the dimensions of `earthgan.run.described`, so index `d` counts shells from the surface.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from earthgan.run.described import DIMENSIONS, about, attributes, coordinates
from earthgan_gateway.offer import Offer

METADATA = "zarr.json"


def documents(offer: Offer) -> dict[str, bytes]:
    """The content of every key of the store but the chunks of quantities."""
    surrogate = offer.surrogate
    shape = (len(surrogate.steps), *surrogate.grid.shape)
    described = coordinates(surrogate)
    others = {"coordinates": " ".join(name for name, each in described.items() if each.dimensions != (name,))}
    arrays = {
        each.name: _array(
            shape, (1, 1, *shape[2:]), "float32", DIMENSIONS, attributes(each.long_name, each.unit) | others, "NaN"
        )
        for each in offer.quantities.values()
    }
    chunks = {}
    for name, each in described.items():
        values, kind = each.values, each.values.dtype.name
        fill = "NaN" if values.dtype.kind == "f" else 0
        arrays[name] = _array(values.shape, values.shape, kind, each.dimensions, each.attributes, fill)
        chunks["/".join((name, "c", *("0" for _ in values.shape)))] = _little_endian(values)
    root = {
        "zarr_format": 3,
        "node_type": "group",
        "attributes": about(surrogate),
        "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": arrays},
    }
    own = {f"{name}/{METADATA}": _text(array) for name, array in arrays.items()}
    return {METADATA: _text(root), **own, **chunks}


def _array(
    shape: Sequence[int],
    chunk: Sequence[int],
    kind: str,
    dimensions: Sequence[str],
    attributes: Mapping[str, Any],
    fill: Any,
) -> dict[str, Any]:
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": kind,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "dimension_names": list(dimensions),
        "attributes": dict(attributes),
    }


def _little_endian(values: np.ndarray[Any, Any]) -> bytes:
    return values.astype(values.dtype.newbyteorder("<")).tobytes()


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
