"""Cells without a value: they are filled to be coded, and masks hide them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from earthgan.mask import Mask
from earthgan.progress import Show
from earthgan.surrogate import Surrogate
from earthgan_training.coding.work import counted
from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.opening import Missing
from earthgan_training.surrogates.folder import changed_folder, write_masks, write_spec


def opened(open_as: Callable[[Missing | None], Source], missing: Missing | None) -> tuple[Source, Source | None]:
    """A source without gaps, and the same source with NaN in its gaps if they are to be masked.

    `open_as` opens it with a way to treat cells without a value. None stands for what a mapping says. Raises BadInput.
    """
    source = open_as(missing)
    return (open_as(Missing.FILL), source) if source.reader.missing == Missing.MASK else (source, None)


def hide(folder: Path, with_gaps: Source, show: Show) -> None:
    """Give a surrogate folder the masks of its steps: of the cells that are NaN in `with_gaps`, if any are.

    Steps that lack the same cells share a mask, and so do variables. Raises BadInput.
    """
    with changed_folder(folder) as draft:
        spec = Surrogate(folder).spec
        names = [variable.name for variable in spec.variables]
        masks = (_mask(with_gaps, step.t, names) for step in counted(spec.inputs.steps, "missing cells", show))
        write_spec(draft, write_masks(draft, spec, masks))


def is_hidden(surrogate: Surrogate) -> bool:
    """Whether a surrogate has a mask of any step."""
    return surrogate.mask is not None or any(step.mask is not None for step in surrogate.steps)


def _mask(source: Source, t: int, names: Sequence[str]) -> Mask | None:
    absent = np.stack([np.isnan(source.read(t, name)) for name in names])
    if not absent.any():
        return None
    return Mask.of(absent[0] if (absent == absent[0]).all() else absent)
