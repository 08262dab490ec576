"""The ways to store fields that `make` chooses from."""

from __future__ import annotations

from collections.abc import Sequence

from earthgan_training.make.code import Code

#: The kinds that `--kind` offers.
KINDS = ("harmonics", "wavelet")


def all_codes() -> Sequence[Code]:
    """All of them, the one that wins ties first."""
    return ()
