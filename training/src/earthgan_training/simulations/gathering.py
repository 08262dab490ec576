"""Gathers the files and stores that a caller names: files, folders of files, folders of folders, stores and Datasets.

The text that tells one step from another is found in the names of files or folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput
from earthgan_training.simulations.stores import Store, is_zarr, needs_xarray, open_store

_SUFFIXES = (".nc", ".nc4", ".nc3", ".cdf", ".netcdf", ".grd", ".h5", ".hdf5", ".zarr")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9])")
_AGE = re.compile(r"[ _-]?(?:Ma|Myr|My|Ga|Gyr|ka|kyr)(?![A-Za-z])")


@dataclass(frozen=True)
class Part:
    """A file or a store of a source. `label` is the text of its step, if its name has one.

    `held` is a Dataset that the caller has in hand, as a store.
    """

    address: str
    label: str | None = None
    held: Store | None = None

    @property
    def store(self) -> Store:
        """The open store. Raises BadInput."""
        return self.held or open_store(self.address)

    @property
    def stem(self) -> str:
        """The name of the file without its suffix."""
        name = self.address.rstrip("/").rsplit("/", 1)[-1]
        return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in _SUFFIXES else name


def gather(addresses: Sequence[Any], files: str | None) -> list[Part]:
    """The parts that addresses name, in order. `files` is a mapping's regular expression for their names.

    Raises BadInput if an address does not exist, or a folder holds nothing to read.
    """
    parts: list[Part] = []
    plain: list[Part] = []
    for address in addresses:
        if not isinstance(address, str | Path):
            parts.append(Part("the dataset", held=needs_xarray("the dataset").in_hand(address)))
        elif "://" not in str(address) and Path(address).is_dir() and not is_zarr(Path(address)):
            parts += _in_folder(Path(address), files)
        elif "://" not in str(address) and not Path(address).exists():
            raise BadInput(f"{address}: no such file or folder")
        else:
            plain.append(Part(str(address)))
    if files is not None:
        plain = [replace(each, label=_matched(files, Path(each.address).name)) for each in plain]
        return parts + plain
    return parts + _labelled(plain, [each.stem for each in plain])


def _in_folder(folder: Path, files: str | None) -> list[Part]:
    try:
        children = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise BadInput(f"{folder}: cannot be read ({error.strerror})") from error
    if files is not None:
        return _matching(folder, children, files)
    here = _labelled_files(children)
    if here:
        return here
    folders = [each for each in children if each.is_dir()]
    held = {each: [x for x in sorted(each.iterdir()) if _is_data(x)] for each in folders}
    if not any(held.values()):
        raise BadInput(f"{folder}: holds no NetCDF files and no Zarr stores")
    kept = [each for each in folders if held[each]]
    inside = [part for each in kept for part in _labelled_files(held[each])]
    if any(part.label is not None for part in inside):  # a folder a variable
        return inside
    names = _labels([each.name for each in kept])
    return [
        Part(str(path), label or name.name)
        for name, label in zip(kept, names, strict=True)
        for path in held[name]
    ]  # fmt: skip


def _matching(folder: Path, children: list[Path], files: str) -> list[Part]:
    found = [Part(str(each), _matched(files, each.name)) for each in children]
    found = [each for each in found if each.label is not None]
    if not found:
        deeper = [x for each in children if each.is_dir() and not is_zarr(each) for x in sorted(each.iterdir())]
        found = [Part(str(x), _matched(files, x.relative_to(folder).as_posix())) for x in deeper]
        found = [each for each in found if each.label is not None]
    if not found:
        # The message shows an expression such as spherical([0-9]+)\.nc as a name: spherical<step>.nc.
        shown = re.sub(r"\\(.)", r"\1", re.sub(r"\([^)]*\)", "<step>", files)).replace("|", " or ")
        raise BadInput(f"{folder}: holds no {shown} files")
    folders = [each for each in found if Path(each.address).is_dir() and not is_zarr(Path(each.address))]
    inside = [Part(str(x), each.label) for each in folders for x in sorted(Path(each.address).iterdir()) if _is_data(x)]
    return [each for each in found if each not in folders] + inside


def _matched(files: str, name: str) -> str | None:
    """The text of the step in a name, with a unit of time that follows it. None if the name does not match."""
    match = re.fullmatch(files, name)
    if match is None or match.lastindex is None:
        return None
    age = _AGE.match(name, match.end(match.lastindex))
    return match[match.lastindex] + (age[0].lstrip(" _-") if age else "")


def _is_data(path: Path) -> bool:
    return is_zarr(path) or (path.is_file() and path.suffix.lower() in _SUFFIXES)


def _labelled_files(paths: Iterable[Path]) -> list[Part]:
    parts = [Part(str(each)) for each in paths if _is_data(each)]
    return _labelled(parts, [each.stem for each in parts])


def _labelled(parts: list[Part], stems: list[str]) -> list[Part]:
    labels = _labels(stems)
    return [replace(each, label=label) for each, label in zip(parts, labels, strict=True)]


def _labels(stems: list[str]) -> list[str | None]:
    """What tells each name from others that differ from it in their numbers only. None where no other name does."""
    series: dict[str, list[int]] = {}
    for i, stem in enumerate(stems):
        series.setdefault(_NUMBER.sub("#", stem), []).append(i)
    labels: list[str | None] = [None] * len(stems)
    alone: list[tuple[int, str]] = []
    for members in series.values():
        numbers = [list(_NUMBER.finditer(stems[i])) for i in members]
        varying = [k for k in range(len(numbers[0])) if len({each[k][0] for each in numbers}) > 1]
        if not varying:
            alone += [(i, each[-1][0]) for i, each in zip(members, numbers, strict=True) if each]
            continue
        for i, each in zip(members, numbers, strict=True):
            start, end = each[varying[0]].start(), each[varying[-1]].end()
            age = _AGE.match(stems[i], end)
            labels[i] = stems[i][start:end] + (age[0].lstrip(" _-") if age else "")
    for i, number in alone:  # the one file of a variable belongs to a step of the others
        labels[i] = number if number in labels else None
    return labels
