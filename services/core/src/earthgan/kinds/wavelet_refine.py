"""The refinement of coded cells. A network adds to a decoded shell what it expects that the rounding has lost.

Sheets and plumes have typical shapes, so what is left of them tells something about what is gone. The network sees a
shell in quantisation steps, and its output is in quantisation steps too. So one network serves all rates, all variables
and all units. It consists of 3 x 3 convolutions whose points lie up to 8 cells apart. Columns are periodic if those of
the box are; other edges are mirrored.

The weights belong to the program, like the tables of an entropy code, and so they take no bytes of a surrogate. They
were trained on shells of two simulations (`earthgan_training.coding.wavelet_network`). Other weights would decode other
numbers, so they need another version of the code.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from earthgan.kinds.refine import Layer, Network, fastest_network
from earthgan.numerics.threads import one_thread

#: The file of the weights, and how far apart the points of each layer lie.
WEIGHTS = "wavelet_refine.safetensors"
DILATIONS = (1, 2, 4, 8, 4, 2, 1)


def layers() -> list[Layer]:
    """The network's layers."""
    arrays = load((files(__package__) / WEIGHTS).read_bytes())
    return [Layer.stored(arrays, str(i), dilation) for i, dilation in enumerate(DILATIONS)]


@lru_cache(maxsize=1)
def _network() -> Network:
    return fastest_network(layers())


@one_thread
def refined(box: NDArray[np.float64], step: float, periodic: bool) -> NDArray[np.float64]:
    """A box `(shell, row, column)` of differences from each shell's mean, with what its rounding to `step` has lost."""
    halo = sum(DILATIONS)
    seen = np.pad((box / step).astype(np.float32), ((0, 0), (halo, halo), (0, 0)), "reflect")
    seen = np.pad(seen, ((0, 0), (0, 0), (halo, halo)), "wrap" if periodic else "reflect")
    network = _network()
    return box + step * np.stack([network(shell[None]) for shell in seen])
