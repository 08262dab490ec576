"""Cells without a value: they are filled to be coded, and a mask hides them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.progress import Show
from earthgan.surrogate import Surrogate
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.opening import Missing
from earthgan_training.surrogates.folder import changed_folder, write_mask, write_spec


def opened(open_as: Callable[[Missing | None], Source], missing: Missing | None) -> tuple[Source, Source | None]:
    """A source without gaps, and the same source with NaN in its gaps if they are to be masked.

    `open_as` opens it with a way to treat cells without a value. None stands for what a mapping says. Raises BadInput.
    """
    source = open_as(missing)
    return (open_as(Missing.FILL), source) if source.reader.missing == Missing.MASK else (source, None)


def absent_cells(source: Source, show: Show) -> NDArray[np.bool_]:
    """Whether a cell `(variable, shell, latitude, longitude)` lacks a value in some step.

    `source` keeps such cells as NaN. Raises BadInput.
    """
    absent = np.zeros((len(source.variables), *source.grid.shape), np.bool_)
    for i, step in enumerate(source.steps):
        show("missing cells", i, len(source.steps))
        for of_variable, each in zip(absent, source.variables, strict=True):
            of_variable |= np.isnan(source.read(step.t, each.variable.name))
    show("missing cells", len(source.steps), len(source.steps))
    return absent


def hide(folder: Path, absent: NDArray[np.bool_]) -> None:
    """Give a surrogate folder the mask of these cells. If all variables lack the same cells, they share it."""
    shared = absent[0] if (absent == absent[0]).all() else absent
    with changed_folder(folder) as draft:
        spec = Surrogate(folder).spec
        write_spec(draft, spec.model_copy(update={"mask": write_mask(draft, shared)}))
