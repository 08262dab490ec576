"""Checkpoints are written whole or not at all, and hold the whole state of an optimiser."""

from pathlib import Path

import pytest
import torch

from earthgan.errors import BadInput
from earthgan_training.train import checkpoint as checkpoints
from earthgan_training.train.checkpoint import Checkpoint


def test_an_optimiser_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    torch.manual_seed(0)
    networks = [torch.nn.Linear(3, 2) for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    first, second = (torch.optim.AdamW(network.parameters(), lr=0.1) for network in networks)
    inputs = torch.randn(6, 5, 3)

    def take(network: torch.nn.Module, optimiser: torch.optim.Optimizer, x: torch.Tensor) -> None:
        optimiser.zero_grad()
        network(x).square().sum().backward()
        optimiser.step()

    for x in inputs:
        take(networks[0], first, x)
    for x in inputs[:3]:
        take(networks[1], second, x)
    path = tmp_path / "checkpoints" / "last.safetensors"
    tensors = {
        **{f"network.{n}": t for n, t in networks[1].state_dict().items()},
        **{f"optimiser.{n}": t for n, t in checkpoints.optimiser_tensors(second).items()},
    }
    checkpoints.write(path, Checkpoint(tensors, {"step": "3"}))
    stored = checkpoints.read(path)
    assert stored.step == 3
    fresh = torch.nn.Linear(3, 2)
    optimiser = torch.optim.AdamW(fresh.parameters(), lr=0.1)
    checkpoints.load_module(path, fresh, stored.of("network"))
    checkpoints.load_optimiser(optimiser, stored.of("optimiser"))
    for x in inputs[3:]:
        take(fresh, optimiser, x)
    for name, tensor in networks[0].state_dict().items():
        assert torch.equal(tensor, fresh.state_dict()[name])


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.safetensors"
    checkpoints.write(path, Checkpoint({"x": torch.zeros(3)}, {"step": "1"}))
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadInput, match="No space left"):
        checkpoints.write(path, Checkpoint({"x": torch.ones(3)}, {"step": "2"}))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(BadInput, match=r"last\.safetensors: cannot be read as a checkpoint"):
        checkpoints.read(path)
    checkpoints.write(path, Checkpoint({"x": torch.ones(3)}, {}))
    with pytest.raises(BadInput, match="does not hold the weights"):
        checkpoints.load_module(path, torch.nn.Linear(3, 2), checkpoints.read(path).tensors)
