"""What was understood of a source, and what looks suspicious, as lines for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from earthgan.errors import BadInput
from earthgan.variables import with_unit
from earthgan_training.inspection.damage import Inspection, inspect_step
from earthgan_training.simulations.checks import impossible, is_absolute_temperature, left_in, unusual
from earthgan_training.simulations.labelled import Source, SourceStep
from earthgan_training.simulations.layout import SourceVariable

_SHOWN_STEPS = 6


@dataclass(frozen=True)
class Range:
    """The numbers of a variable at one step: the smallest and the largest value, and how many cells have none.

    `suspicious` are sentences about them that lack the variable's name.
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
        said = [f"{each.name} {text}" for each in self.ranges for text in each.suspicious]
        return said + [line.strip() for line in self.damage.lines()[1:] if not line.endswith("no damage found")]

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
        lines += [f"  note: {note}" for note in source.notes]
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

    def _axis(self, each: Any) -> str:
        grid = self.source.grid
        spread = {"vertical": grid.radii_km, "latitude": grid.latitudes_deg, "longitude": grid.longitudes_deg}
        kept = spread[each.role]
        unit = {"vertical": "" if self.source.planet.unit == "1" else " km"}.get(each.role, "°")
        stored = f"{each.name}, {each.kind} in {each.unit}, {each.count} from {each.first:g} to {each.last:g}"
        named = stored if each.name == each.dimension else f"{stored} along {each.dimension}"
        what = "radii" if each.role == "vertical" else f"{each.role}s"
        return f"{named} ({each.why}): {len(kept)} {what}, {kept[0]:g} to {kept[-1]:g}{unit}"

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

    The source must keep missing cells as NaN. Raises BadInput, which names the file, if it cannot be read.
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
        values = source.reader.raw(step.t, name)[source.reader.storage.kept.start : source.reader.storage.kept.stop]
        values = np.where(left_in(values), np.nan, values)
        suspicious.append(f"is refused: {error}")
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
    suspicious += unusual(variable, low, high, is_temperature)
    if is_temperature and not suspicious and (why := impossible(variable, low, high)):
        suspicious.append(why)
    lacking = values.size - finite.size
    if lacking and not suspicious:
        suspicious.append(f"has no value in {lacking} of {values.size} cells: say --missing fill or --missing mask")
    return Range(name, low, high, lacking, values.size, tuple(suspicious))


def _step_text(step: SourceStep) -> str:
    time = "" if step.time_myr is None else f"{step.time_myr:g} Myr"
    known = ", ".join(text for text in (step.label or "", time if time != step.label else "") if text)
    return f"{step.t} ({known})" if known else str(step.t)
