"""The objective with two draws of a sample is the fair CRPS, and a reward in between asks for less spread."""

from pathlib import Path

import pytest
import torch

from earthgan_training.train.config import read_preset
from earthgan_training.train.objective import Objective
from earthgan_training.train.parallel import processes
from earthgan_training.train.samples import Batch, make_batch
from earthgan_training.train.setup import set_up
from training_data import make_dataset

ABSOLUTE = "adversarial.content_weights={ charbonnier = 1.0, gradient = 0.0, spectrum = 0.0 }"


class Draws(Objective):
    """Draws that are known: the ground truth and an error of its own for each."""

    first: torch.Tensor
    second: torch.Tensor

    def predict(self, batch: Batch, again: bool = False) -> torch.Tensor:
        return batch.truth + batch.spread * (self.second if again else self.first)


@pytest.mark.parametrize("reward", [1.0, 0.5, 0.0])
def test_the_reward_says_how_far_draws_differ(tmp_path: Path, reward: float) -> None:
    """Errors are a common part, which no draw can know, and a part of each draw, `s` times as large. The loss is
    smallest where the derivative of `sqrt(1 + s**2) - reward * s / sqrt(2)` vanishes: at 1 for the full reward.
    """
    changes = ["adversarial.draws=2", f"adversarial.reward={reward}", ABSOLUTE, "max_memory_gb=8"]
    config = read_preset("debug", changes)
    data = make_dataset(tmp_path, steps=3)
    with processes("cpu") as ours:
        trainer = set_up(data, config, ours, None, {"samples.patch", "generator.blocks"})
    batch = make_batch([trainer.samples.draw(0, 0, 0, twice=True)], trainer.scales, torch.device("cpu"))
    objective = Draws(trainer.generator, trainer.critic, trainer.config)
    torch.manual_seed(0)
    common, one, other = (torch.randn(batch.truth.shape) for _ in range(3))

    def loss(s: float) -> float:
        objective.first, objective.second = common + s * one, common + s * other
        terms = objective._content_of_draws(objective.predict(batch), batch)
        assert set(terms) == {"content/charbonnier", "between/charbonnier"}
        return sum(weight * float(term) for weight, term in terms.values())

    shares = torch.linspace(0, 1.5, 31).tolist()
    best = min(shares, key=loss)
    assert best == pytest.approx(((reward**2 / 2) / (1 - reward**2 / 2)) ** 0.5, abs=0.11)


def test_equal_draws_are_one_draw(tmp_path: Path) -> None:
    config = read_preset("debug", ["adversarial.draws=2", "max_memory_gb=8"])
    data = make_dataset(tmp_path, steps=3)
    with processes("cpu") as ours:
        trainer = set_up(data, config, ours, None, {"samples.patch", "generator.blocks"})
    batch = make_batch([trainer.samples.draw(0, 0, 0, twice=True)], trainer.scales, torch.device("cpu"))
    objective = Draws(trainer.generator, trainer.critic, trainer.config)
    objective.first = objective.second = torch.randn(batch.truth.shape)
    terms = objective._content_of_draws(objective.predict(batch), batch)
    alone = objective.content_of(objective.predict(batch), batch)
    for name, (weight, term) in alone.items():
        assert terms[name][0] == weight
        torch.testing.assert_close(terms[name][1], term)
        if f"between/{name.split('/')[1]}" in terms:
            assert float(terms[f"between/{name.split('/')[1]}"][1]) < 1e-6
