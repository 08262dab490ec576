"""Atomic writes: a file or folder is either complete or absent, no matter when its writer is killed.

A writer works in a *scratch folder*, `.NAME.RANDOM.part`, beside the destination. A single rename then moves the result
to its destination. A process holds a lock in its scratch folder while it lives. The next writer in the same place can
therefore tell the scratch folder of a living process from one that a killed process left behind, and removes the
latter.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput

_LOCK = ".earthgan-lock"
_SCRATCH = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)


def write_whole(path: Path, content: bytes | str, durable: bool = True) -> Path:
    """Write a file, whole or not at all, and return its path. Raises BadInput.

    A terminal, a pipe or another device cannot be replaced by a rename, so the content is written to it directly.
    `whole` explains `durable`.
    """
    data = content.encode() if isinstance(content, str) else content
    if _is_stream(path):
        try:
            path.write_bytes(data)
        except OSError as error:
            raise cannot_be_written(path, error) from error
        return path
    with whole(path, durable) as part:
        part.write_bytes(data)
    return path


def write_json(path: Path, content: Any) -> Path:
    """Write a JSON file, whole or not at all, and return its path. Raises BadInput."""
    return write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def whole(path: Path, durable: bool = True) -> Iterator[Path]:
    """Yield a path at which the caller writes a file or a folder. It is renamed to `path` when the block ends. If the
    block raises an error, `path` stays as it was.

    A folder can be written only where nothing or an empty folder is. Several processes may write the same file at
    once, and the last one wins. A link is followed, so its target is replaced and the link stays.

    With `durable`, the bytes are on the disk before the rename. Without it, a file system may keep the rename and lose
    the bytes in a power cut, and then an empty file has the final name. Pass `durable=False` only for a file that costs
    little to make again. Raises BadInput if the file system refuses.
    """
    place = Path(os.path.realpath(path))
    try:
        with scratch(place) as folder:
            part = folder / place.name
            yield part
            if durable:
                flush(part)
            part.replace(place)
    except OSError as error:
        raise cannot_be_written(path, error) from error


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`, on the same file system. It is removed at the end.

    Leftovers of killed processes beside `path` are removed first. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path.parent)
    folder, lock = _locked_folder(path)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock an existing folder for this process. Raises BadInput if another process holds it, and OSError.

    The lock ends with the process. On a file system that cannot lock folders, nothing is locked.
    """
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(held)
        raise BadInput(f"{folder}: another command is writing to it") from error
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(held)


def is_leftover(path: Path) -> bool:
    """Whether a path has the name of a scratch folder. Its content is unfinished or no longer needed."""
    return bool(_SCRATCH.fullmatch(path.name))


def flush(path: Path) -> None:
    """Wait until the bytes of a file, or of every file in a folder, are on the disk. Raises OSError."""
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())


def cannot_be_written(path: Path, error: OSError) -> BadInput:
    """Turn an error from the operating system into one of the domain."""
    return BadInput(f"{path}: cannot be written ({error.strerror or error})")


def _is_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    # /dev/stdout may point to a regular file, and other programs may write to that file too.
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or path.is_relative_to("/dev")


def _locked_folder(path: Path) -> tuple[Path, int]:
    """A new scratch folder and the descriptor of its lock."""
    while True:
        folder = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        folder.mkdir()
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT)
        except FileNotFoundError:  # another process mistook the folder for a leftover and removed it
            continue
        with suppress(OSError):  # on a file system without locks, nobody removes leftovers
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return folder, lock
        os.close(lock)


def _remove_leftovers(place: Path) -> None:
    with os.scandir(place) as entries:
        names = [entry.name for entry in entries if _SCRATCH.fullmatch(entry.name)]
    for folder in map(place.joinpath, names):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR)
        except OSError:
            with suppress(OSError):
                folder.rmdir()  # a folder without a lock is empty: its lock is created first and deleted last
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
        except OSError:
            pass  # its writer is still alive
        finally:
            os.close(lock)


def _remove(folder: Path) -> None:
    """Remove a scratch folder and delete its lock last.

    If this process is killed meanwhile, the next writer still recognises the folder as a leftover.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink(missing_ok=True)
        (folder / _LOCK).unlink(missing_ok=True)
        folder.rmdir()
