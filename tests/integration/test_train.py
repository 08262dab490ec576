"""`earthgan train`: it makes a surrogate that serves. A run that is killed and continued, or spread over processes,
gives the same weights.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.cli import main
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.surrogates.folder import WEIGHTS_FILE
from earthgan_training.train.config import PRESETS
from places import PUBLISHED
from training_data import make_dataset

#: The parts of every preset, at a size that takes seconds.
TINY = [
    *("content.steps=3", "adversarial.steps=3", "batch=2", "samples.patch=[36, 36, 36]", "validation_samples=1"),
    *("generator.width={base = 2, cap = 4}", "critic.width={base = 2, cap = 4}", "adversarial.critic_steps=2"),
    *("generator.blocks=2", "samples.every=1", "precision=float32"),
]

#: Trains in forked processes, so that a run costs little. The first run goes to its end. The second is killed after a
#: step, killed again when a checkpoint is renamed, and then continued to its end.
KILLED = """
import os, sys
from pathlib import Path
import matplotlib.backends.backend_agg, matplotlib.figure, onnxruntime, torch, torch.utils.tensorboard
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.train.config import read_preset
from earthgan_training.train.parallel import processes
from earthgan_training.train.run import train

torch.set_num_threads(1)
data, folder = Path(sys.argv[1]), Path(sys.argv[2])
config = read_preset("debug", sys.argv[3:])

def forked(run, config, kill_at=None, kill_in=None):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    def watch(progress):
        if progress.step == kill_at:
            os.kill(os.getpid(), 9)
    def hook(event, arguments):
        if event == "os.rename" and str(arguments[1]).endswith(f"{kill_in}.safetensors"):
            os.kill(os.getpid(), 9)
    if kill_in:
        sys.addaudithook(hook)
    try:
        with processes("cpu") as ours:
            train(Dataset(data), run, config, ours, watch=watch)
    except BaseException as error:
        print(error, file=sys.stderr)
        os._exit(1)
    os._exit(0)

assert forked(folder / "whole", config) == 0
for step in (1, 3, 4):
    run = folder / f"killed-{step}"
    assert forked(run, config, kill_at=step) == 9
    assert forked(run, None, kill_in="last" if step % 2 else "best") == 9
    assert forked(run, None) == 0
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("train"))


def train(data: Path, run: Path, *arguments: object, sets: list[str] = TINY) -> int:
    changes = [word for change in sets for word in ("--set", change)]
    return main(["train", "--data", str(data), "--out", str(run), "--device", "cpu", *map(str, arguments), *changes])


def weights(run: Path, name: str = "last") -> dict[str, np.ndarray]:
    return load_file(run / "checkpoints" / f"{name}.safetensors")


