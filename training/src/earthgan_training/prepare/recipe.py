"""What determines the bytes of a prepared step, beside its file: the preset, its sizes, the layout, the variables."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from earthgan_training.simulations.layout import Layout

#: Raised when the same recipe makes other numbers than before.
VERSION = 2


class Preset(StrEnum):
    """`DEFAULT` is right on the sphere; `PAPER` is what von Hahn & Mechefske (2021) did, its errors included."""

    DEFAULT = "default"
    PAPER = "paper"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A preset with its sizes: `truth` is rows x columns, `inputs` layers x rows x columns; `paper` has its own."""

    preset: Preset
    layout: Layout
    variables: tuple[str, ...]
    truth: tuple[int, int] = (112, 224)
    inputs: tuple[int, int, int] = (30, 14, 28)

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        about = {"version": VERSION, **asdict(self)}
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    @property
    def vector(self) -> tuple[str, str, str] | None:
        """The Cartesian components, where all three are among the variables."""
        vector = self.layout.vector
        return vector if vector and set(vector) <= set(self.variables) else None
