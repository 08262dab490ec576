"""Archives from anybody: TorchServe does not get to see those that could hurt."""

from __future__ import annotations

import os
import resource
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from earthgan.errors import DamagedSurrogate
from faults.rows import Measured, fault
from places import BASELINE_SURROGATE, ROOT

SERVICE = ROOT / "services" / "torchserve"
sys.path.insert(0, str(SERVICE))

from archive_check import check_archive  # noqa: E402

#: More than the whole archive takes when it is unpacked.
ROOM = 2**24
Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def mar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a surrogate, as `earthgan archive` packs it."""
    archiver = pytest.importorskip("earthgan_training.surrogates.archive")
    path = tmp_path_factory.mktemp("mar") / "earthgan.mar"
    archiver.archive(BASELINE_SURROGATE, path, SERVICE / "handler.py")
    return path


def with_entry(name: str, content: bytes = b"x", mode: int = 0o100644) -> Damage:
    def damage(mar: Path) -> None:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename, entry.external_attr = name, mode << 16
        with zipfile.ZipFile(mar, "a") as file:
            file.writestr(entry, content)

    return damage


def changed(name: str, content: Callable[[bytes], bytes | None]) -> Damage:
    """The archive with another content of one entry, or without the entry."""

    def damage(mar: Path) -> None:
        with zipfile.ZipFile(mar) as file:
            entries = {each: file.read(each) for each in file.namelist()}
        with zipfile.ZipFile(mar, "w", zipfile.ZIP_DEFLATED) as file:
            for each, before in entries.items():
                after = content(before) if each == name else before
                if after is not None:
                    file.writestr(each, after)

    return damage


def a_pipe(mar: Path) -> None:
    mar.unlink()
    os.mkfifo(mar)


def truncated(mar: Path) -> None:
    os.truncate(mar, mar.stat().st_size * 2 // 3)


def a_bomb(mar: Path) -> None:
    with zipfile.ZipFile(mar, "a", zipfile.ZIP_DEFLATED) as file, file.open("inputs/bomb.bin", "w") as out:
        for _ in range(2 * ROOM // 2**20):
            out.write(bytes(2**20))


def an_entry_that_the_table_lacks(mar: Path) -> None:
    """An entry before the table at the end, which does not name it: a reader from the front unpacks it."""
    with zipfile.ZipFile(mar) as file:
        start = file.start_dir
    name = b"../../escaped"
    hidden = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 33, 0x8CDC1683, 1, 1, len(name), 0) + name + b"x"
    content = mar.read_bytes()
    front, table = content[:start], bytearray(content[start:])
    at = table.rindex(b"PK\x05\x06") + 16
    table[at : at + 4] = struct.pack("<I", start + len(hidden))
    mar.write_bytes(front + hidden + table)


def another_name_for_a_reader_from_the_front(mar: Path) -> None:
    content = mar.read_bytes()
    mar.write_bytes(content.replace(b"generator.onnx", b"../../ator.onn", 1))


def twice(mar: Path) -> None:
    with zipfile.ZipFile(mar) as file:
        spec = file.read("spec.json")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(mar, "a") as file:
        file.writestr("spec.json", spec)


REFUSED: dict[str, Damage] = {
    "truncated": truncated,
    "a pipe": a_pipe,
    "a path that leads out": with_entry("../../escaped"),
    "an absolute path": with_entry("/tmp/escaped"),
    "a path of another system": with_entry("..\\..\\escaped"),
    "a link": with_entry("inputs/link", b"/etc/passwd", 0o120777),
    "a pickle": with_entry("model.pt", b"\x80\x04."),
    "a module": with_entry("numpy.py", b"raise SystemExit"),
    "an entry twice": twice,
    "a bomb": a_bomb,
    "a hidden entry": an_entry_that_the_table_lacks,
    "two names": another_name_for_a_reader_from_the_front,
    "another handler": changed("handler.py", lambda before: before + b"\nimport os\n"),
    "requirements": changed(
        "MAR-INF/MANIFEST.json", lambda before: before.replace(b'"configFile"', b'"requirementsFile"')
    ),
    "a deep manifest": changed("MAR-INF/MANIFEST.json", lambda _: b"[" * 100_000),
    "a huge manifest": changed("MAR-INF/MANIFEST.json", lambda before: before + b" " * 2**21),
    "another digest": changed("generator.safetensors", lambda before: before[:-1] + b"?"),
    "a missing step": changed("generator.safetensors", lambda _: None),
}


@fault(
    "16",
    ".mar archives of 18 kinds that lead out, hide, lie, explode or bring code",
    "refused before they are unpacked",
)
def test_archives_that_could_hurt_are_refused(measured: Measured, mar: Path, tmp_path: Path) -> None:
    check_archive(mar, room=ROOM)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, (name, damage) in enumerate(REFUSED.items()):
        copy = tmp_path / str(number) / "earthgan.mar"
        copy.parent.mkdir()
        shutil.copyfile(mar, copy)
        damage(copy)
        with pytest.raises(DamagedSurrogate) as refused:
            check_archive(copy, room=ROOM)
        assert "\n" not in str(refused.value), name
        assert list(copy.parent.iterdir()) == [copy], name
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    measured(f"{len(REFUSED)} of 18 refused; {grown_mb:.0f} MB")
    assert grown_mb < 128