def lines(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains_to_a_surrogate_that_serves(
    preset: str, data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if preset not in (
        "debug",
        "small",
    ):  # the residual generator gives the truth's shells: more of them, for the critic
        data = make_dataset(tmp_path, steps=2, paper=preset.startswith("paper"), shells=40)
    run, result = tmp_path / "run", tmp_path / "result.json"
    assert train(data.folder, run, "--preset", preset, "--json", result) == 0, capsys.readouterr().err
    told = json.loads(result.read_text())
    assert (told["step"], told["finished"]) == (6, True)
    numbers = lines(run)
    assert [line["step"] for line in numbers] == [1, 2, 3, 4, 5, 6]
    assert [line["stage"] for line in numbers] == ["content"] * 3 + ["adversarial"] * 3
    assert {"critic/real", "critic/fake", "adversarial", "gradient_norm/critic"} <= set(numbers[-1])
    assert any((run / "tensorboard").iterdir())
    assert [path.name for path in sorted((run / "figures").iterdir())] == ["000003.png", "000006.png"]
    about = json.loads((run / "run.json").read_text())
    assert {"seed", "source_sha256", "data_sha256", "git", "packages", "micro_batch"} <= set(about)
    assert main(["figures", "--training", str(run), "--out", str(tmp_path / "drawn")]) == 0
    with Image.open(tmp_path / "drawn" / "training.gif") as film:
        assert film.n_frames == 2
    assert (tmp_path / "drawn" / "training.png").exists()

    surrogate = Surrogate(run / "surrogate")
    all_steps = preset != "gan"  # this one keeps the held-out steps, and half of each weight's bytes
    held_out = [step.t for step in data.spec.steps if all_steps or step.t in data.spec.split.held_out]
    assert [step.t for step in surrogate.steps] == held_out
    best = weights(run, "best")
    for name, stored in load_file(run / "surrogate" / WEIGHTS_FILE).items():
        assert stored.dtype == (np.float32 if all_steps else np.float16)
        np.testing.assert_array_equal(stored, best[f"average.{name}"].astype(stored.dtype))
    shell = surrogate.shells(onnx_backend(surrogate), surrogate.variables, held_out[0], [5])
    assert np.isfinite(shell).all()
    assert surrogate.spec.provenance.training_data_sha256 == about["data_sha256"]


def test_an_estimate_says_what_a_run_takes_and_starts_none(
    data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [word for change in (*TINY, "content.steps=300") for word in ("--set", change)]
    told = tmp_path / "told.json"
    asked = ["train", "--data", str(data.folder), "--estimate", "--preset", "debug", "--json", str(told), *changes]
    assert main([*asked, "--device", "cpu"]) == 0
    found = json.loads(told.read_text())
    assert found["content_s"] > 0
    assert found["total_s"] == pytest.approx(300 * found["content_s"] + 3 * found["adversarial_s"])
    assert "300 content updates" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [told]
    assert main([*asked, "--out", str(tmp_path / "run")]) == 2
    assert main(["train", "--data", str(data.folder)]) == 2


def test_content_falls_and_scores_stay_bounded(data: Dataset, tmp_path: Path) -> None:
    sets = [*TINY, "content.steps=30", "adversarial.steps=10", "content.learning_rate=2e-2"]
    assert train(data.folder, tmp_path / "run", "--preset", "debug", sets=sets) == 0
    numbers = lines(tmp_path / "run")
    first, *_, last = (line["content/charbonnier"] for line in numbers if line["stage"] == "content")
    assert last < first / 2
    assert all(abs(line[f"critic/{each}"]) < 10 for line in numbers[30:] for each in ("real", "fake"))


def test_killed_at_any_step_it_goes_on_to_the_same_weights(data: Dataset, tmp_path: Path) -> None:
    sets = [*TINY, "checkpoint_every=2", "validate_every=3", "adversarial.critic_steps=1"]
    sets += ["content.steps=3", "adversarial.steps=2"]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(data.folder), str(tmp_path), *sets],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    due = {name: (tmp_path / "whole" / "checkpoints" / f"{name}.safetensors").read_bytes() for name in ("last", "best")}
    for step in (1, 3, 4):
        run = tmp_path / f"killed-{step}"
        for name, stored in due.items():
            assert (run / "checkpoints" / f"{name}.safetensors").read_bytes() == stored, (step, name)
        assert [line["step"] for line in lines(run)] == [1, 2, 3, 4, 5]
        assert (run / "surrogate" / "spec.json").read_bytes() == (tmp_path / "whole/surrogate/spec.json").read_bytes()


def test_two_processes_are_one_with_the_same_batch(data: Dataset, tmp_path: Path) -> None:
    sets = [*TINY, "content.steps=10", "adversarial.steps=10", "adversarial.loss=wgan-gp", "adversarial.critic_steps=1"]
    assert train(data.folder, tmp_path / "one", "--preset", "debug", sets=sets) == 0
    changes = [word for change in sets for word in ("--set", change)]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "earthgan.cli", "train", "--preset", "debug", "--data", str(data.folder), "--device", "cpu"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "two"), *changes],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, atol=1e-5, err_msg=name)
    moved = weights(tmp_path / "one", "content")
    assert any(np.abs(value - moved[name]).max() > 1e-3 for name, value in one.items() if name.startswith("generator"))


def test_published_weights_are_loaded_and_take_a_step(published_folder: Path, tmp_path: Path) -> None:
    data = make_dataset(tmp_path, steps=1, paper=True)
    sets = ["content.steps=1", "adversarial.steps=1", "adversarial.critic_steps=1", "samples.patch=[36, 36, 36]"]
    sets += ["validation_samples=1"]
    run = tmp_path / "run"
    assert train(data.folder, run, "--preset", "paper", "--weights", published_folder, sets=sets) == 0
    assert PUBLISHED.is_dir()
    before, after = load_file(published_folder / WEIGHTS_FILE), weights(run)
    for name, value in before.items():
        change = np.abs(after[f"generator.{name}"] - value).max()
        assert 0 < change <= 2.4e-4, name  # two updates of Adam at 1e-4, of betas 0 and 0.9


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_trains(precision: str, data: Dataset, tmp_path: Path) -> None:
    sets = [f"precision={precision}", "content.steps=1", "adversarial.steps=1", "adversarial.critic_steps=1"]
    assert train(data.folder, tmp_path / "run", "--preset", "debug", sets=[*TINY, *sets]) == 0
    assert all(np.isfinite(value).all() for value in weights(tmp_path / "run").values())


