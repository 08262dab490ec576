"""Writes surrogate folders: whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from earthgan.errors import BadInput
from earthgan.records import FileSpec, StepSpec, input_file
from earthgan.spec import SPEC_FILE, SurrogateSpec
from earthgan.surrogate import file_sha256

WEIGHTS_FILE = "generator.safetensors"
ONNX_FILE = "generator.onnx"


@contextmanager
def new_folder(out: Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder beside `out` that takes its name on success and is removed on failure.

    Raises BadInput where `out` exists, unless it may be overwritten.
    """
    if out.exists() and not overwrite:
        raise BadInput(f"{out}: exists already (--overwrite replaces it)")
    part = out.with_name(f".{out.name}.part-{os.getpid()}")
    try:
        part.mkdir(parents=True)
        yield part
        if out.exists():
            shutil.rmtree(out)
        part.rename(out)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_step(folder: Path, t: int, codes: NDArray[np.generic], time_myr: float | None = None) -> StepSpec:
    """Write the conditional input `(variable, shell, latitude, longitude)` of a step, as stored numbers."""
    path = folder / input_file(t)
    path.parent.mkdir(exist_ok=True)
    np.save(path, np.ascontiguousarray(codes), allow_pickle=False)
    return StepSpec(t=t, time_myr=time_myr, file=input_file(t), sha256=file_sha256(path))


def write_coded_step(folder: Path, t: int, data: bytes, time_myr: float | None = None) -> StepSpec:
    """Write the conditional input of a step as its code, whole or not at all."""
    file = f"inputs/{t:03d}.bin"
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
    return StepSpec(t=t, time_myr=time_myr, file=file, sha256=file_sha256(path))


def write_weights(folder: Path, state: Mapping[str, torch.Tensor]) -> FileSpec:
    """Write a generator's parameters."""
    path = folder / WEIGHTS_FILE
    path.write_bytes(save({name: tensor.contiguous() for name, tensor in state.items()}))
    return FileSpec(file=WEIGHTS_FILE, sha256=file_sha256(path))


def write_spec(folder: Path, spec: SurrogateSpec) -> None:
    """Write `spec.json`, whole or not at all. It goes last: it states the digests of all other files."""
    part = folder / f".{SPEC_FILE}.part"
    part.write_text(spec.to_json(), encoding="utf-8")
    part.replace(folder / SPEC_FILE)
