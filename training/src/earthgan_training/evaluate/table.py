"""The tables of an evaluation as rows of text, for the terminal and for the document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from earthgan.quantities import VELOCITY
from earthgan.variables import TEMPERATURE
from earthgan_training.evaluate.answers import answers, largest
from earthgan_training.evaluate.results import (
    ALL_BYTES,
    NETWORK,
    PUBLISHED,
    SAME_BYTES,
    SURROGATES,
    WITHOUT_NETWORK,
    Evaluation,
    Rival,
)
from earthgan_training.evaluate.scores import MEASURES, POWER
from earthgan_training.work.tables import NONE, Table

_NAMES = {
    "sperr": "SPERR",
    "sz3": "SZ3",
    "av1": "AV1",
    SURROGATES: "**surrogates**",
    WITHOUT_NETWORK: "surrogates, no network",
    PUBLISHED: "published generator",
    NETWORK: "coordinate network",
}


def tables(found: Evaluation) -> tuple[Table, ...]:
    """All tables, the most useful first."""
    every = _measures(found), largest(found), _rivals(found), _by_step(found), _rates(found), *answers(found)
    return tuple(table for table in every if table.rows)


def method(way: str) -> str:
    """The name of a rival in print."""
    name = way.removesuffix(ALL_BYTES)
    shown = _NAMES.get(name, f"paper's input, {name}")
    return f"{shown}, all bytes on {TEMPERATURE.name}" if way.endswith(ALL_BYTES) else shown


def _measures(found: Evaluation) -> Table:
    numbers = {name: found.numbers(name) for name in found.variables}
    keys = list(numbers[found.variables[0]])
    ordered = [key for key in MEASURES if key in keys] + [key for key in keys if key.startswith(POWER)]
    rows = [(_title(key), *(_number(numbers[name][key], key) for name in found.variables)) for key in ordered]
    if found.divergence:
        predicted, true = found.divergence
        shown = {VELOCITY[0]: f"{predicted:.2g} (truth {true:.2g})"}
        rows.append(("divergence of velocity", *(shown.get(name, "") for name in found.variables)))
    return Table("The surrogate", ("measure", *found.variables), tuple(rows))


def _rivals(found: Evaluation) -> Table:
    own = found.footprint.per_step
    rows = [
        (
            "**the surrogate**",
            f"{own / len(found.variables):,.0f} ({own:,.0f} in all)",
            *(f"**{found.numbers(name)['psnr_global_db']:.1f}**" for name in found.variables),
        )
    ]
    for way in found.ways:
        every = {name: found.rival(way, name) for name in found.variables}
        sizes = [rival.bytes for rival in every.values() if rival]
        rows.append(
            (
                _same_bytes(found, way) or method(way),
                _bytes(sizes, way, found.own_input),
                *(_psnr(rival) for rival in every.values()),
            )
        )
    return Table("PSNR against others, dB", ("", "bytes a variable", *found.variables), tuple(rows))


def _by_step(found: Evaluation) -> Table:
    ways = [way for way in found.ways if not way.endswith(ALL_BYTES)]
    names = {way: _same_bytes(found, way) or _NAMES.get(way, way) for way in ways}
    rows = []
    for step in found.steps if len(found.steps) > 1 else ():
        for name in found.variables:
            rivals = [step.rivals[way].get(name) for way in ways]
            own = step.variables[name].numbers["psnr_global_db"]
            rows.append((str(step.t), name, f"{own:.1f}", *(_psnr(rival) for rival in rivals)))
    head = ("step", "variable", "the surrogate", *names.values())
    return Table("Step by step: PSNR, dB", head, tuple(rows))


def _rates(found: Evaluation) -> Table:
    rows = [
        (
            method(codec),
            _bytes([curve[i].bytes for curve in of.values()], codec),
            *(_psnr(of[name][i] if name in of else None) for name in found.variables),
        )
        for codec, of in found.rates.items()
        for i in range(len(next(iter(of.values()))))
    ]
    rows = list(dict.fromkeys(rows))  # a codec gives its smallest code for all lower rates
    title = f"By rate, step {found.steps[0].t}: PSNR, dB"
    return Table(title, ("", "bytes a variable", *found.variables), tuple(rows))


def _title(key: str) -> str:
    if key.startswith(POWER):
        first, last = key.removeprefix(POWER).split("_")
        return f"power of degrees {first}–{last}"
    return MEASURES[key][0]


def _number(value: float, key: str) -> str:
    if not np.isfinite(value):
        return NONE
    return f"{value:.1f}" if key.endswith("_db") else f"{value:.3g}"


def _psnr(rival: Rival | None) -> str:
    return f"{rival.psnr_global_db:.1f}" if rival else NONE


def _same_bytes(found: Evaluation, way: str) -> str | None:
    """The name of an interpolation of the same bytes; None for another way."""
    if not way.startswith(SAME_BYTES):
        return None
    return f"{'own input' if found.own_input else 'area means, same bytes'}, {way.removeprefix(SAME_BYTES)}"


def verdict(found: Evaluation) -> list[str]:
    """One line for each variable: whether the surrogate is better than interpolation of the same bytes."""
    what = "its own input" if found.own_input else "area means of the same bytes"
    lines = []
    for name in found.variables:
        gain = found.gain_db(name)
        if round(gain, 1) == 0:
            lines.append(f"{name}: as good as interpolating {what}")
        elif gain > 0:
            lines.append(f"{name}: {gain:.1f} dB above interpolating {what}")
        else:
            lines.append(f"{name}: {-gain:.1f} dB below interpolating {what}: interpolation is better")
    return lines


def _bytes(sizes: Sequence[float], way: str, own_input: bool = False) -> str:
    """The bytes that a way takes for each variable, or for all of them together."""
    low, high = min(sizes), max(sizes)
    together = way in (SURROGATES, WITHOUT_NETWORK, PUBLISHED) or way.endswith(ALL_BYTES)
    together |= own_input and way.startswith(SAME_BYTES)
    return (f"{high:,.0f}" if high - low < 1 else f"{low:,.0f}–{high:,.0f}") + (" in all" if together else "")
