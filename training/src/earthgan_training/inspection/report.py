"""What was understood of a source, and what looks suspicious, as lines for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from earthgan.errors import BadInput
from earthgan.variables import with_unit
from earthgan_training.inspection.damage import Inspection, inspect_step
from earthgan_training.simulations.checks import is_absolute_temperature, unusual
from earthgan_training.simulations.labelled import Source, SourceStep, Understood
from earthgan_training.simulations.layout import SourceVariable

_SHOWN_STEPS = 6


@dataclass(frozen=True)
class Range:
    """The numbers of a variable at one step: the smallest and the largest value, and how many cells have none.

    `suspicious` are sentences about them.
    """

    name: str
    low: float
    high: float
    missing: int
    cells: int
    suspicious: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """A source, and what one of its steps holds. `damage` says which shells look damaged."""

    source: Source
    step: SourceStep
    ranges: tuple[Range, ...]
    damage: Inspection

    def suspicious(self) -> list[str]:
        """All that looks suspicious, one sentence for each."""
        return [text for each in self.ranges for text in each.suspicious] + self.damage.suspicious()

    def lines(self) -> list[str]:
        """What people read, but for the mapping."""
        source = self.source
        lines = [f"{source.address}: {source.title}"]
        rows = [
            *((each.role, self._axis(each)) for each in source.understood),
            ("planet", self._planet()),
            ("steps", self._steps()),
            *((each.variable.name, self._variable(each)) for each in source.variables),
        ]
        if source.vector is not None:
            rows.append(("velocity", f"{', '.join(source.vector)}, Cartesian"))
        about = source.provenance
        kind = {True: "simulated", False: "measured", None: "not said whether simulated or measured"}[about.simulated]
        rows += [("origin", f"{about.source}, {kind}"), ("licence", about.licence or "not said")]
        rows += [("credit", about.credit or "not said"), *([("notice", about.notice)] if about.notice else [])]
        width = max(len(name) for name, _ in rows)
        lines += [f"  {name:<{width}}  {text}" for name, text in rows]
        lines += [f"  note: {note}" for note in (*source.notes, *self.damage.known())]
        lines += [f"  suspicious: {text}" for text in self.suspicious()]
        return lines if self.suspicious() else [*lines, "  nothing looks suspicious"]

    def as_json(self) -> dict[str, Any]:
        """What programs read."""
        source = self.source
        return {
            "address": source.address,
            "title": source.title,
            "axes": [asdict(each) for each in source.understood],
            "grid": {
                "radii_km": list(source.grid.radii_km),
                "latitudes_deg": list(source.grid.latitudes_deg),
                "longitudes_deg": list(source.grid.longitudes_deg),
            },
            "planet": source.planet.model_dump(mode="json"),
            "steps": [asdict(each) for each in source.steps],
            "variables": [
                {
                    "name": each.variable.name,
                    "source": each.source,
                    "long_name": each.variable.long_name,
                    "unit": each.variable.unit,
                    "standard_name": each.standard_name,
                    "colormap": each.variable.colormap,
                    "symmetric": each.variable.symmetric,
                    "range": None if np.isnan(found.low) else [found.low, found.high],
                    "missing_cells": found.missing,
                }
                for each, found in zip(source.variables, self.ranges, strict=True)
            ],
            "vector": source.vector,
            "provenance": source.provenance.model_dump(mode="json"),
            "notes": list(source.notes),
            "suspicious": self.suspicious(),
            "inspected_step": self.step.t,
            "damage": self.damage.as_json(),
            "mapping": source.mapping,
        }

    def _axis(self, each: Understood) -> str:
        along = "" if each.name == each.dimension else f" along {each.dimension}"
        run = f"{each.count} from {each.first:g} to {each.last:g}"
        text = f"{each.name}{along}, {each.kind} in {each.unit or 'no unit'}, {run} ({each.why})"
        unit = "" if self.source.planet.unit == "1" else " km"
        grid = self.source.grid
        kept, what, unit = {
            "vertical": (grid.radii_km, "radii", unit),
            "latitude": (grid.latitudes_deg, "latitudes", "°"),
            "longitude": (grid.longitudes_deg, "longitudes", "°"),
        }.get(each.role, ((), "", ""))
        return f"{text}: {len(kept)} {what} from {kept[0]:g} to {kept[-1]:g}{unit}" if kept else text

    def _planet(self) -> str:
        planet = self.source.planet
        unit = "" if planet.unit == "1" else " km"
        core = "not said" if planet.core_radius_km is None else f"{planet.core_radius_km:g}{unit}"
        return f"radius {planet.radius_km:g}{unit}; core radius {core}"

    def _steps(self) -> str:
        steps = self.source.steps
        shown = [*steps[: _SHOWN_STEPS - 1], *steps[_SHOWN_STEPS - 1 :][-1:]]
        texts = [_step_text(each) for each in shown]
        if len(steps) > len(shown):
            texts.insert(-1, "…")
        return f"{len(steps)}: {', '.join(texts)}"

    def _variable(self, each: SourceVariable) -> str:
        found = next(x for x in self.ranges if x.name == each.variable.name)
        unit = each.variable.unit
        values = "no value" if np.isnan(found.low) else f"{found.low:.5g} to {found.high:.5g}"
        lacking = f", {found.missing} of {found.cells} cells without a value" if found.missing else ""
        drawn = f"{each.variable.colormap}{', about zero' if each.variable.symmetric else ''}"
        return f"{each.source}, {with_unit(each.variable.long_name, unit)}: {values}{lacking} ({drawn})"


def report_on(source: Source, t: int | None = None) -> Report:
    """Read all variables of one step, the first if none is named, and say what is found.

    What is refused when it is read counts as suspicious. Raises BadInput if the source has no such step, or if a file
    cannot be read at all.
    """
    step = source.steps[0] if t is None else source.step(t)
    ranges = tuple(_range(source, step, each) for each in source.variables)
    return Report(source, step, ranges, inspect_step(source, step.t))


def _range(source: Source, step: SourceStep, each: SourceVariable) -> Range:
    name, variable = each.variable.name, each.variable
    is_temperature = is_absolute_temperature(variable, each.source, each.standard_name)
    suspicious: list[str] = []
    try:
        values = source.read(step.t, name)
    except BadInput as error:
        # A field that is refused when it is read can still be looked at.
        storage = source.reader.storage
        values = source.reader.raw(step.t, name)[storage.kept.start : storage.kept.stop]
        suspicious.append(str(error))
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
    suspicious += [f"{name} {text}" for text in unusual(variable, low, high, is_temperature)]
    return Range(name, low, high, values.size - finite.size, values.size, tuple(suspicious))


def _step_text(step: SourceStep) -> str:
    time = "" if step.time_myr is None else f"{step.time_myr:g} Myr"
    known = ", ".join(text for text in (step.label or "", time if time != step.label else "") if text)
    return f"{step.t} ({known})" if known else str(step.t)
