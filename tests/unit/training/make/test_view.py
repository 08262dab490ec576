"""What a view is kept under, where it is served, and what is said if it cannot be."""

import os
import socket
from importlib.metadata import EntryPoints
from pathlib import Path

import pytest

from earthgan.cli import main, make_parser
from earthgan.errors import BadInput
from earthgan_training.make import view as module
from earthgan_training.make.command import _facts
from earthgan_training.make.view import KEPT_VIEWS, free_port, view


def facts(*options: object) -> object:
    return _facts(make_parser().parse_args(["view", *map(str, options)]))


def test_a_view_follows_from_its_files_and_options(tmp_path: Path) -> None:
    file = tmp_path / "dvs.nc"
    file.write_bytes(b"1")
    first = facts(file)
    assert facts(file, "--port", 9000, "--no-browser", "--host", "::1", "--memory", 500) == first
    for option in (["--quality", 50], ["--max-error", "1%"], ["--title", "A"], ["--measured"], ["--missing", "fill"]):
        assert facts(file, *option) != first, option
    assert facts(os.path.relpath(file)) == first
    file.write_bytes(b"22")
    second = facts(file)
    assert second != first
    os.utime(file, ns=(1, 1))
    assert facts(file) not in (first, second)
    assert facts("s3://bucket/dvs.zarr") is None, "nobody knows whether it changed"
    (tmp_path / "run").mkdir()
    empty = facts(tmp_path / "run")
    (tmp_path / "run" / "a.nc").touch()
    assert facts(tmp_path / "run") != empty


def test_a_mapping_is_a_part_of_the_source(tmp_path: Path) -> None:
    file, mapping = tmp_path / "dvs.nc", tmp_path / "map.toml"
    file.touch()
    mapping.write_text("a = 1")
    first = facts(file, "--mapping", mapping)
    mapping.write_text("a = 22")
    assert facts(file, "--mapping", mapping) != first


class Served:
    """Replaces the gateway: notes what it would serve."""

    def __init__(self) -> None:
        self.folders: list[Path] = []

    def __call__(self, folder: Path, host: str, port: int | None, browser: bool) -> None:
        assert folder.is_dir()
        self.folders.append(folder)


def test_old_views_are_deleted_and_broken_ones_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARTHGAN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(module, "_serve", served := Served())
    made: list[Path] = []

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        made.append(folder)

    for i in range(KEPT_VIEWS + 3):
        view(make, {"number": i}, "127.0.0.1", None, browser=False)
        os.utime(made[-1], (i, i))
    assert len(list((tmp_path / "views").iterdir())) == KEPT_VIEWS
    view(make, {"number": KEPT_VIEWS + 2}, "127.0.0.1", None, browser=False)
    assert made[-1] == made[-2] == served.folders[-1], "an empty folder is no surrogate"


def test_without_a_cache_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARTHGAN_CACHE_DIR", "")
    monkeypatch.setattr(module, "_serve", served := Served())
    view(lambda folder: folder.mkdir(), {"number": 1}, "127.0.0.1", None, browser=False)
    assert not served.folders[0].exists()


def test_a_port_that_is_taken_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(module, "USUAL_PORT", taken.getsockname()[1])
        assert free_port("127.0.0.1") != taken.getsockname()[1]
    monkeypatch.setattr(module, "USUAL_PORT", taken_port := free_port("127.0.0.1"))
    assert free_port("127.0.0.1") == taken_port
    with pytest.raises(BadInput, match=r"192\.0\.2\.1"):
        free_port("192.0.2.1")


def test_without_the_gateway_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "entry_points", lambda **_: EntryPoints())
    (tmp_path / "dvs.nc").touch()
    assert main(["view", str(tmp_path / "dvs.nc")]) == 1
    assert capsys.readouterr().err == "earthgan: earthgan view needs the gateway: pip install earthgan-gateway\n"
