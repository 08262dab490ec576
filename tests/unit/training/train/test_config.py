"""Presets are typed, and unknown keys are refused with one line."""

from pathlib import Path

import pytest

from earthgan.errors import BadInput
from earthgan_training.train.config import PRESETS, Width, read_preset


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_read(name: str) -> None:
    config = read_preset(name)
    assert config.steps == config.content.steps + config.adversarial.steps > 0


def test_the_papers_constants() -> None:
    config = read_preset("paper")
    assert config.optimiser.betas == (0.0, 0.9)
    assert config.content.learning_rate == config.adversarial.critic_learning_rate == 1e-4
    assert (config.adversarial.critic_steps, config.adversarial.penalty, config.batch) == (5, 10.0, 1)
    assert config.samples.patch == (198, 118, 38)


def test_one_value_is_changed() -> None:
    config = read_preset("debug", ["adversarial.steps=7", "precision=bfloat16", "samples.patch=[1, 2, 3]"])
    assert (config.adversarial.steps, config.precision, config.samples.patch) == (7, "bfloat16", (1, 2, 3))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("adversarial.stepz=7", "debug: adversarial.stepz: Extra inputs are not permitted"),
        ("critic.every=2", "debug: critic: only a lateral critic can look at some shells only"),
        ("batch=0", "debug: batch: Input should be greater than or equal to 1"),
        ("seed.x=1", "--set seed.x=1: seed is not a section"),
        ("batch", "--set batch: expected KEY=VALUE, such as adversarial.steps=100"),
    ],
)
def test_what_is_not_known_is_refused_in_one_line(change: str, line: str) -> None:
    changes = ["seed=1", change] if change.startswith("seed") else [change]
    with pytest.raises(BadInput) as error:
        read_preset("debug", changes)
    assert str(error.value) == line


def test_a_file_is_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("unknown = 1\n")
    with pytest.raises(BadInput, match=r"mine\.toml: "):
        read_preset(str(path))
    path.write_text("not = [toml")
    with pytest.raises(BadInput, match="is not TOML"):
        read_preset(str(path))
    with pytest.raises(BadInput, match="is neither a preset"):
        read_preset(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("cap", [64, 128, 256, 512])
def test_channels_double_up_to_the_cap(cap: int) -> None:
    channels = [Width(base=64, cap=cap).channels(level) for level in range(4)]
    assert channels == [min(64 * 2**level, cap) for level in range(4)]
