"""Finds the files that hold some steps of a source, so that other files may be damaged, or of another kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from earthgan.errors import BadInput
from earthgan_training.simulations.gathering import Part
from earthgan_training.simulations.stepping import Held
from earthgan_training.simulations.times import steps_of_labels

#: Opens a part, and says which variables it holds. Raises BadInput.
Look = Callable[[Part], Sequence[Held]]


def parts_of_steps(parts: Sequence[Part], steps: Sequence[int], look: Look) -> tuple[list[Part], list[str]] | None:
    """The parts that must be read for some steps, and the texts of all steps. None if names do not tell.

    Steps that names number are in the files with their names. Many steps in a file are counted through all files, so
    those before the last chosen step are needed too. Raises BadInput if one of these cannot be read.
    """
    parts = _named(parts, look)
    labels = list(dict.fromkeys(part.label for part in parts if part.label is not None))
    numbers = {label: step.t for label, step in steps_of_labels(labels).items()}
    kept = [part for part in parts if part.label is not None and numbers[part.label] in steps]
    if kept and all(_times(part, look) == 1 for part in kept):
        return (kept, labels) if {numbers[str(part.label)] for part in kept} == {*steps} else None
    kept, counted = [], 0
    for label in numbers:
        if counted <= max(steps):
            members = [part for part in parts if part.label == label]
            counted += max(_times(part, look) for part in members)
            kept += members
    return (kept, labels) if counted > max(steps) else None


def _times(part: Part, look: Look) -> int:
    return max(held.clock.count for held in look(part))


def _named(parts: Sequence[Part], look: Look) -> list[Part]:
    """The same parts. If no name says a step but two parts hold one variable, the whole names say the steps."""
    if any(part.label is not None for part in parts):
        return list(parts)
    found: Counter[str] = Counter()
    for part in parts:
        try:
            found.update({held.name for held in look(part)})
        except BadInput:
            continue
    if max(found.values(), default=0) < 2:
        return list(parts)
    return [replace(part, label=part.stem) for part in parts]
