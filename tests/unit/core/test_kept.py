"""Arrays that are kept between runs equal computed ones. No file can cause an error or a wrong number."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from earthgan import kept as module
from earthgan.flow import stokes
from earthgan.kept import cache_folder, kept
from spectral_surrogate import PROFILE

SHAPE = (2, 3)
TRUE = np.arange(6.0).reshape(SHAPE)


class Compute:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> np.ndarray:
        self.times += 1
        return TRUE.copy()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARTHGAN_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_it_is_computed_once(folder: Path) -> None:
    compute = Compute()
    for _ in range(3):
        np.testing.assert_array_equal(kept("toy", {"of": 1}, SHAPE, compute), TRUE)
    assert compute.times == 1
    assert [path.suffix for path in folder.iterdir()] == [".npy"]


def other_array(path: Path, array: np.ndarray) -> None:
    module._write(path, array)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"0"),
    "a bit of a number": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\1"),
    "a bit of the digest": lambda path: path.write_bytes(b"0" + path.read_bytes()[1:]),
    "no array": lambda path: path.write_bytes(module.hashlib.sha256(b"no").digest() + b"no"),
    "another shape": lambda path: other_array(path, np.zeros((3, 2))),
    "another kind of number": lambda path: other_array(path, np.zeros(SHAPE, np.float32)),
    "pickled": lambda path: path.write_bytes(module.hashlib.sha256(pickled := pickled_array()).digest() + pickled),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "gone": lambda path: path.unlink(),
}


def pickled_array() -> bytes:
    stream = module.io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_not_right_counts_as_missing(folder: Path, damage: str) -> None:
    compute = Compute()
    kept("toy", {"of": 1}, SHAPE, compute)
    (path,) = folder.iterdir()
    DAMAGES[damage](path)
    np.testing.assert_array_equal(kept("toy", {"of": 1}, SHAPE, compute), TRUE)
    assert compute.times == 2


@pytest.mark.parametrize("told", ["", "/proc/nothing/can/be/made/here", "file"])
def test_where_nothing_can_be_kept_it_is_computed(told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting is empty, the folder cannot be written, or a file is in its place."""
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("EARTHGAN_CACHE_DIR", str(tmp_path / told) if told == "file" else told)
    compute = Compute()
    for _ in range(2):
        np.testing.assert_array_equal(kept("toy", {"of": 1}, SHAPE, compute), TRUE)
    assert compute.times == 2


def test_what_follows_from_something_else_is_something_else(folder: Path) -> None:
    compute = Compute()
    for follows_from in ({"of": 1}, {"of": 2}, {"of": 1, "version": 2}):
        kept("toy", follows_from, SHAPE, compute)
    assert compute.times == 3


def test_files_are_bounded_in_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    for of in range(20):
        kept("toy", {"of": of}, SHAPE, Compute())
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 1000


@pytest.mark.parametrize(
    ("environment", "platform", "due"),
    [
        ({"EARTHGAN_CACHE_DIR": "/c"}, "linux", "/c"),
        ({"XDG_CACHE_HOME": "/x"}, "linux", "/x/earthgan"),
        ({"XDG_CACHE_HOME": "relative"}, "linux", "~/.cache/earthgan"),
        ({}, "linux", "~/.cache/earthgan"),
        ({"XDG_CACHE_HOME": "/x"}, "darwin", "~/Library/Caches/earthgan"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/earthgan/Cache"),
    ],
)
def test_the_folder_is_the_systems(environment: dict[str, str], platform: str, due: str) -> None:
    assert cache_folder(environment, platform) == Path(due).expanduser()


CHANGES = {
    "strength": {"strength": PROFILE.strength * (1 + 1e-15)},
    "free_slip": {"free_slip": not PROFILE.free_slip},
    "viscosity": {"log_viscosity": PROFILE.log_viscosity.model_copy(
        update={"values": (*PROFILE.log_viscosity.values[:-1], 0.123)}
    )},
}  # fmt: skip


def test_maps_of_another_profile_grid_degree_or_algorithm_are_never_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = PROFILE.grid(8)
    first = PROFILE.kept_maps(grid, 2)
    files = {path.name for path in folder.iterdir()}
    again = PROFILE.kept_maps(grid, 2)
    np.testing.assert_array_equal(again.radial, first.radial)
    np.testing.assert_array_equal(again.lateral, PROFILE.maps(grid, 2).lateral)
    assert {path.name for path in folder.iterdir()} == files
    for change in CHANGES.values():
        PROFILE.model_copy(update=change).kept_maps(grid, 2)
    PROFILE.kept_maps(PROFILE.grid(9), 2)
    PROFILE.kept_maps(grid, 3)
    monkeypatch.setattr(stokes, "ALGORITHM", stokes.ALGORITHM + 1)
    PROFILE.kept_maps(grid, 2)
    assert len(list(folder.iterdir())) == len(files) + len(CHANGES) + 3


def test_two_processes_at_once_agree(folder: Path) -> None:
    program = """
import numpy as np
from earthgan.kept import kept
for of in range(60):
    array = kept("toy", {"of": of}, (300, 100), lambda: np.full((300, 100), float(of)))
    assert (array == of).all(), of
"""
    running = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0
