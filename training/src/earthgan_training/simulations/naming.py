"""Describes a variable as its source does: name, long name, unit, and how it is usually drawn."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from earthgan.errors import BadInput
from earthgan.quantities import DERIVED
from earthgan.variables import TEMPERATURE, Variable
from earthgan_training.simulations.layout import SourceVariable
from earthgan_training.simulations.mapping import Mapping, VariableSaid
from earthgan_training.simulations.stores import Stored
from earthgan_training.simulations.units import conversion, is_known, is_temperature

_DIVERGING, _SEQUENTIAL = "crameri:vik", "crameri:batlow"
_ABOUT_ZERO = re.compile(
    r"anomal|perturbation|residual|deviation|variation|relative change|\bdln|\bd(elta)?[_ ]?v(s|p|sh|sv|ph|pv)?\b"
    r"|\bd(elta)?[_ ]?(rho|density|t|temp)\b|\bdv[sp]?[_ ]v[sp]?\b|d(vs|vp|rho)_percent|velocity.*component"
    r"|component.*velocity",
    re.IGNORECASE,
)
#: Perturbations of seismic velocity. In tomography, slow is red and fast is blue.
_SEISMIC = re.compile(
    r"\bd(elta|ln)?[_ ]?v(s|p|sh|sv|ph|pv)\b|\bdv[sp]?[_ ]v[sp]?\b|d(vs|vp)_percent"
    r"|\b(s|p|shear|compressional|seismic|sh|sv)[ -](wave[ -])?(velocity|speed)",
    re.IGNORECASE,
)
_SLOW_IS_RED = "crameri:roma"
_PERCENT = re.compile(r"%|percent|per cent|pct", re.IGNORECASE)


def unit_of(stored: Stored) -> str:
    """The unit as the source writes it. It is empty if the source states none."""
    return stored.text("units") or stored.text("unit")


def our_name(stored: Stored) -> str:
    """A name of letters, digits and underscores that is as close as can be to the source's own."""
    return _kept_apart("temperature" if _is_temperature(stored) else cleaned(stored.name))


def cleaned(name: str) -> str:
    """The name with underscores for whatever is no letter and no digit."""
    found = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    return found if found[:1].isalpha() else f"v_{found}"


def _kept_apart(name: str) -> str:
    """A stored variable may not have the name of a quantity that is derived from others."""
    return f"stored_{name}" if name in DERIVED else name


def _is_temperature(stored: Stored) -> bool:
    words = f"{stored.text('long_name')} {stored.text('standard_name')} {stored.name}"
    if _ABOUT_ZERO.search(words.replace("_", " ")) or "gradient" in words or "potential" in words:
        return False
    name = stored.name.lower()
    return (
        name == "temperature"
        or re.search(r"(^|_)temperature$", stored.text("standard_name")) is not None
        or (name in ("t", "temp") and is_temperature(unit_of(stored)))
    )


def described(
    stored: Stored, said: VariableSaid | None, mapping: Mapping, where: str, sample: Callable[[], np.ndarray]
) -> SourceVariable:
    """A stored variable with our name for it. What a mapping says counts.

    `sample` reads some of its numbers, if how to draw it cannot be known without. Raises BadInput.
    """
    name = said.name if said is not None and said.name else our_name(stored)
    if said is not None and name in DERIVED:
        raise BadInput(
            f"{mapping.path}: variables: {name!r} is the name of a quantity that is derived from others:"
            f" give {stored.name} another name"
        )
    unit, stated = (said.unit if said is not None else None), unit_of(stored)
    unit = unit if unit is not None else stated or "1"
    words = f"{stored.name} {name} {stored.text('long_name')} {stored.text('standard_name')}".replace("_", " ")
    symmetric = said.symmetric if said is not None else None
    if symmetric is None:
        symmetric = bool(_ABOUT_ZERO.search(words)) or (bool(_PERCENT.fullmatch(unit)) and _is_about_zero(sample()))
    colormap = said.colormap if said is not None else None
    if colormap is None:
        warm = name == TEMPERATURE.name and not symmetric
        diverging = _SLOW_IS_RED if _SEISMIC.search(words) else _DIVERGING
        colormap = TEMPERATURE.colormap if warm else diverging if symmetric else _SEQUENTIAL
    long_name = (said.long_name if said is not None else "") or long_name_of(stored) or stored.name
    variable = Variable(name, long_name, unit, colormap, symmetric)
    return SourceVariable(stored.name, variable, standard_name=stored.text("standard_name"))


def long_name_of(stored: Stored) -> str:
    """The source's own words for a variable, if it has any."""
    return stored.text("long_name") or stored.text("title") or stored.text("standard_name").replace("_", " ")


def _is_about_zero(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return finite.size > 0 and bool(min(-finite.min(), finite.max()) > 0.05 * np.abs(finite).max())


def refuse_inconvertible(stated: str, unit: str, symmetric: bool, where: str) -> None:
    """Raise BadInput if a stated unit cannot become the unit that is asked for. An unknown unit is overridden."""
    if stated and is_known(stated) and conversion(stated, unit, difference=symmetric) is None:
        raise BadInput(
            f"{where} states the unit {stated!r}, which cannot become {unit!r}: correct the unit in the mapping"
        )
