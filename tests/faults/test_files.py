"""Files from anybody: surrogate folders with the right digests and the wrong content, and damaged NetCDF."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contest_file import write_contest_file
from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded_inputs import CodedInputs
from earthgan_gateway import Settings, create_app
from earthgan_training.simulations.checks import blank_patch
from faults.rows import Measured, fault
from faults.servers import fetch, served
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE
from preparation import SMALL, prepare, raw_folder

pytestmark = pytest.mark.alone


def sealed_again(folder: Path, file: str, content: bytes) -> None:
    """Write a file, with its digest in the spec, so that only the content is wrong."""
    path, spec = folder / file, folder / "spec.json"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(content)
    spec.write_text(spec.read_text().replace(before, hashlib.sha256(content).hexdigest()))


def first_step(folder: Path) -> tuple[int, str]:
    step = json.loads((folder / "spec.json").read_text())["inputs"]["steps"][0]
    return step["t"], step["file"]


def a_link_out(folder: Path) -> None:
    _, file = first_step(folder)
    outside = folder.parent / "outside"
    (folder / file).rename(outside)
    (folder / file).symlink_to(outside)


def a_link_to_a_folder_out(folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / "inputs").rename(outside)
    (folder / "inputs").symlink_to(outside)


def a_pipe(folder: Path) -> None:
    _, file = first_step(folder)
    (folder / file).unlink()
    os.mkfifo(folder / file)


def a_pipe_for_the_spec(folder: Path) -> None:
    (folder / "spec.json").unlink()
    os.mkfifo(folder / "spec.json")


def a_device(folder: Path) -> None:
    _, file = first_step(folder)
    (folder / file).unlink()
    (folder / file).symlink_to("/dev/zero")


def a_huge_grid(folder: Path) -> None:
    spec = json.loads((folder / "spec.json").read_text())
    spec["grid"]["longitudes_deg"] = {"first": -180.0, "last": 179.99, "count": 900_000}
    (folder / "spec.json").write_text(json.dumps(spec))


def a_huge_spec(folder: Path) -> None:
    with (folder / "spec.json").open("r+b") as file:
        file.truncate(2**31)


def a_path_out(folder: Path) -> None:
    spec = (folder / "spec.json").read_text()
    _, file = first_step(folder)
    (folder / "spec.json").write_text(spec.replace(f'"{file}"', '"../outside"'))


AT_ONCE = [
    *(a_link_out, a_link_to_a_folder_out, a_pipe, a_pipe_for_the_spec, a_device),
    *(a_huge_grid, a_huge_spec, a_path_out),
]


@fault(
    "16",
    "surrogate folders with links, pipes, devices, a huge grid, a path that leads out",
    "refused at the start, in 10 s and 200 MB",
)
def test_such_folders_are_refused(measured: Measured, tmp_path: Path) -> None:
    before_kb, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    for damage in AT_ONCE:
        folder = tmp_path / damage.__name__ / "surrogate"
        shutil.copytree(BASELINE_SURROGATE, folder)
        damage(folder)
        with pytest.raises(DamagedSurrogate) as refused:
            create_app(Settings(surrogate=folder))
        assert "\n" not in str(refused.value)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    took_s = time.monotonic() - began
    measured(f"{len(AT_ONCE)} of {len(AT_ONCE)} refused; {took_s:.1f} s, {grown_mb:.0f} MB")
    assert grown_mb < 200


def files_read_at_the_start(folder: Path) -> set[str]:
    """The names of the files that a gateway decodes before it serves. If one of them is damaged, it does not start."""
    read: set[str] = set()
    decode = CodedInputs._coded

    def noting(inputs: CodedInputs, path: Path, predicted: bool) -> object:
        read.add(path.name)
        return decode(inputs, path, predicted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CodedInputs, "_coded", noting)
        create_app(Settings(surrogate=folder))
    assert read
    return read


STEPS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "one byte": lambda content: b"\0",
    "half": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
    "ones": lambda content: b"\xff" * len(content),
    "noise": lambda content: np.random.default_rng(1).bytes(len(content)),
    "noise in the middle": lambda content: content[:200] + np.random.default_rng(2).bytes(400) + content[600:],
    "twice": lambda content: content + content,
}


@fault(
    "16",
    "a coded step with the right digest and the wrong content, of 8 kinds",
    "503 or 502, and /readyz says so; other steps 200",
)
def test_a_damaged_step_is_told(measured: Measured, tmp_path: Path) -> None:
    failed = told = 0
    folder = tmp_path / "surrogate"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    spec = json.loads((folder / "spec.json").read_text())
    read = files_read_at_the_start(folder)
    chosen = [each for each in spec["inputs"]["steps"] if each["file"].split("/")[-1] not in read][::3][: len(STEPS)]
    for step, spoil in zip(chosen, STEPS.values(), strict=True):
        sealed_again(folder, step["file"], spoil((folder / step["file"]).read_bytes()))
    with served(surrogate=folder, engine_timeout_s=30) as gateway:
        assert fetch(gateway.url + "/readyz").status_code == 200
        statuses = [fetch(f"{gateway.url}/tiles/vx/{step['t']}/9/0/0/0").status_code for step in chosen]
        series = fetch(f"{gateway.url}/series/vx/9?lat=1&lon=2").status_code
        ready = fetch(gateway.url + "/readyz")
        whole = [each["t"] for each in spec["inputs"]["steps"] if each["file"].split("/")[-1] in read][:2]
        others = {fetch(f"{gateway.url}/tiles/vx/{t}/9/0/0/0").status_code for t in whole}
    failed = sum(status == 500 for status in (*statuses, series))
    told = sum(status in (502, 503) for status in statuses)
    measured(f"{told} of {len(chosen)} told, {failed} x 500; /readyz {ready.status_code}")
    assert not failed
    assert told >= 5
    assert ready.status_code == 503
    assert ready.json()["detail"].count("\n") == 0
    assert others == {200}


FIELD = np.random.default_rng(3).normal(2000, 300, (4, 18, 36))
FLOW = np.random.default_rng(4).normal(0, 1, (4, 18, 36))


def test_a_blank_patch_is_found_where_there_is_one() -> None:
    for field, is_temperature in ((FIELD, True), (FLOW, False)):
        assert blank_patch(field, is_temperature) is None
        whole_shell, patch, scattered = field.copy(), field.copy(), field.copy()
        whole_shell[0] = 0
        patch[1:3, 5:10, 7:20] = 0
        scattered.ravel()[::7] = 0
        assert blank_patch(whole_shell, is_temperature) is None
        assert blank_patch(scattered, is_temperature) is None
        assert "130 cells" in str(blank_patch(patch, is_temperature))
    composition = (FLOW > 0.5).astype(float)
    assert blank_patch(composition, False) is None


@fault("17", "1e30, or a block of zeros, in a NetCDF file", "1e30 is refused with one line; zeros are told")
def test_prepare_says_what_it_has_found(measured: Measured, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = []
    for value in (1e30, 0.0):
        raw, out = raw_folder(tmp_path / f"raw{value}"), tmp_path / f"out{value}"

        def spoil(values: np.ndarray, value: float = value) -> np.ndarray:
            values[1:4, 2:4, 2:6] = value
            return values

        write_contest_file(raw / "spherical002.nc", spoil=spoil)
        capsys.readouterr()
        outcomes.append((prepare(raw, *SMALL, "--out", out), capsys.readouterr().err, (out / "dataset.json").exists()))
    (refused, why, made), (prepared, told, _) = outcomes
    measured(f"1e30: exit {refused}; zeros: {told.count('was a part never written')} notes")
    assert (refused, made, why.count("\n")) == (1, False, 1)
    assert prepared == 0
    assert "step 2: temperature is exactly 0 in" in told
