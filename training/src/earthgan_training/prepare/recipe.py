"""The settings that, with its file, determine the bytes of a prepared time step: preset, sizes, layout, variables."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from earthgan_training.simulations.layout import Layout

#: This number is increased when the same recipe gives other numbers than before.
VERSION = 2


class Preset(StrEnum):
    """How data are prepared. `DEFAULT` is correct on the sphere. `PAPER` repeats what von Hahn & Mechefske (2021) did,
    errors included.
    """

    DEFAULT = "default"
    PAPER = "paper"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A preset with its sizes. `truth` is rows x columns, and `inputs` is layers x rows x columns. The preset `paper`
    has its own.
    """

    preset: Preset
    layout: Layout
    variables: tuple[str, ...]
    truth: tuple[int, int] = (112, 224)
    inputs: tuple[int, int, int] = (30, 14, 28)

    @property
    def digest(self) -> str:
        """The SHA-256 of the whole recipe."""
        about = {"version": VERSION, **asdict(self)}
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    @property
    def vector(self) -> tuple[str, str, str] | None:
        """The names of the Cartesian components if all three are among the variables, otherwise None."""
        vector = self.layout.vector
        return vector if vector and set(vector) <= set(self.variables) else None
