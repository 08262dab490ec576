"""What a way to store fields offers to `make`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from earthgan.errors import BadInput
from earthgan.progress import Show
from earthgan_training.make.goal import Goal
from earthgan_training.simulations.labelled import Source


class Declined(BadInput):
    """Measurement shows that a way to store fields does not suit a source. The line says why."""


class Code(Protocol):
    """A way to store fields: it makes surrogates of one kind."""

    @property
    def name(self) -> str:
        """The kind of surrogate that it makes."""

    def can(self, goal: Goal, source: Source) -> bool:
        """Whether it can promise such a goal for such a source. For a quality or a size, it need only come close."""

    def hopeful(self, source: Source, steps: Sequence[int], psnr_db: float) -> tuple[float, float] | None:
        """About the bytes of a step and the mean PSNR in dB, if the PSNR should be `psnr_db`; None if only a trial can
        tell. It looks at a part of some steps, and is much quicker than a trial. It may well be too good, but is hardly
        much too bad. Raises BadInput.
        """

    def fit(
        self, source: Source, folder: Path, goal: Goal, steps: Sequence[int], memory_bytes: int, show: Show
    ) -> None:
        """Make a surrogate folder that is fitted to some steps of `source`, and that holds these.

        In the end it will have all steps of `source`, which share the bytes of the model. Raises BadInput, and Declined
        if it finds that it does not suit the source.
        """

    def add(self, folder: Path, source: Source, steps: Sequence[int], memory_bytes: int, show: Show) -> None:
        """Encode further steps of `source` into a folder that `fit` made. A killed call leaves all earlier steps.

        Raises BadInput, and Declined if a step does not suit it.
        """

    def fitting_steps(self, source: Source, memory_bytes: int) -> int:
        """The number of steps that it fits to, at most. It is at least 1."""
