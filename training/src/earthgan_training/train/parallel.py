"""Processes that share a batch: each takes some of its samples, and this module sums the gradients.

`DistributedDataParallel` hooks into a single backward pass, but a gradient penalty needs two. Summing all gradients in
one tensor after the last pass is right for every loss. It also gives every process the same weights, bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from earthgan.errors import BadInput


@dataclass(frozen=True)
class Processes:
    """This process, the total number of processes `count`, and the device."""

    rank: int
    count: int
    device: torch.device

    def share(self, batch: int) -> range:
        """The indices of a batch that belong to this process."""
        return range(self.rank * batch // self.count, (self.rank + 1) * batch // self.count)

    def sum(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        tensors = list(tensors)
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        sizes = [tensor.numel() for tensor in tensors]
        for tensor, part in zip(tensors, torch.split(flat, sizes), strict=True):
            tensor.copy_(part.view_as(tensor))

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in at least one process."""
        count = torch.tensor([float(flag)], device=self.device)
        self.sum([count])
        return bool(count.item())

    def wait(self) -> None:
        """Wait until all processes have arrived here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def processes(device: str | None) -> Iterator[Processes]:
    """Set up this process, or under `torchrun` all processes that it started. They communicate with nccl on GPUs and
    with gloo elsewhere.

    The default device is the first GPU, or the CPU if there is no GPU. Each of several processes gets its own GPU.
    Raises BadInput for a device that does not exist.
    """
    count, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    chosen = _device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if count > 1:
        dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", rank=rank, world_size=count)
    try:
        yield Processes(rank, count, chosen)
    finally:
        if count > 1:
            dist.destroy_process_group()


def _device(name: str | None, local_rank: int) -> torch.device:
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(f"cuda:{local_rank}" if name == "cuda" else name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA raises AssertionError
        raise BadInput(f"--device {name}: is not available ({str(error).splitlines()[0]})") from error
    if device.type not in ("cpu", "cuda"):
        raise BadInput(f"--device {name}: must be cpu, cuda or cuda:N")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device
