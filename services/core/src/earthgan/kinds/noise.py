"""Injected noise that belongs to a place: a voxel has the same noise in every window.

Each number is a pure function of (seed, layer, shell, row, column). It is computed by the 32-bit finaliser of
MurmurHash3 (Appleby, public domain) and the Box-Muller transform. The hash uses only 32-bit integer operations, so
JavaScript gives the same numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import Window

_U32 = NDArray[np.uint32]
_AXIS_STRIDES = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)  # these are odd, so steps along an axis visit every key


def white_noise(seed: int, layer: int, window: Window, period: int) -> NDArray[np.float32]:
    """Standard normal numbers `(shell, row, column)` for a layer's window. Columns repeat after `period`."""
    key = _mix(_mix(_u32(np.array([seed]))) + _u32(np.array([layer + 1])) * np.uint32(0x27D4EB2F))
    columns = np.arange(window.columns.start, window.columns.stop) % period
    axes = (np.arange(window.shells.start, window.shells.stop), np.arange(window.rows.start, window.rows.stop), columns)
    for axis, stride in zip(axes, _AXIS_STRIDES, strict=True):
        key = _mix(key[..., None] + _u32(axis) * np.uint32(stride))
    first, second = key[0], _mix(key[0] ^ np.uint32(0x5BD1E995))
    radius = np.sqrt(-2 * np.log((first + 1.0) / 2**32))
    return np.asarray(radius * np.cos(2 * np.pi / 2**32 * second), dtype=np.float32)


def _u32(numbers: NDArray[np.int_]) -> _U32:
    return (numbers & 0xFFFFFFFF).astype(np.uint32)


def _mix(h: _U32) -> _U32:
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))
