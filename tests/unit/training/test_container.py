"""What the training container does without a command."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import zipfile
from pathlib import Path

import pytest

from earthgan import Surrogate
from earthgan.cli import make_parser
from earthgan_training import container
from earthgan_training.container import chain, main, publish, run
from earthgan_training.simulate.parameters import PRESETS as SIMULATIONS
from earthgan_training.train.config import PRESETS
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE


@pytest.mark.parametrize("simulation", ["", *SIMULATIONS])
@pytest.mark.parametrize("preset", PRESETS)
def test_each_command_reads_what_the_one_before_wrote(preset: str, simulation: str, tmp_path: Path) -> None:
    commands, surrogate = chain({"EARTHGAN_TRAIN": preset, "EARTHGAN_SIMULATION": simulation}, tmp_path)
    simulate, prepare, train = (make_parser().parse_args(command) for command in commands)

    assert [str(simulate.out)] == prepare.source
    assert prepare.out == train.data
    assert surrogate == train.out / "surrogate"
    assert train.preset == preset
    assert not simulation or simulate.preset == simulation


def test_a_run_that_was_begun_is_continued(tmp_path: Path) -> None:
    settings = {"EARTHGAN_TRAIN": "debug"}
    train = make_parser().parse_args(chain(settings, tmp_path)[0][-1])
    train.out.mkdir(parents=True)
    (train.out / "config.json").write_text("{}")

    again = make_parser().parse_args(chain(settings, tmp_path)[0][-1])

    assert (again.out, again.resume, again.preset) == (train.out, True, None)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"EARTHGAN_TRAIN": "large"}, "EARTHGAN_TRAIN"),
        ({"EARTHGAN_TRAIN": " debug"}, "EARTHGAN_TRAIN"),
        ({"EARTHGAN_TRAIN": "../debug"}, "EARTHGAN_TRAIN"),
        ({"EARTHGAN_TRAIN": "debug", "EARTHGAN_SIMULATION": "moon"}, "EARTHGAN_SIMULATION"),
    ],
)
def test_another_name_is_one_line_and_nothing_is_made(
    settings: dict[str, str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf, data = tmp_path / "shelf", tmp_path / "data"

    assert main(settings, DEFAULT_SURROGATE, shelf, data) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"earthgan: {name}: {settings[name]!r} is none of the presets ")
    assert not shelf.exists()
    assert not data.exists()


def test_a_command_that_fails_ends_the_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(container, "run", lambda command: ran.append(command[0]) or 7 * (command[0] == "prepare"))

    assert main({"EARTHGAN_TRAIN": "debug"}, DEFAULT_SURROGATE, tmp_path / "shelf", tmp_path) == 7

    assert ran == ["simulate", "prepare"]
    assert not (tmp_path / "shelf").exists()


@pytest.mark.parametrize("train", [{}, {"EARTHGAN_TRAIN": ""}])
def test_without_a_preset_the_given_surrogate_is_packed(train: dict[str, str], tmp_path: Path) -> None:
    assert main(train, BASELINE_SURROGATE, tmp_path / "shelf", tmp_path / "data") == 0

    assert shelved(tmp_path / "shelf") == Surrogate(BASELINE_SURROGATE).digest
    assert not (tmp_path / "data").exists()


def test_folder_and_archive_hold_one_surrogate_also_after_a_change(tmp_path: Path) -> None:
    digests = []
    for surrogate in (BASELINE_SURROGATE, DEFAULT_SURROGATE, DEFAULT_SURROGATE):
        publish(surrogate, tmp_path)
        digests.append(shelved(tmp_path))

    assert digests[0] == Surrogate(BASELINE_SURROGATE).digest
    assert digests[0] != digests[1] == digests[2]


def shelved(shelf: Path) -> str:
    """The digest of the surrogate on the shelf, which the folder and the archive share."""
    surrogate = Surrogate(shelf / "surrogate")
    with zipfile.ZipFile(shelf / "earthgan.mar") as archive:
        assert archive.read("spec.json") == (shelf / "surrogate" / "spec.json").read_bytes()
        assert json.loads(archive.read("MAR-INF/MANIFEST.json"))["model"]["modelName"] == "earthgan"
    return surrogate.digest


def test_a_stop_reaches_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\ntrap 'exit 130' TERM\ntouch {tmp_path}/began\nwhile :; do sleep 0.05; done\n")
    program.chmod(0o755)
    monkeypatch.setattr(container.sys, "executable", str(program))
    before = signal.getsignal(signal.SIGTERM)

    def stop() -> None:
        while not (tmp_path / "began").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop)
    stopper.start()
    assert run(["train"]) == 130
    stopper.join()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_command_that_lacks_memory_says_which_setting_gives_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(container.sys, "executable", str(program))

    assert main({"EARTHGAN_TRAIN": "debug"}, DEFAULT_SURROGATE, tmp_path / "shelf", tmp_path / "data") == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line == "earthgan: earthgan simulate was killed: it may need more memory (EARTHGAN_TRAINING_MEMORY)"
