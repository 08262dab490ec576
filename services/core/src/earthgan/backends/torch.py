"""Runs a surrogate's generator with torch, on a GPU if there is one. Needs the `torch` extra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from earthgan.errors import DamagedSurrogate
from earthgan.surrogate import Backend, Field, Surrogate


def default_precision() -> str:
    """The device and the data type that `torch_backend` uses by default, such as `cuda/float16`."""
    return "cuda/float16" if torch.cuda.is_available() else "cpu/float32"


def torch_backend(surrogate: Surrogate, device: str | None = None, dtype: torch.dtype | None = None) -> Backend:
    """A backend that runs `generator.safetensors`.

    The default is float16 on a CUDA device if there is one, and float32 on the CPU otherwise. The weights of 3-D
    convolutions are stored with their channels last. Raises DamagedSurrogate if the weights do not fit the generator.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or (torch.float16 if device.startswith("cuda") else torch.float32)
    spec = surrogate.spec
    module: Any = surrogate.kind.torch_module(spec.generator.arguments, len(spec.variables))
    try:
        if surrogate.kind.has_parameters:
            module.load_state_dict(load_file(surrogate.weights_path))
    except Exception as error:  # safetensors and torch raise types of their own
        raise DamagedSurrogate(surrogate.weights_path, "does not hold this generator's weights") from error
    # In the default layout, torch uses a slow native kernel for 3-D convolutions of batch 1.
    module = module.to(device=torch.device(device), dtype=dtype).eval()
    for parameter in module.parameters():
        if parameter.dim() == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)

    def run(feeds: Mapping[str, NDArray[np.generic]]) -> Field:
        tensors = {name: torch.from_numpy(np.asarray(value)) for name, value in feeds.items()}
        with torch.inference_mode():
            on_device = {n: t if n.startswith("parity") else t.to(device) for n, t in tensors.items()}
            answer: Field = module.run(on_device).float().cpu().numpy()
        return answer

    return run
