"""Whether a surrogate and a ground truth speak of the same numbers, so that they can be compared."""

from __future__ import annotations

from collections.abc import Mapping

from earthgan.errors import BadInput
from earthgan.surrogate import Surrogate


def refuse_other_units(surrogate: Surrogate, truth: str, units: Mapping[str, str]) -> None:
    """Raise BadInput if a variable of the surrogate has another unit in the ground truth, which messages call `truth`.

    `units` are the ground truth's, by variable. A variable that it lacks is no fault here.
    """
    for variable in surrogate.spec.variables:
        there = units.get(variable.name, variable.unit)
        if there != variable.unit:
            raise BadInput(
                f"{truth}: {variable.name} is in {there or 'no unit'}, but the surrogate's is in "
                f"{variable.unit or 'no unit'}"
            )
