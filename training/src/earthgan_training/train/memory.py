"""Predicts how much memory an update takes. It runs the update on torch's `meta` device, where tensors have sizes but
no numbers, and counts the bytes of all living tensors.

Fixed rules add what the count cannot see. Convolutions copy their operands into layouts of their own, which adds a
quarter. On the CPU, the program and the mapped part of the data set are added too.
"""

from __future__ import annotations

import functools
import resource
import sys
import weakref
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint

from earthgan.errors import BadInput
from earthgan_training.train.config import TrainConfig
from earthgan_training.train.critic import Critic
from earthgan_training.train.losses import Terms
from earthgan_training.train.objective import Objective
from earthgan_training.train.samples import Batch

#: The memory of an interpreter with torch, and the factor by which convolutions exceed their inputs and outputs.
PROGRAM_GB = 0.9
WORKSPACE = 1.25
#: Copies per parameter: weights, gradients and two moments; for the generator, also the average.
COPIES = 5


@dataclass(frozen=True)
class Fit:
    """How a batch is cut: `micro_batch` samples are computed at once. If `checkpointed` is set, the generator's blocks
    are computed twice. The expected memory is included.
    """

    micro_batch: int
    checkpointed: bool
    expected_gb: float


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of each storage from the operation that creates it until nothing refers to it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for each in tree_leaves(result):
            if isinstance(each, Tensor):
                self._see(each.untyped_storage())
        return result

    def _see(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._known:
            self._known.add(key)
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._lose, key, storage.nbytes())

    def _lose(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def peak_bytes(terms: Callable[[], Iterator[Terms]]) -> int:
    """The largest number of living bytes while the groups of terms and their gradients are computed on the `meta`
    device.
    """
    alive = _Alive()
    with alive:
        for group in terms():
            torch.stack([(weight * loss).sum() for weight, loss in group.values()]).sum().backward()  # type: ignore[no-untyped-call]
    return alive.peak


def checkpoint_blocks(generator: nn.Module) -> None:
    """Recompute each block of a generator for its gradient instead of keeping it.

    The critic's blocks are always kept: its penalty is differentiated twice, which recomputed blocks do not allow.
    """
    for block in generator.get_submodule("blocks").children():
        block.forward = functools.partial(checkpoint, block.forward, use_reentrant=False)


def fit(
    generator: nn.Module, critic: Critic, batch: Batch, config: TrainConfig, largest: int, device: torch.device
) -> Fit:
    """The largest micro-batch, up to `largest`, that stays below the configuration's memory limit on a device. Half
    precision is counted like single precision.

    `batch` holds one sample. Raises BadInput if not even one sample fits.
    """
    exact = config.model_copy(update={"precision": "float32"})
    program_gb = PROGRAM_GB if device.type == "cpu" else 0.0
    parameters = sum(p.numel() * p.element_size() for p in (*generator.parameters(), *critic.parameters()))

    def expected(micro_batch: int, checkpointed: bool) -> float:
        on_meta: Any = deepcopy(generator).to("meta")
        if checkpointed:
            checkpoint_blocks(on_meta)
        objective = Objective(on_meta, deepcopy(critic).to("meta"), exact)
        samples = _on_meta(batch, micro_batch)
        ways = [
            objective.content,
            *([functools.partial(objective.critic, 0), objective.adversarial] if config.adversarial.steps else []),
        ]
        peak = max(peak_bytes(lambda way=way: way(samples)) for way in ways)  # type: ignore[misc]
        return program_gb + (COPIES * parameters + WORKSPACE * peak) / 1e9

    cap = config.max_memory_gb
    if cap is None:
        return Fit(largest, False, expected(largest, False))
    sizes = [largest >> halvings for halvings in range(largest.bit_length())]
    for micro_batch, checkpointed in [*((size, False) for size in sizes), (1, True)]:
        gigabytes = expected(micro_batch, checkpointed)
        if gigabytes <= cap:
            return Fit(micro_batch, checkpointed, gigabytes)
    raise BadInput(
        f"--max-memory-gb {cap:g}: one sample takes about {gigabytes:.1f} GB; a smaller samples.patch takes less"
    )


def peak_gb(device: torch.device) -> float:
    """The largest memory that this process has used on its device, in GB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def _on_meta(batch: Batch, count: int) -> Batch:
    def repeated(tensor: Tensor) -> Tensor:
        return torch.empty(count, *tensor.shape[1:], dtype=tensor.dtype, device="meta")

    return Batch(
        batch.samples,
        {name: each if name.startswith("parity") else repeated(each) for name, each in batch.feeds.items()},
        repeated(batch.truth),
        repeated(batch.mean),
        repeated(batch.spread),
        repeated(batch.share),
        {name: repeated(each) for name, each in batch.again.items()},
    )
