"""A run's state on disk, whole or not at all: weights, their averages, both optimisers, in one safetensors file.

The random numbers of a run are functions of the step, so the step is all that has to be kept of them.
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
    """Tensors by name, and the step they were reached after, with other words about them."""

    tensors: dict[str, Tensor]
    about: dict[str, str]

    @property
    def step(self) -> int:
        return int(self.about["step"])

    def of(self, name: str) -> dict[str, Tensor]:
        """The tensors of a part, such as the generator's state dict."""
        return {
            key.removeprefix(f"{name}."): value for key, value in self.tensors.items() if key.startswith(f"{name}.")
        }


def path_of(run: Path, name: str) -> Path:
    """Where a run keeps its checkpoint of that name: `last`, `best`, or `content`, the end of the first stage."""
    return run / FOLDER / f"{name}.safetensors"


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all. Raises BadInput; what was there is then as it was."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    # One entry, for the format keeps no order of several: the same state has the same bytes.
    write_whole(path, save(tensors, metadata={"about": json.dumps(checkpoint.about)}))


def read(path: Path) -> Checkpoint:
    """Raises BadInput where there is none, or it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            return Checkpoint({name: file.get_tensor(name) for name in file.keys()}, about)  # noqa: SIM118
    except (OSError, ValueError, SafetensorError) as error:
        raise BadInput(f"{path}: cannot be read as a checkpoint ({error})") from error


def load_module(path: Path, module: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put weights into a module. Raises BadInput where they are not of it."""
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise BadInput(f"{path}: does not hold the weights of this run's network") from error


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's moments and counts by the place of their parameter."""
    state: dict[int, dict[str, Any]] = optimiser.state_dict()["state"]
    return {f"{index}.{key}": torch.as_tensor(value) for index, own in state.items() for key, value in own.items()}


def load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser its moments and counts back."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".")
        state.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
