"""The disk is full while a command writes, and training is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from earthgan_training.surrogates.archive import archive
from faults.rows import Measured, fault
from gateway_server import EARTHGAN, environment
from integration.test_train import TINY
from integration.torchserve_server import SERVICE
from places import BASELINE_SURROGATE, ROOT
from preparation import SMALL, contents, prepare, raw_folder
from training_data import make_dataset

pytestmark = [pytest.mark.alone, pytest.mark.drill]

#: Runs a command with a small file system of its own in place of a folder. In the beginning it holds what the folder
#: `before` holds, and in the end all of it is copied to the folder `after`. How many bytes were used is written beside
#: it.
ON_A_SMALL_DISK = """
mount -t tmpfs -o size="$1" tmpfs "$2" && cp -r "$3"/. "$2" || exit 77
place=$2 after=$4
shift 4
df --output=used -B1 "$place" >"$after.used"
"$@"
status=$?
df --output=used -B1 "$place" >>"$after.used"
cp -r "$place"/. "$after" || exit 77
exit $status
"""


@dataclass(frozen=True)
class Writer:
    """A command that writes into a folder, what the folder held before, and the options that it is called with."""

    before: Path
    options: tuple[str, ...]
    place: Path

    def on_a_disk_of(self, size: int, after: Path) -> subprocess.CompletedProcess[str]:
        after.mkdir(parents=True)
        words = [str(size), str(self.place), str(self.before), str(after), *EARTHGAN, *self.options]
        done = subprocess.run(
            ["unshare", "-Umr", "sh", "-c", ON_A_SMALL_DISK, "sh", *words],
            env=environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode in (1, 77) and ("unshare" in done.stderr or "mount:" in done.stderr):
            pytest.skip("this machine allows no file system of one's own")
        assert done.returncode != 77, done.stderr
        return done


def used(after: Path) -> tuple[int, int]:
    """The bytes that were used before the command and after it."""
    first, last = (int(line) for line in after.with_name(f"{after.name}.used").read_text().split() if line.isdigit())
    return first, last


def writers(folder: Path) -> dict[str, Writer]:
    """A command of each kind. Each finds an earlier artefact of its kind beside what it writes, or in its place."""
    raw = raw_folder(folder / "raw")
    data = make_dataset(folder / "data").folder
    place = folder / "place"
    place.mkdir()
    before = {name: folder / f"before-{name}" for name in ("preparing", "archiving", "training")}
    assert prepare(raw, *SMALL, "--out", before["preparing"] / "earlier") == 0
    before["archiving"].mkdir()
    archive(BASELINE_SURROGATE, before["archiving"] / "earthgan.mar", SERVICE / "handler.py")
    train = ["train", "--preset", "debug", "--data", str(data), "--device", "cpu"]
    train += [word for change in TINY for word in ("--set", change)]
    done = subprocess.run(
        [*EARTHGAN, *train, "--out", str(before["training"] / "earlier")], env=environment(), check=False
    )
    assert done.returncode == 0
    archiving = ("archive", str(ROOT / "model_store" / "gan"), "--out", str(place / "earthgan.mar"))
    return {
        "preparing": Writer(
            before["preparing"], ("prepare", str(raw), *SMALL, "--workers", "0", "--out", str(place / "new")), place
        ),
        "archiving": Writer(before["archiving"], archiving, place),
        "training": Writer(before["training"], (*train, "--out", str(place / "new")), place),
    }


#: The room on the disk, as shares of what the command writes.
ROOM = (0.02, 0.4, 0.8)


@fault(
    "24",
    "the disk is full while preparing, training or archiving",
    "exit 1 with one line; earlier artefacts intact; nothing half-written",
)
def test_a_full_disk_costs_nothing_that_was_there(measured: Measured, tmp_path: Path) -> None:
    clear = lost = runs = 0
    for name, writer in writers(tmp_path).items():
        whole = tmp_path / f"whole-{name}"
        done = writer.on_a_disk_of(2**30, whole)
        assert done.returncode == 0, done.stderr
        earlier, (first, last) = contents(writer.before), used(whole)
        for share in ROOM:
            after = tmp_path / f"after-{name}-{share}"
            done = writer.on_a_disk_of(int(first + share * (last - first)), after)
            runs += 1
            said = done.stderr.strip().splitlines()
            print(name, share, done.returncode, said[-1:])
            clear += done.returncode == 1 and "Traceback" not in done.stderr and "No space left" in said[-1]
            found = contents(after)
            lost += any(found.get(file) != content for file, content in earlier.items())
            assert not [path for path in after.rglob("*") if path.name.endswith(".part")]
    measured(f"{clear} of {runs} told; {lost} lost")
    assert not lost
    assert clear == runs


def steps_of(run: Path) -> int:
    """The number of steps that a run has written down."""
    path = run / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def train_until(run: Path, options: Sequence[str], step: int | None) -> int:
    """Train, and kill the process as soon as it has written down a step. Returns its exit status."""
    process = subprocess.Popen([*EARTHGAN, "train", *options], env=environment(), stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            if step is not None and steps_of(run) >= step:
                process.kill()
                break
            time.sleep(0.005)
        return process.wait(300)
    finally:
        process.kill()


@fault(
    "25",
    "training is killed after each of its steps, and continued",
    "the weights of a run that was not killed, in each bit",
)
def test_killed_training_goes_on_to_the_same_weights(measured: Measured, tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "data").folder
    sets = [*TINY, "checkpoint_every=2", "validate_every=3", "content.steps=3", "adversarial.steps=2"]
    first = ["--preset", "debug", "--data", str(data), "--device", "cpu"]
    first += [word for change in sets for word in ("--set", change)]
    assert train_until(tmp_path / "whole", [*first, "--out", str(tmp_path / "whole")], None) == 0
    kills, killed_at = 0, []
    for step in range(1, 6):
        run = tmp_path / f"killed-{step}"
        if train_until(run, [*first, "--out", str(run)], step) == -signal.SIGKILL:
            kills += 1
            killed_at.append(steps_of(run))
            assert train_until(run, ["--resume", "--data", str(data), "--out", str(run)], None) == 0
    due = [f"checkpoints/{name}.safetensors" for name in ("last", "best")]
    due += [str(path.relative_to(tmp_path / "whole")) for path in (tmp_path / "whole" / "surrogate").rglob("*.*")]
    wrong = [
        f"{step}: {file}"
        for step in range(1, 6)
        for file in due
        if (tmp_path / f"killed-{step}" / file).read_bytes() != (tmp_path / "whole" / file).read_bytes()
    ]
    lines = [json.loads(line)["step"] for line in (tmp_path / "killed-3" / "metrics.jsonl").read_text().splitlines()]
    measured(
        f"{kills} kills, after steps {', '.join(map(str, killed_at))}; {len(wrong)} of {5 * len(due)} files differ"
    )
    assert kills >= 4
    assert not wrong
    assert lines == [1, 2, 3, 4, 5]
