"""Keeps arrays in the user's cache folder between runs: arrays that a few numbers determine, but that are slow to
compute.

The environment variable `EARTHGAN_CACHE_DIR` names the folder. If it is unset, the operating system's usual cache
folder is used. If it is empty, nothing is kept. A file is only a copy of an array that could be computed again. It
states the digest of its own content. A file that is damaged, cannot be read or has another shape counts as missing. No
file can make this module raise an error.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.files import write_whole

Array = NDArray[np.float64]

#: The setting that names the folder.
FOLDER_SETTING = "EARTHGAN_CACHE_DIR"
#: The files may take this many bytes together. Beyond that, the oldest files are deleted.
MOST_BYTES = 64 * 2**20
_DIGEST_BYTES = 32


def cache_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path | None:
    """The folder in which files are kept, or None if nothing is kept."""
    if (told := environment.get(FOLDER_SETTING)) is not None:
        return Path(told) if told else None
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home, as in some containers
        return None
    if platform == "darwin":
        return home / "Library" / "Caches" / "earthgan"
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA", home / "AppData" / "Local")) / "earthgan" / "Cache"
    told = environment.get("XDG_CACHE_HOME", "")
    return (Path(told) if Path(told).is_absolute() else home / ".cache") / "earthgan"


def kept(name: str, follows_from: Mapping[str, Any], shape: tuple[int, ...], compute: Callable[[], Array]) -> Array:
    """Read the array of shape `shape` from its file. If there is no such file, `compute` it and write the file.

    `follows_from` holds everything that determines the array, including a version of the algorithm. It must be
    serialisable as JSON.
    """
    folder = cache_folder()
    if folder is None:
        return compute()
    key = hashlib.sha256(json.dumps(follows_from, sort_keys=True).encode()).hexdigest()
    path = folder / f"{name}-{key[:32]}.npy"
    array = _read(path, shape)
    if array is None:
        array = compute()
        _write(path, array)
    return array


def _read(path: Path, shape: tuple[int, ...]) -> Array | None:
    try:
        data = path.read_bytes()
        content = data[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != data[:_DIGEST_BYTES]:
            return None
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array if isinstance(array, np.ndarray) and array.dtype == np.float64 and array.shape == shape else None


def _write(path: Path, array: Array) -> None:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    try:
        write_whole(path, hashlib.sha256(content.getvalue()).digest() + content.getvalue())
        _delete_oldest(path.parent)
    except (BadInput, OSError):  # the folder is read-only or full, or another process was faster
        return


def _delete_oldest(folder: Path) -> None:
    found = sorted(((file.stat(), file) for file in folder.glob("*.npy")), key=lambda each: -each[0].st_mtime)
    total = 0
    for stat, file in found:
        total += stat.st_size
        if total > MOST_BYTES:
            file.unlink(missing_ok=True)
