"""The largest errors that a user asks for, as they are written and in a source's units."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from earthgan.errors import BadInput, WrongUsage
from earthgan_training.simulations.labelled import Source

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BOUND = re.compile(rf"(?:(?P<name>[A-Za-z]\w*)=)?(?P<number>{_NUMBER})\s*(?P<unit>[^\d\s.=+-].*)?", re.ASCII)


@dataclass(frozen=True)
class Bounds:
    """The largest error of each variable, in its unit, that any cell may have."""

    largest: Mapping[str, float]


@dataclass(frozen=True)
class AskedBound:
    """A largest error as it was written: `temperature=5K`, `0.1%` or `0.02`. Without a name, it is for all variables.

    `unit` is None for the variable's own unit, and "%" for percent of the variable's range.
    """

    number: float
    unit: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class AskedBounds:
    """The largest errors as they were written."""

    bounds: tuple[AskedBound, ...]


def asked_bounds(text: str) -> AskedBounds:
    """Parse largest errors such as `0.5%` or `temperature=5K,vx=1%`. This is the `type` of an argument.

    >>> asked_bounds("temperature=5 K").bounds
    (AskedBound(number=5.0, unit='K', name='temperature'),)

    Raises ArgumentTypeError, with one sentence.
    """
    found = []
    for piece in text.split(","):
        match = _BOUND.fullmatch(piece.strip())
        number = float(match["number"]) if match else math.nan
        if match is None or not 0 < number < math.inf:
            raise argparse.ArgumentTypeError(
                f"{piece!r} is not a largest error: write a positive number, perhaps with a unit or %, "
                "such as 5K, 0.5% or temperature=5K,vx=1%"
            )
        found.append(AskedBound(number, match["unit"] and match["unit"].strip(), match["name"]))
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} bounds one variable twice")
    return AskedBounds(tuple(found))


def bounds_for(asked: AskedBounds, source: Source, ranges: Mapping[str, float]) -> Bounds:
    """The bound of each variable of a source in its unit. `ranges` holds each variable's range, which % refers to.

    Raises BadInput for a name that the source lacks or a unit that does not fit. Raises WrongUsage if a variable is not
    bounded, or if a number without a name and % would have to hold for several variables.
    """
    by_name = {each.name: each for each in asked.bounds if each.name is not None}
    for name in by_name:
        source.named(name)
    general = next((each for each in asked.bounds if each.name is None), None)
    unnamed = [each.variable.name for each in source.variables if each.variable.name not in by_name]
    if unnamed and general is None:
        raise WrongUsage(f"--max-error: says nothing of {', '.join(unnamed)} (--variables leaves variables out)")
    if general and general.unit != "%" and len(unnamed) > 1:
        shown = ",".join(f"{name}=…" for name in unnamed)
        raise WrongUsage(f"--max-error: one number cannot hold for {', '.join(unnamed)}: write {shown}, or use %")
    largest = {}
    for each in source.variables:
        bound = by_name.get(each.variable.name, general)
        assert bound is not None
        largest[each.variable.name] = _in_unit(bound, each.variable.name, each.variable.unit, ranges)
    return Bounds(largest)


def _in_unit(bound: AskedBound, name: str, unit: str, ranges: Mapping[str, float]) -> float:
    if bound.unit is None or bound.unit == unit:
        return bound.number
    if bound.unit == "%":
        return bound.number / 100 * ranges[name]
    from earthgan_training.simulations.units import conversion  # its unit library takes long to import

    convert = conversion(bound.unit, unit, difference=True)
    if convert is None:
        raise BadInput(f"--max-error: {bound.unit!r} does not measure {name}, whose unit is {unit!r}")
    return float(convert(bound.number))
