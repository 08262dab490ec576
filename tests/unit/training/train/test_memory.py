"""The memory of an update is counted without computing the update, and is kept under a limit."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn

from earthgan.errors import BadInput
from earthgan_training.train.config import TrainConfig, read_preset
from earthgan_training.train.critic import Critic
from earthgan_training.train.memory import PROGRAM_GB, Fit, checkpoint_blocks, fit, peak_bytes
from earthgan_training.train.objective import Objective
from earthgan_training.train.samples import Samples, make_batch
from earthgan_training.train.task import make_network, make_task
from training_data import make_dataset


def test_what_is_alive_is_counted() -> None:
    """Two tensors of a megabyte are kept for the gradient of a product; a third holds the result."""
    weight = torch.ones(2**18, device="meta", requires_grad=True)

    def terms():
        yield {"loss": (1.0, (torch.ones(2**18, device="meta") * weight * weight).sum(dim=0, keepdim=True))}

    assert 3 * 2**20 <= peak_bytes(terms) <= 6 * 2**20


def fitted(tmp_path: Path, config: TrainConfig, largest: int, paper: bool = False) -> Fit:
    data = make_dataset(tmp_path, steps=2, paper=paper)
    task = make_task(data, config)
    samples = Samples(data, task, config.samples, seed=0)
    batch = make_batch([samples.draw(0, 0, 0)], samples.scales(), torch.device("cpu"))
    return fit(make_network(task), Critic(4, config.critic.width), batch, config, largest, torch.device("cpu"))


def test_smaller_caps_make_smaller_batches_and_none_too_small_is_taken(tmp_path: Path) -> None:
    caps = {}
    for index, cap in enumerate((100.0, 1.02, 0.96)):
        config = read_preset("debug", [f"max_memory_gb={cap}"])
        caps[cap] = fitted(tmp_path / str(index), config, largest=8)
        assert caps[cap].expected_gb <= cap
    sizes = [each.micro_batch for each in caps.values()]
    assert sizes[0] == 8
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 8
    with pytest.raises(BadInput, match=r"--max-memory-gb 0\.5: one sample takes about 0\.9 GB"):
        fitted(tmp_path / "none", read_preset("debug", ["max_memory_gb=0.5"]), largest=8)


def test_the_papers_patch_trains_under_six_gigabytes_and_in_batches_under_twelve(tmp_path: Path) -> None:
    """The memory depends on the patch, 198 x 118 x 38. The data have as many shells, and enough cells to fill it."""
    config = read_preset("paper", ["batch=2"])
    task = make_task(data := make_dataset(tmp_path, steps=1, paper=True), config)
    small = Samples(data, task, config.samples.model_copy(update={"patch": (198, 38, 38)}), seed=0)
    scales = small.scales()
    batch = make_batch([small.draw(0, 0, 0)], scales, torch.device("cpu"))
    networks = make_network(task), Critic(4, config.critic.width)
    third = fit(*networks, batch, config, 1, torch.device("cpu"))
    whole = PROGRAM_GB + (third.expected_gb - PROGRAM_GB) * 118 / 38
    assert whole < 6
    assert PROGRAM_GB + 2 * (whole - PROGRAM_GB) < 12 == config.max_memory_gb


def test_a_block_computed_again_gives_the_same_gradient(tmp_path: Path) -> None:
    config = read_preset("debug")
    data = make_dataset(tmp_path, steps=2)
    task = make_task(data, config)
    samples = Samples(data, task, config.samples, seed=0)
    batch = make_batch([samples.draw(0, 0, 0)], samples.scales(), torch.device("cpu"))
    generator, critic = make_network(task), Critic(4, config.critic.width)

    def gradients(network: nn.Module) -> list[torch.Tensor]:
        network.zero_grad()
        for group in Objective(network, critic, config).content(batch):
            sum(weight * loss.sum() for weight, loss in group.values()).backward()
        return [parameter.grad.clone() for parameter in network.parameters()]

    kept = gradients(generator)
    checkpoint_blocks(generator)
    for a, b in zip(kept, gradients(generator), strict=True):
        assert torch.equal(a, b)
    other = deepcopy(generator)  # as the average of the weights is
    for parameter in other.parameters():
        parameter.data.zero_()
    assert not torch.equal(other.run(batch.feeds), generator.run(batch.feeds))
