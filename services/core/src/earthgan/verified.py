"""The files of a surrogate folder: each is what `spec.json` states, before anything reads it.

A folder may come from anybody. Its files are regular files inside it: a link may not lead out, and a pipe would hang.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from earthgan.errors import DamagedSurrogate, EarthGANError, what_is_wrong
from earthgan.records import FileSpec
from earthgan.spec import SurrogateSpec

#: No `spec.json` is longer. That of a long series has some megabytes.
LONGEST_SPEC_BYTES = 64 * 2**20


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, as lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(spec: SurrogateSpec) -> list[FileSpec]:
    """Every file that `spec` names, each once."""
    generator, steps = spec.generator, spec.inputs.steps
    named = (generator.weights, generator.onnx, spec.mask, *steps, *(step.mask for step in steps))
    return list({file.file: file for file in named if file is not None}.values())


def read_spec(path: Path) -> tuple[SurrogateSpec, str]:
    """Read a `spec.json` and return its content and its digest. Raises DamagedSurrogate."""
    check_file(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DamagedSurrogate(path, error.strerror or "cannot be read") from error
    try:
        return SurrogateSpec.model_validate_json(text), hashlib.sha256(text).hexdigest()
    except ValidationError as error:
        raise DamagedSurrogate(path, what_is_wrong(error)) from error


def verify(folder: Path, file: FileSpec) -> Path:
    """The path of a file of a folder, after its digest was compared. Raises DamagedSurrogate."""
    path = folder / file.file
    check_file(path)
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise DamagedSurrogate(path, "is a link that leads out of the surrogate folder")
        actual = file_sha256(path)
    except OSError as error:
        raise DamagedSurrogate(path, error.strerror or "cannot be read") from error
    if actual != file.sha256:
        raise DamagedSurrogate(path, "does not have the digest that spec.json states: it is truncated or altered")
    return path


def check_file(path: Path) -> None:
    """Raise DamagedSurrogate unless this is a regular file. Opening a pipe would wait for somebody to write into it."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise DamagedSurrogate(path, getattr(error, "strerror", None) or "cannot be read") from error
    if not stat.S_ISREG(found.st_mode):
        raise DamagedSurrogate(path, "is not a regular file")
    if path.name == "spec.json" and found.st_size > LONGEST_SPEC_BYTES:
        raise DamagedSurrogate(path, f"has more than {LONGEST_SPEC_BYTES} bytes")


@contextmanager
def decoding(path: Path, note: Callable[[DamagedSurrogate], None] = lambda error: None) -> Iterator[None]:
    """Turn whatever goes wrong while a file is decoded into DamagedSurrogate, which names the file.

    `note` is called with each such error.
    """
    try:
        yield
    except DamagedSurrogate as error:
        note(error)
        raise
    except EarthGANError:
        raise
    except Exception as error:
        reason = " ".join((str(error) or type(error).__name__).split())
        damage = DamagedSurrogate(path, f"cannot be decoded: {reason}")
        note(damage)
        raise damage from error
