"""Writes surrogate folders, so that a folder that could be opened can always be opened.

A surrogate is what its `spec.json` says. New files are written to a *draft*, a temporary folder with a spec of its own.
To change a folder, the draft's files are moved into it under names that nothing has yet; then its `spec.json` takes the
place of the old one, in a single rename; then the files that only the old one named are removed. Whoever is killed on
the way leaves the old surrogate or the new one, and perhaps files that no spec names. The next change removes those.

A process that has opened the folder before finds some of its files gone, and is told so when it reads one: what serves
a surrogate has to be restarted after a change. Old files are not kept for it: nobody could say for how long.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.files import cannot_be_written, flush, is_leftover, locked, scratch, whole, write_whole
from earthgan.records import FileSpec, StepSpec, input_file
from earthgan.spec import SPEC_FILE, SurrogateSpec
from earthgan.surrogate import file_sha256, files_of, read_spec

WEIGHTS_FILE = "generator.safetensors"
ONNX_FILE = "generator.onnx"

#: The names that are given to files here: plain, or with the first digits of the digest.
_OURS = re.compile(r"generator(-[0-9a-f]{8})?\.(safetensors|onnx)|inputs/\d+(-[0-9a-f]{8})?\.(npy|bin)", re.ASCII)


@contextmanager
def new_folder(out: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give a draft that becomes the surrogate folder `out` when the block ends, and is removed if the block raises.

    Raises BadInput where `out` exists, unless it may be overwritten and holds a surrogate or nothing.
    """
    if not out.exists():
        with whole(out) as draft:
            draft.mkdir()
            yield draft
        return
    if not overwrite:
        raise BadInput(f"{out}: exists already (--overwrite replaces it)")
    if not out.is_dir() or not ((out / SPEC_FILE).exists() or all(map(_is_ours, out.iterdir()))):
        raise BadInput(f"{out}: is not a surrogate folder, so it is not replaced")
    with changed_folder(out) as draft:
        yield draft


@contextmanager
def changed_folder(folder: Path) -> Iterator[Path]:
    """Give a draft whose `spec.json` becomes the folder's when the block ends. It may name files of the draft and files
    that the folder has already. If the block raises, the folder stays as it was.

    No other process can change the folder meanwhile. Raises BadInput where another one does so already, or the file
    system refuses.
    """
    try:
        if not folder.is_dir():
            raise DamagedSurrogate(folder / SPEC_FILE, "No such file or directory")
        with locked(folder), scratch(folder / SPEC_FILE) as draft:
            yield draft
            _take_over(folder, draft)
    except OSError as error:
        raise cannot_be_written(folder, error) from error


def write_step(folder: Path, t: int, codes: NDArray[np.generic], time_myr: float | None = None) -> StepSpec:
    """Write the conditional input `(variable, shell, latitude, longitude)` of a step, as stored numbers, to a draft."""
    content = io.BytesIO()
    np.save(content, np.ascontiguousarray(codes), allow_pickle=False)
    written = write_file(folder, input_file(t), content.getvalue())
    return StepSpec(t=t, time_myr=time_myr, file=written.file, sha256=written.sha256)


def write_coded_step(folder: Path, t: int, data: bytes, time_myr: float | None = None) -> StepSpec:
    """Write the conditional input of a step, as its code, to a draft."""
    written = write_file(folder, f"inputs/{t:03d}.bin", data)
    return StepSpec(t=t, time_myr=time_myr, file=written.file, sha256=written.sha256)


def write_weights(folder: Path, state: Mapping[str, torch.Tensor]) -> FileSpec:
    """Write a generator's parameters to a draft."""
    return write_file(folder, WEIGHTS_FILE, save({name: tensor.contiguous() for name, tensor in state.items()}))


def write_file(folder: Path, file: str, content: bytes) -> FileSpec:
    """Write a file of a draft. Raises OSError."""
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return FileSpec(file=file, sha256=hashlib.sha256(content).hexdigest())


def write_spec(folder: Path, spec: SurrogateSpec) -> None:
    """Write `spec.json`, whole or not at all. It goes last: it states the digests of all other files."""
    write_whole(folder / SPEC_FILE, spec.to_json())


def _take_over(folder: Path, draft: Path) -> None:
    """Make a folder the surrogate of a draft. Raises OSError, and BadInput for a draft without a spec."""
    spec, _ = read_spec(draft / SPEC_FILE)
    old = _old_files(folder)
    if old is not None:
        _remove_others(folder, {each.file for each in old})
    by_digest = {each.sha256: each.file for each in old or ()}
    placed = {each.file: _placed(folder, draft, each, by_digest.get(each.sha256)) for each in files_of(spec)}
    spec_file = draft / SPEC_FILE
    spec_file.write_text(_renamed(spec, placed).to_json(), encoding="utf-8")
    flush(spec_file)
    spec_file.replace(folder / SPEC_FILE)
    _remove_others(folder, set(placed.values()))


def _old_files(folder: Path) -> list[FileSpec] | None:
    """The files that a folder's spec names; None where it has no spec that can be read."""
    try:
        return files_of(read_spec(folder / SPEC_FILE)[0])
    except DamagedSurrogate:
        return None


def _placed(folder: Path, draft: Path, new: FileSpec, known: str | None) -> str:
    """The name in the folder of a file of the new surrogate. It is moved there, unless the old one has the same bytes
    under a name that is `known`.
    """
    if known and (folder / known).is_file() and file_sha256(folder / known) == new.sha256:
        return known
    source, name = draft / new.file, PurePosixPath(new.file)
    if (folder / name).exists():
        name = name.with_stem(f"{name.stem.partition('-')[0]}-{new.sha256[:8]}")
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    flush(source)
    source.replace(place)
    return str(name)


def _renamed(spec: SurrogateSpec, names: Mapping[str, str]) -> SurrogateSpec:
    generator = spec.generator
    files = {
        part: each.model_copy(update={"file": names[each.file]})
        for part, each in (("weights", generator.weights), ("onnx", generator.onnx))
        if each is not None
    }
    steps = tuple(step.model_copy(update={"file": names[step.file]}) for step in spec.inputs.steps)
    return spec.model_copy(
        update={
            "generator": generator.model_copy(update=files),
            "inputs": spec.inputs.model_copy(update={"steps": steps}),
        }
    )


def _remove_others(folder: Path, named: set[str]) -> None:
    """Remove the files that were written here and that no spec names. What somebody else has put there stays."""
    for path in (*folder.iterdir(), *folder.glob("inputs/*")):
        name = path.relative_to(folder).as_posix()
        if name not in named and _OURS.fullmatch(name):
            path.unlink()


def _is_ours(path: Path) -> bool:
    """Whether a path at the top of a folder has a name that is given to files here."""
    return path.name == "inputs" or bool(_OURS.fullmatch(path.name)) or is_leftover(path)
