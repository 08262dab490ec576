"""Writes surrogate folders. A folder that could be opened before a change can be opened at any time during and after
it.

`spec.json` defines a surrogate. New files are written to a *draft*, a temporary folder with its own spec. To change a
folder, the draft's files are first moved into it under unused names. Then the new `spec.json` replaces the old one in a
single rename. Finally, the files that only the old spec named are removed. A process that is killed on the way leaves
the old surrogate or the new one, and perhaps files that no spec names. The next change removes those.

A process that opened the folder before a change may find that files are gone, and gets an error when it reads one. So a
server must be restarted after a change. Old files are not kept for it, because nobody could say for how long.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import save

from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.files import cannot_be_written, flush, is_leftover, locked, scratch, whole, write_whole
from earthgan.mask import Mask
from earthgan.records import FileSpec, StepSpec, input_file
from earthgan.spec import SPEC_FILE, SurrogateSpec
from earthgan.surrogate import Surrogate
from earthgan.verified import file_sha256, files_of, read_spec

WEIGHTS_FILE = "generator.safetensors"
ONNX_FILE = "generator.onnx"
MASK_FILE = "mask.bin"

#: The names that this module gives to files: a plain name, or one with the first digits of the digest.
_OURS = re.compile(
    r"generator(-[0-9a-f]{8})?\.(safetensors|onnx)|inputs/\d+(-[0-9a-f]{8})?\.(npy|bin)|mask(-[0-9a-f]{8})?\.bin",
    re.ASCII,
)


@contextmanager
def new_folder(out: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a draft that becomes the surrogate folder `out` when the block ends. It is removed if the block raises.

    Raises BadInput if `out` exists, unless it may be overwritten and is either a surrogate folder or empty.
    """
    check_place(out, overwrite)
    if not out.exists():
        with whole(out) as draft:
            draft.mkdir()
            yield draft
        return
    with changed_folder(out) as draft:
        yield draft


def check_place(out: Path, overwrite: bool) -> None:
    """Raise BadInput if `new_folder` would refuse to make `out`. Long work asks before it begins."""
    if not out.exists():
        return
    if not overwrite:
        raise BadInput(f"{out}: exists already (--overwrite replaces it)")
    if not out.is_dir() or not ((out / SPEC_FILE).exists() or all(map(_is_ours, out.iterdir()))):
        raise BadInput(f"{out}: is not a surrogate folder and will not be replaced")


@contextmanager
def changed_folder(folder: Path) -> Iterator[Path]:
    """Yield a draft whose `spec.json` becomes the folder's when the block ends. The spec may name files in the draft
    and files that the folder already has. If the block raises, the folder stays as it was.

    No other process can change the folder meanwhile. Raises BadInput if another process is already changing it, or if
    the file system refuses.
    """
    try:
        if not folder.is_dir():
            raise DamagedSurrogate(folder / SPEC_FILE, "No such file or directory")
        with locked(folder), scratch(folder / SPEC_FILE) as draft:
            yield draft
            _take_over(folder, draft)
    except OSError as error:
        raise cannot_be_written(folder, error) from error


def write_step(
    folder: Path, t: int, codes: NDArray[np.generic], time_myr: float | None = None, label: str | None = None
) -> StepSpec:
    """Write a time step's conditional input `(variable, shell, latitude, longitude)`, as stored numbers, to a draft."""
    content = io.BytesIO()
    np.save(content, np.ascontiguousarray(codes), allow_pickle=False)
    written = write_file(folder, input_file(t), content.getvalue())
    return StepSpec(t=t, label=label, time_myr=time_myr, file=written.file, sha256=written.sha256)


def write_coded_step(
    folder: Path,
    t: int,
    data: bytes,
    time_myr: float | None = None,
    label: str | None = None,
) -> StepSpec:
    """Write a time step's conditional input, as its code, to a draft."""
    written = write_file(folder, f"inputs/{t:03d}.bin", data)
    return StepSpec(t=t, label=label, time_myr=time_myr, file=written.file, sha256=written.sha256)


def write_weights(folder: Path, state: Mapping[str, ArrayLike]) -> FileSpec:
    """Write a generator's parameters, which are arrays or torch's tensors, to a draft. This does not need torch."""
    return write_file(folder, WEIGHTS_FILE, save({name: np.asarray(each, order="C") for name, each in state.items()}))


def write_mask(folder: Path, hidden: NDArray[np.bool_]) -> FileSpec:
    """Write to a draft which cells have no value: `(shell, latitude, longitude)`, or one such array per variable."""
    return write_file(folder, MASK_FILE, Mask.of(hidden).to_bytes())


