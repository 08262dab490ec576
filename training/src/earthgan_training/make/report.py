"""The short report of `earthgan make`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class VariableReport:
    """How close a variable is, in dB and in its unit.

    `sperr_db` is the PSNR of SPERR with all bytes of the step. Where errors are bounded, `sperr_bytes` are those that
    SPERR takes to keep the same bound.
    """

    psnr_db: float
    largest_error: float
    unit: str
    sperr_db: float | None
    sperr_bytes: int | None = None


@dataclass(frozen=True)
class Report:
    """What was made. `inputs` and `model` are bytes: of all steps, and of what they share. `measured` steps of `steps`
    were decoded and compared with the source. `asked` is the goal in words. `choice` says how the kind was chosen.
    """

    folder: Path
    kind: str
    asked: str
    steps: int
    measured: int
    cells: tuple[int, int, int]
    inputs: int
    model: int
    variables: Mapping[str, VariableReport]
    seconds: float
    notes: tuple[str, ...] = ()
    choice: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.inputs + self.model

    @property
    def raw(self) -> int:
        """The bytes of the same numbers as float32."""
        shells, rows, columns = self.cells
        return 4 * self.steps * len(self.variables) * shells * rows * columns

    def lines(self) -> list[str]:
        """The report as text."""
        shells, rows, columns = self.cells
        steps = _many(self.steps, "step")
        found = [
            f"{self.folder}: {self.kind}, {self.asked}; {steps} of {shells} x {rows} x {columns} cells",
            f"  inputs   {self.inputs:>12,} bytes, {self.inputs / self.steps:,.0f} a step",
            f"  model    {self.model:>12,} bytes",
            f"  total    {self.total:>12,} bytes, 1/{self.raw / self.total:,.0f} of the numbers as float32",
        ]
        for name, each in self.variables.items():
            unit = f" {each.unit}" if each.unit not in ("", "1") else ""
            line = f"  {name}: {decibels(each.psnr_db)}, largest error {each.largest_error:.3g}{unit}"
            if each.sperr_db is not None:
                line += f"; SPERR with all of these bytes: {decibels(each.sperr_db)}"
            if each.sperr_bytes is not None:
                line += f"; SPERR takes {each.sperr_bytes:,} bytes a step for this bound"
            found.append(line)
        if self.measured < self.steps:
            found.append(f"  measured in all cells of {self.measured} of {self.steps} steps")
        found += [f"  {line}" for line in self.choice]
        found += [f"  note: {note}" for note in self.notes]
        return [*found, f"  {self.seconds:.1f} s"]

    def as_json(self) -> dict[str, Any]:
        """The report as JSON. A PSNR without any error is null."""
        return {
            "folder": str(self.folder),
            "kind": self.kind,
            "asked": self.asked,
            "steps": self.steps,
            "steps_measured": self.measured,
            "cells": list(self.cells),
            "bytes": {"inputs": self.inputs, "model": self.model, "total": self.total, "float32": self.raw},
            "variables": {
                name: {
                    "psnr_db": _finite(each.psnr_db),
                    "largest_error": each.largest_error,
                    "unit": each.unit,
                    "sperr_bytes": each.sperr_bytes,
                    "sperr_psnr_db": None if each.sperr_db is None else _finite(each.sperr_db),
                }
                for name, each in self.variables.items()
            },
            "choice": list(self.choice),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }


def decibels(psnr_db: float) -> str:
    """A PSNR in words."""
    return "exact" if psnr_db == float("inf") else f"{psnr_db:.1f} dB"


def _finite(number: float) -> float | None:
    return None if number == float("inf") else round(number, 3)


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
