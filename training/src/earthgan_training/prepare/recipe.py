"""The settings that, with the source, determine the bytes of a prepared time step: preset and sizes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from earthgan.sphere.grid import ShellGrid
from earthgan_training.simulations.labelled import Source

#: This number is increased when the same recipe gives other numbers or another description than before.
VERSION = 3
#: The sizes for a source that is fine enough, and how many cells of the ground truth a cell of the input has per side.
TRUTH, INPUTS, RATIO = (112, 224), (30, 14, 28), 8
#: The paper's generator needs this many layers. A source with fewer shells is interpolated to them.
FEWEST_LAYERS = 6


class Preset(StrEnum):
    """How data are prepared. `DEFAULT` is correct on the sphere. `PAPER` repeats what von Hahn & Mechefske (2021) did,
    errors included.
    """

    DEFAULT = "default"
    PAPER = "paper"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A preset with its sizes. `truth` is rows x columns, and `inputs` is layers x rows x columns. The preset `paper`
    has its own. `missing` says what happened to cells without a value.
    """

    preset: Preset
    truth: tuple[int, int] = TRUTH
    inputs: tuple[int, int, int] = INPUTS
    missing: str = "refuse"

    def digest(self, source: Source) -> str:
        """The SHA-256 of the whole recipe and of what the source was understood as, without its numbers."""
        about = {
            "version": VERSION,
            **asdict(self),
            "variables": [asdict(each) for each in source.variables],
            "vector": source.vector,
            "grid": asdict(source.grid),
            "planet": source.planet.model_dump(),
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def fitting(
    grid: ShellGrid, truth: tuple[int, int] | None = None, inputs: tuple[int, int, int] | None = None
) -> tuple[tuple[int, int], tuple[int, int, int]]:
    """The sizes for a source's grid, where none are given. The ground truth is not finer than the source, and its cells
    nest in those of the input.
    """
    shells, rows, columns = grid.shape
    fine_enough = rows >= TRUTH[0] and columns >= TRUTH[1]
    if truth is None:
        # An even number of input columns gives each cell one that lies opposite it across a pole.
        coarse = inputs[1:] if inputs else (min(INPUTS[1], rows // RATIO), min(INPUTS[2], columns // RATIO // 2 * 2))
        nested = RATIO * max(2, coarse[0]), RATIO * max(2, coarse[1])
        truth = TRUTH if fine_enough else nested
    if inputs is None:
        layers = min(INPUTS[0], max(FEWEST_LAYERS, shells))
        inputs = layers, max(2, truth[0] // RATIO), max(2, truth[1] // RATIO)
    return truth, inputs


def about_sizes(recipe: Recipe, grid: ShellGrid) -> str | None:
    """One line about sizes that differ from the usual ones because of the source, or that are finer than it."""
    rows, columns = grid.shape[1:]
    (due_rows, due_columns), inputs = recipe.truth, " x ".join(map(str, recipe.inputs))
    if recipe.preset is Preset.PAPER:
        return None
    if due_rows > rows or due_columns > columns:
        return (
            f"the ground truth's {due_rows} x {due_columns} cells are finer than the source's {rows} x {columns}: "
            "what lies between the source's cells is interpolated"
        )
    if rows < TRUTH[0] or columns < TRUTH[1]:
        return (
            f"the source has {rows} x {columns} cells: the ground truth has {due_rows} x {due_columns}, "
            f"and the conditional input {inputs} (--truth and --inputs choose other sizes)"
        )
    return None