def write_masks(folder: Path, spec: SurrogateSpec, masks: Iterable[Mask | None]) -> SurrogateSpec:
    """Write the masks of all time steps of `spec` to a draft, equal ones once, and return the spec that names them.

    If all time steps have the same mask, it is the surrogate's.
    """
    found: list[FileSpec | None] = []
    for mask in masks:
        data = None if mask is None else mask.to_bytes()
        name = data and f"mask-{hashlib.sha256(data).hexdigest()[:8]}.bin"
        known = next((each for each in found if each is not None and each.file == name), None)
        found.append(known or (write_file(folder, name, data) if name and data else None))
    shared = found[0] if found and all(each == found[0] for each in found) else None
    steps = tuple(
        step.model_copy(update={"mask": None if shared else own})
        for step, own in zip(spec.inputs.steps, found, strict=True)
    )
    return spec.model_copy(update={"mask": shared, "inputs": spec.inputs.model_copy(update={"steps": steps})})


def write_file(folder: Path, file: str, content: bytes) -> FileSpec:
    """Write a file to a draft. Raises OSError."""
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return FileSpec(file=file, sha256=hashlib.sha256(content).hexdigest())


def copy_files(surrogate: Surrogate, folder: Path) -> None:
    """Copy `spec.json` and every file that it names to the empty folder `folder`, and verify the copies: the originals
    may change meanwhile. Raises OSError and DamagedSurrogate.
    """
    for file in (SPEC_FILE, *(each.file for each in files_of(surrogate.spec))):
        copy = folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(surrogate.folder / file, copy)
    Surrogate(folder)


def write_spec(folder: Path, spec: SurrogateSpec) -> None:
    """Write `spec.json`, whole or not at all. It is written last because it states the digests of all other files."""
    write_whole(folder / SPEC_FILE, spec.to_json())


def _take_over(folder: Path, draft: Path) -> None:
    """Turn a folder into the surrogate of a draft. Raises OSError, and BadInput for a draft without a spec."""
    spec, _ = read_spec(draft / SPEC_FILE)
    old = _old_files(folder)
    if old is not None:
        _remove_others(folder, {each.file for each in old})
    placed = {each.file: _placed(folder, draft, each, _known(each, old or ())) for each in files_of(spec)}
    spec_file = draft / SPEC_FILE
    spec_file.write_text(_renamed(spec, placed).to_json(), encoding="utf-8")
    flush(spec_file)
    spec_file.replace(folder / SPEC_FILE)
    _remove_others(folder, set(placed.values()))


def _old_files(folder: Path) -> list[FileSpec] | None:
    """The files that a folder's spec names; None if it has no readable spec."""
    try:
        return files_of(read_spec(folder / SPEC_FILE)[0])
    except DamagedSurrogate:
        return None


def _known(new: FileSpec, old: Sequence[FileSpec]) -> str | None:
    """The name under which the old surrogate has the bytes of a file, if it may keep that name. Two predicted steps may
    have the same bytes and are different all the same: each keeps its own file only.
    """

    def predicted(each: FileSpec) -> int | None:
        return each.t if isinstance(each, StepSpec) and each.predicted_from is not None else None

    return next((each.file for each in old if each.sha256 == new.sha256 and predicted(each) == predicted(new)), None)


def _placed(folder: Path, draft: Path, new: FileSpec, known: str | None) -> str:
    """The name that a file of the new surrogate gets in the folder. The file is moved there, unless the old surrogate
    has the same bytes under the name `known`.
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

    def mask_of(each: SurrogateSpec | StepSpec) -> FileSpec | None:
        return each.mask and each.mask.model_copy(update={"file": names[each.mask.file]})

    steps = tuple(
        step.model_copy(update={"file": names[step.file], "mask": mask_of(step)}) for step in spec.inputs.steps
    )
    return spec.model_copy(
        update={
            "generator": generator.model_copy(update=files),
            "inputs": spec.inputs.model_copy(update={"steps": steps}),
            "mask": mask_of(spec),
        }
    )


def _remove_others(folder: Path, named: set[str]) -> None:
    """Remove the files that this module has written and that no spec names. Files from elsewhere stay."""
    for path in (*folder.iterdir(), *folder.glob("inputs/*")):
        name = path.relative_to(folder).as_posix()
        if name not in named and _OURS.fullmatch(name):
            path.unlink()


def _is_ours(path: Path) -> bool:
    """Whether a path at the top of a folder has a name that this module gives to files."""
    return path.name == "inputs" or bool(_OURS.fullmatch(path.name)) or is_leftover(path)
