"""From an empty folder to a tile of a trained generator, in containers: `EARTHGAN_TRAIN=debug docker compose up`."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from compose.stack import Stack, made_stack
from compose.test_compose import TOLERANCE
from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan_training.train.config import PRESETS

pytestmark = pytest.mark.compose

RUN = "/data/quick/run-debug"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack whose training was stopped once, and that then went up with the generator that it trained."""
    with made_stack(EARTHGAN_TRAIN="debug") as stack:
        stack.compose("up", "--detach", "--build", "training")
        until_it_trains(stack)
        stack.compose("stop", "training")
        assert stack.container("training").attrs["State"]["ExitCode"] == 130
        stack.compose("up", "--detach", "--wait")
        yield stack


def until_it_trains(stack: Stack, seconds: float = 1800) -> None:
    give_up = time.monotonic() + seconds
    while stack.container("training").exec_run(["test", "-s", f"{RUN}/metrics.jsonl"]).exit_code:
        assert time.monotonic() < give_up, stack.container("training").logs().decode()
        time.sleep(1)


@pytest.fixture(scope="module")
def trained(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Surrogate:
    """The surrogate as the run left it, copied out of the volume as an operator would."""
    folder: Path = tmp_path_factory.mktemp("trained") / "surrogate"
    stack.compose("cp", f"training:{RUN}/surrogate", str(folder))
    return Surrogate(folder)


def test_a_run_that_was_stopped_went_on(stack: Stack) -> None:
    told = stack.container("training").logs().decode()

    assert told.count(f"earthgan train --data /data/quick/dataset-default --out {RUN} --preset debug") == 1
    assert told.count(f"earthgan train --data /data/quick/dataset-default --out {RUN} --resume") == 1
    assert told.count("--resume continues the run") == 1


def test_a_tile_is_computed_by_the_generator_that_was_trained(stack: Stack, trained: Surrogate) -> None:
    step, shell = trained.steps[-1].t, trained.grid.shape[0] // 2
    variable = trained.spec.variables[0]
    low, high = variable.range

    tile = stack.get(f"/tiles/{variable.name}/{step}/{shell}/1/0/1.png")
    values = np.load(io.BytesIO(stack.get(f"/shells/{variable.name}/{step}/{shell}.npy").content))
    names = (variable.name,)
    due = trained.in_units(trained.shells(onnx_backend(trained), names, step, [shell]), names)[0, 0]

    assert trained.spec.generator.arguments.preset == "paper"
    assert tile.status_code == 200
    assert tile.headers["earthgan-surrogate"] == trained.digest
    np.testing.assert_allclose(values, due, atol=TOLERANCE * (high - low), rtol=0)


def test_any_command_runs_in_the_container_that_trains(stack: Stack) -> None:
    told = stack.compose(
        "run", "--rm", "training", *f"earthgan train --data quick/dataset-default --out {RUN} --resume".split()
    )

    assert "gain over interpolation" in told


def test_a_setting_that_names_no_preset_is_one_line(stack: Stack) -> None:
    told = stack.compose("run", "--rm", "--env", "EARTHGAN_TRAIN=large", "training", status=1)

    due = f"earthgan: EARTHGAN_TRAIN: 'large' is none of the presets {', '.join(PRESETS)}"
    assert told.splitlines()[-1] == due
