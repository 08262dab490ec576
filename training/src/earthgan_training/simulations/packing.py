"""Unpacks stored numbers by the conventions of NetCDF and CF, as all tools write them.

The attributes are `scale_factor`, `add_offset`, `_FillValue`, `missing_value`, `valid_min`, `valid_max`, `valid_range`
and `_Unsigned`. An attribute may be a number of any type, an array of length 1, or a number as text.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput

Numbers = NDArray[Any]
Floats = NDArray[np.floating]

#: What NetCDF writes where nothing was written, by the kind and size of the type. Bytes have no such number.
DEFAULT_FILL: dict[str, float] = {
    "i2": -32767,
    "u2": 65535,
    "i4": -2147483647,
    "u4": 4294967295,
    "i8": -9223372036854775806,
    "u8": 18446744073709551614,
    "f4": 9.969209968386869e36,
    "f8": 9.969209968386869e36,
}

#: Numbers of different precision are compared to this share of their size, and packed numbers to this share of a step.
_SAME, _STEP = 1e-6, 1e-3
#: From here on, a fill value is compared by its leading digits, because tools write 9.96921e36 where they mean another.
_LARGE = 1e5


@dataclass(frozen=True)
class _Packing:
    """`value = stored * scale + offset`. `dtype` holds the two attributes; it is None if there are none."""

    scale: float
    offset: float
    dtype: np.dtype[Any] | None

    def pack(self, value: float) -> float:
        """The stored number of a value, not rounded; NaN if there is none."""
        return (value - self.offset) / self.scale if self.scale else float("nan")


def unpacked(raw: Numbers, attributes: Mapping[str, Any], *, default_fill: bool = True) -> Floats:
    """The numbers that stored numbers mean, of the same shape, with NaN where a value is missing.

    The result is float64 if the stored numbers are doubles, or integers of four bytes or more, or are packed with a
    double. Otherwise it is float32. `default_fill` is for NetCDF, where one number of each type means "never written"
    unless `_FillValue` says another; Zarr has no such number.

    Raises BadInput with a sentence that lacks only the names of the file and the variable.
    """
    stored = _plain(np.asarray(raw))
    data = _signed_as_said(stored, attributes)
    packing = _packing(attributes)
    wide = data.dtype.itemsize >= (8 if data.dtype.kind == "f" else 4) or packing.dtype == np.float64
    dtype = np.dtype(np.float64 if wide else np.float32)
    with np.errstate(all="ignore"):
        lacking = _missing(data, stored.dtype, packing, attributes, default_fill)
        lacking |= _outside(data, stored.dtype, packing, attributes)
        values = data.astype(dtype)
        if packing.scale != 1:
            values *= dtype.type(packing.scale)
        if packing.offset != 0:
            values += dtype.type(packing.offset)
    values[lacking] = np.nan
    return values


def _plain(raw: Numbers) -> Numbers:
    """The same numbers in the machine's byte order, with at least the precision of their attributes' comparisons."""
    if raw.dtype.kind == "b":
        return raw.astype(np.uint8)
    if raw.dtype.kind not in "iuf":
        raise BadInput(f"it holds {'text' if raw.dtype.kind in 'SUO' else raw.dtype.name} instead of numbers")
    return raw.astype(np.float32 if raw.dtype.itemsize == 2 and raw.dtype.kind == "f" else raw.dtype.newbyteorder("="))


def _signed_as_said(stored: Numbers, attributes: Mapping[str, Any]) -> Numbers:
    """The same bytes, read as `_Unsigned` says: a classic file has no unsigned types."""
    said = _as_text(attributes.get("_Unsigned", "")).strip().lower()
    kind = {"true": "u", "false": "i"}.get(said)
    if kind is None or stored.dtype.kind == "f":
        return stored
    return stored.view(f"{kind}{stored.dtype.itemsize}")


def _packing(attributes: Mapping[str, Any]) -> _Packing:
    found = {}
    for name in ("scale_factor", "add_offset"):
        if name in attributes:
            numbers = _numbers(attributes[name])
            if len(numbers) != 1 or not np.isfinite(numbers[0]):
                raise BadInput(f"its attribute {name} is {_as_text(attributes[name])!r} instead of a number")
            found[name] = numbers[0]
    return _Packing(
        float(found.get("scale_factor", 1.0)),
        float(found.get("add_offset", 0.0)),
        np.result_type(np.float32, *(each.dtype for each in found.values())) if found else None,
    )


def _missing(
    data: Numbers, stored: np.dtype[Any], packing: _Packing, attributes: Mapping[str, Any], default_fill: bool
) -> NDArray[np.bool_]:
    """Where the stored numbers are one of the marks for "no value"."""
    marks = [mark for name in ("_FillValue", "missing_value") for mark in _numbers(attributes.get(name))]
    default = DEFAULT_FILL.get(stored.str[1:])
    if default_fill and default is not None and "_FillValue" not in attributes:
        marks.append(stored.type(default))
    lacking = np.zeros(data.shape, bool)
    for mark in marks:
        lacking |= _equal(data, _reread(mark, stored, data.dtype), packing)
    return lacking


def _equal(data: Numbers, mark: Any, packing: _Packing) -> NDArray[np.bool_] | bool:
    """Where the stored numbers are a mark. A mark that the stored type cannot hold is one of the unpacked values."""
    if np.isnan(mark):
        return np.isnan(data)
    if data.dtype.kind == "f":
        exact = abs(mark) < _LARGE and (mark.dtype == data.dtype or mark == np.round(mark))
        near = data.dtype.type(mark)
        slack = 0.0 if exact or not np.isfinite(near) else _SAME * abs(near)
        return np.asarray((data >= near - slack) & (data <= near + slack))
    if not _holds(data.dtype, mark):
        packed = packing.pack(float(mark))
        mark = np.round(packed)
        if not abs(packed - mark) <= _STEP or not _holds(data.dtype, mark):
            return False
    return np.asarray(data == data.dtype.type(int(mark)))


def _outside(
    data: Numbers, stored: np.dtype[Any], packing: _Packing, attributes: Mapping[str, Any]
) -> NDArray[np.bool_]:
    """Where the stored numbers lie beyond the valid limits. `valid_range` comes before the two single limits."""
    both = _numbers(attributes.get("valid_range"))
    limits = both if len(both) == 2 else [*_only(attributes, "valid_min"), *_only(attributes, "valid_max")]
    outside = np.zeros(data.shape, bool)
    if len(limits) != 2:
        return outside
    limits = [_reread(limit, stored, data.dtype) for limit in limits]
    if limits[0] > limits[1]:
        raise BadInput(f"its valid limits are the wrong way round ({limits[0]:g} to {limits[1]:g})")
    for limit, upper in zip(limits, (False, True), strict=True):
        bound, slack = limit, 0.0
        if _is_unpacked(limit, data.dtype, packing):
            bound = packing.pack(float(limit))
            upper = upper if packing.scale > 0 else not upper
            slack = _STEP if data.dtype.kind != "f" else _SAME * max(abs(bound), abs(packing.offset / packing.scale))
        elif data.dtype.kind == "f":
            slack = _SAME * abs(float(limit)) if limit.dtype != data.dtype else 0.0
        outside |= data > bound + slack if upper else data < bound - slack
    return outside


def _only(attributes: Mapping[str, Any], name: str) -> list[Any]:
    """A single limit. One that is not stated or is not a number is beyond all numbers."""
    found = _numbers(attributes.get(name))
    if len(found) == 1 and not np.isnan(found[0]):
        return found
    return [np.float32(-np.inf if name == "valid_min" else np.inf)]


def _is_unpacked(limit: Any, data: np.dtype[Any], packing: _Packing) -> bool:
    """Whether a limit is one of unpacked values. NetCDF says so of one that is wider than the stored numbers."""
    if packing.dtype is None or not packing.scale or limit.dtype.kind != "f":
        return False
    return data.kind != "f" or limit.dtype.itemsize > data.itemsize


def _holds(dtype: np.dtype[Any], value: Any) -> bool:
    """Whether an integer type holds a number exactly."""
    limits = np.iinfo(dtype)
    return bool(np.isfinite(value) and value == np.round(value) and limits.min <= int(value) <= limits.max)


def _reread(value: Any, stored: np.dtype[Any], data: np.dtype[Any]) -> Any:
    """A number of the stored type, with the sign that `_Unsigned` gives to the data."""
    if stored == data or value.dtype.kind == "f" or _holds(data, value) or not _holds(stored, value):
        return value
    return np.array([value]).astype(stored).view(data)[0]


def _numbers(attribute: Any) -> list[Any]:
    """The numbers in an attribute as NumPy scalars; none where it holds none."""
    if attribute is None:
        return []
    found: list[Any] = []
    for each in np.atleast_1d(np.asarray(attribute)).ravel():
        if isinstance(each, str | bytes):
            found += _numbers_in_text(_as_text(each))
        elif isinstance(each, np.integer | np.floating):
            found.append(each.astype(each.dtype.newbyteorder("=")))
        elif isinstance(each, int | float):
            found.append(np.asarray(each).astype(np.float64 if isinstance(each, float) else np.int64)[()])
    return found


def _numbers_in_text(text: str) -> list[Any]:
    found: list[Any] = []
    for word in text.replace(",", " ").strip(" \0").split():
        part = re.sub(r"(?<=[\d.])[fFdDbBsSlLuU]$", "", word)  # `1.5f`, as ncdump shows a float
        try:
            found.append(np.int64(part) if part.lstrip("+-").isdigit() else np.float64(part))
        except (ValueError, OverflowError):
            try:  # Zarr's way to write a double that JSON cannot hold, such as NaN
                found.append(np.float64(struct.unpack("<d", base64.b64decode(part, validate=True))[0]))
            except (binascii.Error, ValueError, struct.error):
                return []
    return found


def _as_text(attribute: Any) -> str:
    if isinstance(attribute, bytes):
        return attribute.decode("utf-8", "replace")
    return str(attribute)
