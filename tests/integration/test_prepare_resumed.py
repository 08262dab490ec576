"""`earthgan prepare` continues wherever it was killed, and gives the same bytes every time."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contest_file import write_contest_file
from earthgan_training.prepare.dataset import Dataset
from places import ROOT
from preparation import MEDIUM, SMALL, contents, prepare, raw_folder

#: Prepares RAW into OUT again and again. Each run is killed at the first, the second, the third... operation on a file,
#: and is then run once more to its end. It forks, so that a run costs milliseconds, and prints how many runs were
#: killed.
KILLED_EVERYWHERE = """
import hashlib, os, shutil, sys
from pathlib import Path
from earthgan.files import is_leftover
from earthgan.spec import Provenance
from earthgan_training.simulations.opening import open_source
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.prepare.recipe import Preset, Recipe
from earthgan_training.prepare.run import prepare

raw, out, start, due = (Path(argument) for argument in sys.argv[1:])
recipe = Recipe(preset=Preset.DEFAULT, truth=(4, 8), inputs=(3, 2, 4))
source = open_source([raw]).chosen(("temperature", "vx"))
about = Provenance(source="test", licence="CC0-1.0")
OPERATIONS = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree"}

def run():
    prepare(source, out, recipe, about, lambda function, tasks: map(function, tasks))

def forked(kill_at):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = kill_at
    def hook(event, arguments):
        nonlocal left
        if event in OPERATIONS and "killed" in str(arguments[0]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), 9)
    if kill_at:
        sys.addaudithook(hook)
    try:
        run()
    except BaseException as error:
        print(error, file=sys.stderr)
        os._exit(1)
    os._exit(0)

def contents(folder):
    files = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return {str(p): (folder / p).read_bytes() for p in files if not is_leftover(Path(p.parts[0]))}

wanted = contents(due)
kills = 0
while True:
    shutil.rmtree(out, ignore_errors=True)
    if start.exists():
        shutil.copytree(start, out)
    status = forked(kills + 1)
    if status == 0:
        break
    assert status == 9, status
    kills += 1
    if start.exists():
        Dataset(out).verify()  # the dataset that was there, or the new one: whole
    else:
        assert not (out / "dataset.json").exists() or contents(out) == wanted
    assert forked(0) == 0
    assert contents(out) == wanted, kills
print(kills)
"""


@pytest.mark.parametrize("earlier", [False, True], ids=["a new dataset", "in place of an earlier one"])
def test_killed_at_any_operation_it_can_be_taken_up_to_the_same_bytes(tmp_path: Path, earlier: bool) -> None:
    raw, out, start, due = (tmp_path / name for name in ("raw", "killed", "start", "due"))
    chosen = ["--truth", "4x8", "--inputs", "3x2x4", "--variables", "temperature,vx"]
    chosen += ["--licence", "CC0-1.0"]

    def with_the_programs_provenance(folder: Path) -> None:
        text = (folder / "dataset.json").read_text().replace('"source": "raw"', '"source": "test"')
        (folder / "dataset.json").write_text(text)

    if earlier:
        assert prepare(raw_folder(raw, factor=2), *chosen, "--out", start) == 0
        with_the_programs_provenance(start)
    assert prepare(raw_folder(raw), *chosen, "--out", due) == 0
    with_the_programs_provenance(due)
    done = subprocess.run(
        [sys.executable, "-c", KILLED_EVERYWHERE, *map(str, (raw, out, start, due))],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30


def test_killed_with_its_workers_it_can_be_taken_up(tmp_path: Path) -> None:
    raw, killed, due = tmp_path / "raw", tmp_path / "killed", tmp_path / "due"
    raw_folder(raw, steps=12)
    command = [sys.executable, "-m", "earthgan.cli", "prepare", str(raw), *MEDIUM, "--workers", "2", "--out"]
    process = subprocess.Popen([*command, str(killed)], cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(killed.glob("steps/[0-9]*"))) < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / "dataset.json").exists()
    assert prepare(raw, *MEDIUM, "--out", killed) == 0  # by one process: the bytes do not depend on how many
    done = subprocess.run([*command, str(due)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert contents(killed) == contents(due)


def test_a_second_run_makes_nothing_and_a_changed_file_is_made_anew(tmp_path: Path, capsys) -> None:
    raw, out, report = raw_folder(tmp_path / "raw"), tmp_path / "out", tmp_path / "report.json"
    assert prepare(raw, *SMALL, "--out", out, "--json", report) == 0
    assert json.loads(report.read_text())["made"] == 3
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert prepare(raw, *SMALL, "--out", out) == 0
    assert "0 steps were made, 3 existed already" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    os.utime(raw / "spherical001.nc")  # younger, but the same
    write_contest_file(raw / "spherical002.nc", spoil=lambda values: values + 7)
    damaged = next(out.glob("steps/003-*/vx.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-4] + b"ruin")
    assert prepare(raw, *SMALL, "--out", out, "--json", report) == 0
    assert json.loads(report.read_text())["made"] == 2
    assert len(list(out.glob("steps/*"))) == 3
    Dataset(out).verify()
    fresh = tmp_path / "fresh"
    assert prepare(raw, *SMALL, "--out", fresh) == 0
    assert contents(out) == contents(fresh)


def test_other_settings_and_lost_steps_need_overwrite(tmp_path: Path, capsys) -> None:
    raw, out = raw_folder(tmp_path / "raw"), tmp_path / "out"
    assert prepare(raw, *SMALL, "--out", out) == 0
    before = contents(out)
    assert prepare(raw, *SMALL[2:], "--out", out) == 1
    assert "other settings" in capsys.readouterr().err
    assert prepare(raw, *SMALL, "--steps", "1-2", "--out", out) == 1
    assert "holds step 3, which would be lost" in capsys.readouterr().err
    assert contents(out) == before
    assert prepare(raw, *SMALL, "--steps", "1-2", "--out", out, "--overwrite") == 0
    assert [step.t for step in Dataset(out).spec.steps] == [1, 2]
    assert len(list(out.glob("steps/*"))) == 2
