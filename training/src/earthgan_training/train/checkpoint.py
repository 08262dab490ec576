"""A run's state on disk: the weights, their averages and both optimisers, in one safetensors file. It is written whole
or not at all.

A run's random numbers are functions of the step, so a checkpoint stores only the step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from earthgan.errors import BadInput
from earthgan.files import write_whole

FOLDER = "checkpoints"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and text about them, such as the step after which they were saved."""

    tensors: dict[str, Tensor]
    about: dict[str, str]

    @property
    def step(self) -> int:
        return int(self.about["step"])

    def of(self, name: str) -> dict[str, Tensor]:
        """The tensors of one part, such as the generator's state dict."""
        return {
            key.removeprefix(f"{name}."): value for key, value in self.tensors.items() if key.startswith(f"{name}.")
        }


def path_of(run: Path, name: str) -> Path:
    """The path of a run's checkpoint. Its name is `last`, `best`, or `content` for the end of the first stage."""
    return run / FOLDER / f"{name}.safetensors"


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all. Raises BadInput, and then keeps the previous file."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    # The format does not keep the order of several entries. With one entry, the same state has the same bytes.
    write_whole(path, save(tensors, metadata={"about": json.dumps(checkpoint.about)}))


def read(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises BadInput if there is none, or if it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            return Checkpoint({name: file.get_tensor(name) for name in file.keys()}, about)  # noqa: SIM118
    except (OSError, ValueError, SafetensorError) as error:
        raise BadInput(f"{path}: cannot be read as a checkpoint ({error})") from error


def load_module(path: Path, module: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load weights into a module. Raises BadInput if they belong to another network."""
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise BadInput(f"{path}: does not hold the weights of this run's network") from error


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments and counts of an optimiser, named by the position of their parameter."""
    state: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    return {f"{index}.{key}": torch.as_tensor(value) for index, own in state.items() for key, value in own.items()}


def load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore the moments and counts of an optimiser."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".")
        state.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
