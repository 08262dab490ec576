"""Writes the mapping file that says what was understood of a source, ready to edit."""

from __future__ import annotations

import json
from collections.abc import Iterable

from earthgan_training.simulations.labelled import Source
from earthgan_training.simulations.layout import Vertical
from earthgan_training.simulations.mapping import Mapping
from earthgan_training.simulations.units import conversion, is_length, is_pressure
from earthgan_training.simulations.vectors import Components


def mapping_text(source: Source, said: Mapping, components: Components | None) -> str:
    """The text (TOML) of a mapping by which the same addresses give the same source."""
    lines = [f"title = {_quoted(source.title)}"]
    if said.files is not None:
        lines.append(f"files = {_quoted(said.files)}")
    if said.missing is not None:
        lines.append(f"missing = {_quoted(said.missing.value)}")
    lines += ["", "[axes]", *_axes(source, said), ""]
    for each in source.variables:
        if components is not None and not components.is_cartesian and each.variable.name in ("vx", "vy", "vz"):
            continue
        v = each.variable
        lines += [
            "[[variables]]",
            f"source = {_quoted(each.source)}",
            f"name = {_quoted(v.name)}",
            f"long_name = {_quoted(v.long_name)}",
            f"unit = {_quoted(v.unit)}",
            f"colormap = {_quoted(v.colormap)}",
            f"symmetric = {str(v.symmetric).lower()}",
            "",
        ]
    if components is not None and not components.is_cartesian:
        unit = source.named("vx").variable.unit  # the components are converted to it before they are turned
        for name in components.names:
            lines += ["[[variables]]", f"source = {_quoted(name)}", f"unit = {_quoted(unit)}", ""]
    lines += _vector(source, components)
    planet = source.planet
    lines += ["[planet]", f"radius_km = {planet.radius_km!r}", f"unit = {_quoted(planet.unit)}"]
    if planet.core_radius_km is not None:
        lines.append(f"core_radius_km = {planet.core_radius_km!r}")
    about = source.provenance
    told = [(name, getattr(about, name)) for name in ("source", "licence", "credit", "notice")]
    lines += ["", "[provenance]", *(f"{name} = {_quoted(text)}" for name, text in told if text)]
    if about.simulated is not None:
        lines.append(f"simulated = {str(about.simulated).lower()}")
    return "\n".join(lines) + "\n"


def _axes(source: Source, said: Mapping) -> Iterable[str]:
    axes = {each.role: each for each in source.understood}
    vertical, latitude, longitude = axes["vertical"], axes["latitude"], axes["longitude"]
    yield f"{latitude.kind} = {_quoted(latitude.name)}"
    yield f"longitude = {_quoted(longitude.name)}"
    if latitude.unit == "radians":
        yield 'angle_unit = "radians"'
    yield f"vertical = {_quoted(vertical.name)}"
    yield f"kind = {_quoted(vertical.kind)}"
    if source.planet.unit == "km":
        yield f"unit_km = {_unit_km(vertical.unit, said)!r}"
    kept = said.axes
    if kept.positive is not None:
        yield f"positive = {_quoted(kept.positive)}"
    if kept.base_radius_km is not None:
        yield f"base_radius_km = {kept.base_radius_km!r}"
    if vertical.kind == Vertical.PRESSURE:
        yield f"surface_hpa = {kept.surface_hpa!r}"
        yield f"scale_height_km = {kept.scale_height_km!r}"
    if kept.skip != (0, 0):
        yield f"skip = [{kept.skip[0]}, {kept.skip[1]}]"
    if kept.ignore_attributes:
        yield "ignore_attributes = true"
    if "time" in axes:
        yield f"time = {_quoted(axes['time'].name)}"


def _unit_km(unit: str, said: Mapping) -> float:
    target = "km" if is_length(unit) else "hPa" if is_pressure(unit) else None
    found = conversion(unit, target) if target else None
    if found is None or said.axes.unit_km is not None:
        return said.axes.unit_km or 1.0
    return found.scale / found.divisor


def _vector(source: Source, components: Components | None) -> list[str]:
    if components is None:
        return []
    names = {each.source: each.variable.name for each in source.variables}
    pairs = zip(components.along, components.names, strict=True)
    said = [f"{along.value} = {_quoted(names.get(name, name))}" for along, name in pairs]
    return ["[vector]", f'system = "{"cartesian" if components.is_cartesian else "spherical"}"', *said, ""]


def _quoted(text: str) -> str:
    """The text as a basic string of TOML, which JSON's strings are, but for one control character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