def test_temperature_alone_is_trained(data: Dataset, tmp_path: Path) -> None:
    sets = [*TINY, "variables=['temperature']", "adversarial.steps=0"]
    assert train(data.folder, tmp_path / "run", "--preset", "debug", sets=sets) == 0
    assert Surrogate(tmp_path / "run" / "surrogate").variables == ("temperature",)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    line = capsys.readouterr().err.strip()
    assert line.startswith("earthgan: ")
    assert "\n" not in line
    return line


def test_what_cannot_be_is_refused_in_one_line(
    data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert train(tmp_path, run) == 1
    assert "dataset.json: cannot be read" in one_line(capsys)
    assert train(data.folder, run, "--preset", "debug", sets=["generator.wings=2"]) == 1
    assert "debug: generator.wings: Extra inputs are not permitted" in one_line(capsys)
    assert train(data.folder, run, "--preset", "debug", "--device", "cuda:7") == 1
    assert "--device cuda:7: is not available" in one_line(capsys)
    assert train(data.folder, run, "--preset", "debug", "--max-memory-gb", 0.1) == 1
    assert "--max-memory-gb 0.1: one sample takes about" in one_line(capsys)
    assert train(data.folder, run, "--preset", "paper", sets=TINY) == 1
    assert "was prepared with the preset default, but training needs paper" in one_line(capsys)
    assert train(data.folder, run, "--resume", sets=[]) == 1
    assert "is not a run that can be continued" in one_line(capsys)
    assert train(data.folder, run, "--preset", "debug", sets=[*TINY, "samples.patch=[36, 35, 36]"]) == 1
    assert "the critic needs 36 cells" in one_line(capsys)
    assert not run.exists()


def test_a_run_goes_on_with_its_own_data_only(
    data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    sets = [*TINY, "content.steps=2", "adversarial.steps=0"]
    assert train(data.folder, run, "--preset", "debug", sets=sets) == 0
    before = weights(run)
    assert train(data.folder, run, "--preset", "debug", sets=sets) == 1
    assert "exists already" in capsys.readouterr().err
    other = make_dataset(tmp_path / "other", steps=3, seed=1)
    assert train(other.folder, run, "--resume", sets=[]) == 1
    assert "was trained on a data set other than" in one_line(capsys)
    assert train(data.folder, run, "--resume") == 2
    assert "leave out the options that would change it" in one_line(capsys)
    for name, value in weights(run).items():
        np.testing.assert_array_equal(value, before[name])


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_its_checkpoint(
    data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    sets = [*TINY, "content.steps=8", "content.learning_rate=1e25", "checkpoint_every=1", "adversarial.steps=0"]
    assert train(data.folder, run, "--preset", "debug", sets=sets) == 1
    line = one_line(capsys)
    assert "the generator's loss is not finite (time step " in line
    assert "the checkpoint of step" in line
    assert all(np.isfinite(value).all() for value in weights(run).values())


def test_a_full_disk_stops_the_run_and_keeps_its_checkpoint(data: Dataset, tmp_path: Path) -> None:
    """From its first step on, no file may grow more than 20 kB beyond the size of a checkpoint. So the first checkpoint
    is whole, and the surrogate is never begun.
    """
    program = """
import resource, sys
from earthgan.cli import main
def hook(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("config.json"):  # the run has begun
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
sys.addaudithook(hook)
sys.exit(main(sys.argv[1:]))
"""
    run = tmp_path / "run"
    arguments = ["train", "--preset", "debug", "--data", str(data.folder), "--out", str(run), "--device", "cpu"]
    sets = [*TINY, "generator.width={base = 8, cap = 8}"]
    arguments += [word for change in sets for word in ("--set", change)]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith("cannot be written (File too large)")
    assert not list(run.rglob("*.part"))
