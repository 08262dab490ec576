"""A file is either complete or absent, whoever writes it and whatever happens meanwhile."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.errors import BadInput
from earthgan.files import is_leftover, locked, scratch, whole, write_json, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_the_last_content_is_there_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes
) -> None:
    path = tmp_path_factory.mktemp("files") / "new" / "folder" / "file"
    for content in (first, second):
        assert write_whole(path, content) == path
        assert path.read_bytes() == content
    assert names(path.parent) == ["file"]


def test_text_is_utf_8_and_json_ends_its_line(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "a", "Öl").read_bytes() == b"\xc3\x96l"
    assert write_json(tmp_path / "b", {"name": "Öl"}).read_text(encoding="utf-8") == '{\n  "name": "Öl"\n}\n'


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_a_normal_file(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = write_whole(tmp_path / "file", "x")
        with whole(tmp_path / "folder") as part:
            part.mkdir()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o777 & ~umask


FAILURES: dict[str, Callable[[Path], Path]] = {
    "a folder": lambda folder: folder,
    "below a file": lambda folder: folder / "file" / "below",
    "too long a name": lambda folder: folder / ("x" * 300),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_cannot_be_written_is_one_line_with_its_path(tmp_path: Path, failure: str) -> None:
    (tmp_path / "file").write_text("old")
    path = FAILURES[failure](tmp_path)
    with pytest.raises(BadInput) as refused:
        write_whole(path, "new")
    assert str(refused.value).startswith(f"{path}: cannot be written (")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("NetCDF: HDF error"), KeyboardInterrupt()]
)
def test_a_block_that_raises_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    path = write_whole(tmp_path / "file", "old")

    def write() -> None:
        with whole(path) as part:
            part.write_text("half")
            raise error

    with pytest.raises(BadInput if isinstance(error, OSError) else type(error)):
        write()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_folder_is_whole_too_and_takes_the_place_of_nothing_that_is_full(tmp_path: Path) -> None:
    def write() -> None:
        with whole(tmp_path / "folder") as part:
            (part / "inner").mkdir(parents=True)
            (part / "inner" / "file").write_text("x")

    write()
    assert (tmp_path / "folder" / "inner" / "file").read_text() == "x"
    with pytest.raises(BadInput, match="cannot be written"):
        write()
    assert names(tmp_path) == ["folder"]


def test_two_writers_at_once_both_succeed_and_one_wins(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from earthgan.files import write_whole
for _ in range(150):
    write_whole(Path(sys.argv[1]), sys.argv[2] * 5000, durable=False)
"""
    path = tmp_path / "file"
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), letter]) for letter in "abc"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            text = path.read_text()
            assert len(text) == 5000
            seen.update(text)
            assert len(set(text)) == 1
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert seen <= set("abc")
    assert names(tmp_path) == ["file"]


def test_threads_of_one_process_do_not_meet(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def write(letter: str) -> None:
        try:
            for _ in range(50):
                write_whole(tmp_path / "file", letter * 1000, durable=False)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=letter) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert names(tmp_path) == ["file"]


def killed_while_writing(path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from earthgan.files import whole
with whole(Path(sys.argv[1])) as part:
    part.mkdir()
    (part / "half").write_text("x")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "file"
    killed_while_writing(path)
    (left,) = tmp_path.iterdir()
    assert is_leftover(left)
    assert not is_leftover(path)
    write_whole(tmp_path / "another", "x")
    assert names(tmp_path) == ["another"]


def test_what_a_living_writer_has_begun_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with whole(path) as part:
        part.write_text("the slow one")
        write_whole(path, "the fast one")
        assert path.read_text() == "the fast one"
    assert path.read_text() == "the slow one"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("left", ["an empty folder", "only a lock"])
def test_a_leftover_of_any_moment_is_removed(tmp_path: Path, left: str) -> None:
    with scratch(tmp_path / "file") as folder:
        (lock,) = folder.iterdir()
    folder.mkdir()
    if left == "only a lock":
        lock.touch()
    write_whole(tmp_path / "file", "x")
    assert names(tmp_path) == ["file"]


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    for name in (".download.part", ".file.part", "file.0123abcd.part", ".file.0123abcd.parts"):
        (tmp_path / name).mkdir()
    (tmp_path / ".file.0123abcd.part").write_text("a file")
    (tmp_path / ".other.0123abcd.part").mkdir()
    (tmp_path / ".other.0123abcd.part" / "theirs").touch()
    before = names(tmp_path)
    write_whole(tmp_path / "file", "x")
    assert names(tmp_path) == sorted([*before, "file"])


def test_files_with_names_that_are_alike_do_not_take_each_other_s_folders(tmp_path: Path) -> None:
    with whole(tmp_path / "a") as part:
        part.write_text("a")
        write_whole(tmp_path / "a.b", "b")
        write_whole(tmp_path / "[a]*", "c")
    assert names(tmp_path) == ["[a]*", "a", "a.b"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    target = write_whole(tmp_path / "elsewhere" / "file", "old")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert names(target.parent) == ["file"]


def test_a_device_is_written_to(tmp_path: Path) -> None:
    write_whole(Path("/dev/null"), "x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    program = (
        "from pathlib import Path; from earthgan.files import write_whole; write_whole(Path('/dev/stdout'), 'x\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "x\n"


def test_the_bytes_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("sync"), real_sync(descriptor)))
    monkeypatch.setattr(Path, "replace", lambda path, to: (done.append("rename"), real_replace(path, to)))
    write_whole(tmp_path / "file", "x")
    assert done == ["sync", "rename"]
    with whole(tmp_path / "folder") as part:
        part.mkdir()
        (part / "a").touch()
        (part / "b").touch()
    assert done[2:] == ["sync", "sync", "rename"]
    write_whole(tmp_path / "file", "x", durable=False)
    assert done[5:] == ["rename"]


def test_a_locked_folder_is_for_one_process(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(BadInput, match="another command is writing to it"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
    program = """
import os, sys
from pathlib import Path
from earthgan.files import locked
with locked(Path(sys.argv[1])):
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == -9
    with locked(tmp_path):
        pass
