"""Makes a surrogate of kind `harmonics` from any source: its variables as coded coefficients of spherical harmonics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from earthgan_training.simulations.labelled import Source

Report = Callable[[str, int, int], None]  #: Gets the current task, the number of finished items, and the total number.


@dataclass(frozen=True)
class Accuracy:
    """The accuracy of a variable over every cell of the measured steps. Cells count alike.

    `psnr_db` has the range of the variable in these steps as its peak; it is infinite for an exact variable.
    `max_error` is in the variable's unit.
    """

    psnr_db: float
    max_error: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was made. `bytes` counts the weights and all steps. `measured` says which steps `accuracy` is about."""

    bytes: int
    steps: int
    degree: int
    accuracy: Mapping[str, Accuracy]
    measured: tuple[int, ...]


def fit_harmonics(
    source: Source,
    out: Path,
    *,
    step_bytes: float | None = None,
    psnr_db: float | None = None,
    degree: int | None = None,
    train: Sequence[int] | None = None,
    measure: int = 4,
    report: Report,
    overwrite: bool = False,
) -> Result:
    """Make the surrogate folder `out` of all steps and variables of a source.

    Exactly one of `step_bytes` and `psnr_db` is given. `step_bytes` is the average size of a step, in which the step's
    share of the weights is included. `psnr_db` is the least PSNR of each variable. `degree` limits the harmonics; by
    default it is the highest degree that the grid bears. The code is fitted to the steps `train`; by default, to at
    most `TRAINED` steps that are spread over all. At most `measure` steps are decoded and compared with the source.

    Title, provenance, planet and grid are those of the source: a caller who wants others replaces them there. Raises
    BadInput.
    """
    raise NotImplementedError
