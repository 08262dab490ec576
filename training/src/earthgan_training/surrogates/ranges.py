"""The range of a variable for drawing, and the constants of its normalisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from earthgan.records import Affine, VariableSpec
from earthgan.surrogate import LONGEST_RUN
from earthgan.variables import Variable
from earthgan_training.simulations.labelled import Source

#: A range ends at multiples of its span's second figure.
_FIGURES = 2
#: A float32 lies within this share of the number that was meant: 0.97 is 0.97000003.
_FLOAT32_ROUNDING = 2.0**-24


def extent(field: NDArray[np.float32], variable: Variable) -> tuple[float, float]:
    """The range that a colour scale should span: all values, or for a symmetric variable all except the largest
    thousandth.

    NaN means "no value". The extent of a field without values is NaN.
    """
    values = field[~np.isnan(field)] if np.isnan(field.min(initial=0)) else field
    if not values.size:
        return np.nan, np.nan
    if variable.symmetric:
        magnitudes = np.abs(values)
        large = float(np.quantile(magnitudes, 0.999)) or float(magnitudes.max())
        return -large, large
    return float(values.min()), float(values.max())


def colour_range(extents: NDArray[np.float64], variable: Variable) -> tuple[float, float]:
    """The extent over all time steps, rounded outwards to two significant figures of its span. It always ascends.

    `extents` is `(step, 2)`. A symmetric variable's range is symmetric about zero. Where all values are the same
    float32 number, the range is a small one around it.
    """
    known = extents[~np.isnan(extents).any(axis=1)]
    low, high = (float(known[:, 0].min()), float(known[:, 1].max())) if len(known) else (0.0, 0.0)
    if variable.symmetric:
        high = max(-low, high)
        return (-_rounded(high, high, ROUND_CEILING), _rounded(high, high, ROUND_CEILING)) if high else (-1.0, 1.0)
    if np.float32(low) < np.float32(high):
        return _rounded(low, high - low, ROUND_FLOOR), _rounded(high, high - low, ROUND_CEILING)
    if low == 0:
        return 0.0, 1.0
    below, above = _rounded(low, abs(low), ROUND_FLOOR), _rounded(low, abs(low), ROUND_CEILING)
    step = float(_unit(abs(low))) if below == above else 0.0
    return below - step, above + step


def normalisation(span: tuple[float, float], variable: Variable) -> Affine:
    """The affine that maps 0 to 1 to the range, or -1 to 1 for a symmetric variable."""
    low, high = span
    return Affine(offset=0.0, scale=high) if variable.symmetric else Affine(offset=low, scale=high - low)


def common_extents(
    extents: Mapping[str, tuple[float, float]], vector: Sequence[str] | None
) -> dict[str, tuple[float, float]]:
    """The least and the greatest values of variables, by name. The components of one vector share one pair around zero.

    A component that is zero but for rounding has a tiny range of its own. Its errors matter as those of the others do,
    because a vector has one length and can be turned.
    """
    parts = [extents[name] for name in vector or () if name in extents]
    shared = min((low for low, _ in parts), default=0.0), max((high for _, high in parts), default=0.0)
    shared = min(shared[0], 0.0), max(shared[1], 0.0)
    return {name: shared if vector and name in vector else own for name, own in extents.items()}


def common_ranges(
    ranges: Mapping[str, tuple[float, float]], vector: Sequence[str] | None
) -> dict[str, tuple[float, float]]:
    """Colour ranges of variables, by name. The components of one vector share one, if all of theirs are symmetric."""
    parts = [ranges[name] for name in vector or ()]
    if not parts or any(low != -high for low, high in parts):
        return dict(ranges)
    return dict(ranges) | dict.fromkeys(vector or (), max(parts, key=lambda ends: ends[1]))


def _unit(span: float) -> Decimal:
    """The place value of the last significant figure of a span."""
    return Decimal(1).scaleb(Decimal(repr(span)).adjusted() - (_FIGURES - 1))


def _rounded(value: float, span: float, direction: str) -> float:
    """`value` as a multiple of the span's last figure. The arithmetic is decimal, so that 0.97 stays 0.97."""
    unit, exact = _unit(span), Decimal(repr(value))
    tolerance = min(unit / 1000, abs(exact) * Decimal(_FLOAT32_ROUNDING))
    inwards = exact - tolerance if direction == ROUND_CEILING else exact + tolerance
    return float((inwards / unit).to_integral_value(direction) * unit)


def described(variable: Variable, span: tuple[float, float], normalisation: Affine) -> VariableSpec:
    """A variable as `spec.json` states it, with its colour range and the constants of its normalisation."""
    return VariableSpec(
        name=variable.name,
        long_name=variable.long_name,
        unit=variable.unit,
        colormap=variable.colormap,
        range=span,
        normalisation=normalisation,
    )


def ranges(source: Source, steps: Sequence[int]) -> dict[str, float]:
    """Each variable's range in some steps, in its unit. The components of one vector share theirs. Raises BadInput."""
    found = {}
    for each in source.variables:
        name, low, high = each.variable.name, np.inf, -np.inf
        for t in steps:
            for start in range(0, len(source.grid.radii_km), LONGEST_RUN):
                run = range(start, min(start + LONGEST_RUN, len(source.grid.radii_km)))
                field = source.read(t, name, run)
                if np.isfinite(field).any():
                    low, high = min(low, float(np.nanmin(field))), max(high, float(np.nanmax(field)))
        found[name] = low, high
    return {name: max(high - low, 0.0) for name, (low, high) in common_extents(found, source.vector).items()}
