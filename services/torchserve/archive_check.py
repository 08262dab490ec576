"""Checks a model archive (`.mar`) before TorchServe unpacks it.

An archive may come from anybody, and TorchServe runs the handler inside it. So an archive may hold nothing but the
handler that lies beside this file, its settings, and the files of one surrogate with the digests that `spec.json`
states.

TorchServe reads an archive from front to back, and Python reads the table at its end. A file that only one of them sees
would escape the check, so the parts must follow one another without a gap.
"""

import hashlib
import json
import shutil
import stat
import struct
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from earthgan.errors import DamagedSurrogate, what_is_wrong
from earthgan.spec import SurrogateSpec
from earthgan.verified import LONGEST_SPEC_BYTES, check_file, files_of

HANDLER, MANIFEST, SPEC = "handler.py", "MAR-INF/MANIFEST.json", "spec.json"
#: The largest number of entries, and of bytes of a file that is not the surrogate's.
MOST_ENTRIES, LONGEST_SETTINGS_BYTES = 100_000, 2**20
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_HAS_DESCRIPTOR = 0x8


def check_archive(path: Path, room: int | None = None) -> None:
    """Raise DamagedSurrogate, which names the archive, unless it is safe to unpack and to run.

    `room` is the number of bytes that it may take when it is unpacked: by default, what the temporary folder has left.
    Nothing is written.
    """
    check_file(path)
    room = shutil.disk_usage(tempfile.gettempdir()).free if room is None else room
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check_names(entries, room)
            _check_parts(archive)
            _check_content(archive)
    except DamagedSurrogate:
        raise
    except ValueError as error:
        reason = what_is_wrong(error) if isinstance(error, ValidationError) else str(error)
        raise DamagedSurrogate(path, f"is refused: {reason}") from error
    except Exception as error:  # zipfile raises many kinds of error for damaged archives
        raise DamagedSurrogate(path, f"cannot be unpacked: {error}") from error


def _check_names(entries: list[zipfile.ZipInfo], room: int) -> None:
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"it has more than {MOST_ENTRIES} entries")
    if sum(entry.file_size for entry in entries) > room:
        raise ValueError(f"unpacked, it would have more than {room} bytes")
    names: set[str] = set()
    for entry in entries:
        name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
        # `orig_filename` still has what follows a zero byte, which `filename` lacks.
        plain = name == entry.orig_filename and name.isprintable() and "\\" not in name and ":" not in name
        parts = PurePosixPath(name).parts
        if not plain or name.startswith("/") or ".." in parts or "/".join(parts) != name.removesuffix("/"):
            raise ValueError(f"{name!r} is no plain path inside it")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or entry.flag_bits & 1:
            raise ValueError(f"{name!r} is a link, a device or encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name!r} is compressed in an unusual way")
        if name.casefold() in names:
            raise ValueError(f"{name!r} is there twice")
        names.add(name.casefold())


def _check_parts(archive: zipfile.ZipFile) -> None:
    """Raise ValueError unless the entries, read from the front, are those of the table at the end."""
    file = archive.fp
    assert file is not None
    at = 0
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        file.seek(at)
        head = file.read(_LOCAL.size)
        if entry.header_offset != at or len(head) != _LOCAL.size:
            raise ValueError("there is something between its entries")
        magic, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
        said = magic, flags, method, crc, packed, size
        if flags & _HAS_DESCRIPTOR or said != (
            b"PK\x03\x04",
            entry.flag_bits,
            entry.compress_type,
            entry.CRC,
            entry.compress_size,
            entry.file_size,
        ):
            raise ValueError(f"the two headers of {entry.filename!r} differ")
        at += _LOCAL.size + name_length + extra_length + entry.compress_size
    if at != archive.start_dir:
        raise ValueError("there is something after its entries")


def _check_content(archive: zipfile.ZipFile) -> None:
    spec = SurrogateSpec.model_validate_json(_read(archive, SPEC, LONGEST_SPEC_BYTES))
    digests = {file.file: file.sha256 for file in files_of(spec)}
    manifest = json.loads(_read(archive, MANIFEST, LONGEST_SETTINGS_BYTES))
    model = manifest["model"] if isinstance(manifest, dict) and isinstance(manifest.get("model"), dict) else {}
    if model.get("handler") != HANDLER or "requirementsFile" in model:
        raise ValueError(f"its manifest must name {HANDLER} and no requirements")
    if _read(archive, HANDLER, LONGEST_SETTINGS_BYTES) != Path(__file__).with_name(HANDLER).read_bytes():
        raise ValueError(f"its {HANDLER} is not the one of this server")
    settings = {HANDLER, MANIFEST, SPEC, str(model.get("configFile", ""))}
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        name = entry.filename
        if name not in digests:
            if name not in settings:
                raise ValueError(f"{SPEC} does not name {name!r}")
            _read(archive, name, LONGEST_SPEC_BYTES if name == SPEC else LONGEST_SETTINGS_BYTES)
            continue
        digest = hashlib.sha256()
        with archive.open(entry) as content:
            while part := content.read(2**20):
                digest.update(part)
        if digest.hexdigest() != digests.pop(name):
            raise ValueError(f"{name!r} does not have the digest that {SPEC} states")
    if digests:
        raise ValueError(f"it lacks {min(digests)!r}")


def _read(archive: zipfile.ZipFile, name: str, longest: int) -> bytes:
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"it lacks {name!r}") from None
    if entry.file_size > longest:
        raise ValueError(f"{name!r} has more than {longest} bytes")
    return archive.read(entry)
