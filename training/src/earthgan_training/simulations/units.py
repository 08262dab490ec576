"""Understands units as people write them in files, and converts between them.

The arithmetic is pint's. This module adds the spellings of CF, UDUNITS and geophysics that pint does not read: powers
without a sign (`m s-1`), `degrees_north`, `degC`, and words for "no unit". A year has 365.25 days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.errors import BadInput

if TYPE_CHECKING:
    import pint

Floats = NDArray[np.floating]

#: Whole spellings that no rule finds, by pint's name for them. They are compared in lower case, with `_` as a space.
_WRITTEN = {
    "dimensionless": "|-|1|none|no unit|no units|unitless|dimensionless|n/a|nondim|non-dimensional|nondimensional"
    "|non dimensional|adimensional|ratio|fraction",
    "percent": "%|per cent|pct|percents",
    "degree_Celsius": "c|°c|ºc|° c|degc|deg c|degreec|degree c|degreesc|degrees c|celsius|deg celsius|degree celsius"
    "|degrees celsius|centigrade",
    "degree_Fahrenheit": "degf|deg f|fahrenheit|degree fahrenheit|degrees fahrenheit",
    "kelvin": "k|kelvin|kelvins|degk|deg k|degreek|degree k|degreesk|degrees k|degree kelvin|degrees kelvin",
    "degree": "°|º|deg|degs|degree|degrees|arc degree|arc degrees|decimal degrees",
    "radian": "rad|rads|radian|radians",
    "kilometer": "km|kms|kilometre|kilometres|kilometer|kilometers",
    "meter": "metre|metres|meter|meters|gpm",
    "year": "a|yr|yrs|year|years|common year|common years",
    "kiloyear": "ka|kyr|kyrs|thousand years",
    "megayear": "ma|my|m.y.|myr|myrs|mya|million year|million years",
    "gigayear": "ga|gyr|gyrs|gya|billion years",
}
_SPELLINGS = {spelling: unit for unit, written in _WRITTEN.items() for spelling in written.split("|")}
_DIRECTION = re.compile(r"(deg|degrees?|°)[ ]?(north|east|south|west|n|e|w|true)")

#: Words and their powers: `m2`, `m-2`, `m^2`, `m**2`. A digit before a word makes it an exponent of ten, as in `1e-6`.
_POWER = re.compile(r"(?<![\w.])([^\W\d_](?:[^\W\d]*[^\W\d_])?)(?:\^|\*\*)?([+-]?\d+)(?![\w.])")
_PRODUCT = re.compile(r"(?<=[A-Za-zµμ\d)])[.·⋅](?=[A-Za-zµμΩ(])")
#: Towers of powers and long powers could be computed for ever.
_TOO_MUCH = re.compile(r"\*\*[^A-Za-z]*\*\*|\d{4,}\s*\*\*|\*\*\s*\(|\*\*\s*[+-]?\d{3,}")
_LONGEST = 80

_KM, _KELVIN, _DEGREE, _YEAR, _PASCAL = "kilometer", "kelvin", "degree", "year", "pascal"


@dataclass(frozen=True)
class Conversion:
    """`to = from * scale / divisor + offset`. A divisor keeps round numbers round: 2891500 m are 2891.5 km."""

    scale: float = 1.0
    divisor: float = 1.0
    offset: float = 0.0

    def __call__(self, values: ArrayLike) -> Floats:
        """Convert numbers. float32 stays float32, and integers become float64."""
        array = np.asarray(values)
        if not np.issubdtype(array.dtype, np.floating):
            array = array.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(array * self.scale / self.divisor + self.offset, dtype=array.dtype.newbyteorder("="))


@cache
def _registry() -> pint.UnitRegistry[Any]:
    import pint  # its import takes a third of a second

    return pint.UnitRegistry()


def _readable(unit: str) -> str:
    """The unit in pint's grammar."""
    text = " ".join(unit.replace("_", " ").split())
    known = "degree" if _DIRECTION.fullmatch(text.lower()) else _SPELLINGS.get(text.lower())
    if known and text not in ("A", "mA", "kA", "MA", "GA"):  # amperes
        return known
    text = " ".join(re.sub(r"[{}$\\]", "", unit.replace("−", "-").replace("%", "percent")).split())
    text = _PRODUCT.sub("*", text)
    text = _POWER.sub(r"\1**\2", text)
    return re.sub(r"\b(deg|degree|degrees)[_ ]?C(elsius)?\b", "delta_degree_Celsius", text)


@lru_cache(maxsize=512)
def _parsed(unit: str) -> pint.Quantity[Any] | None:
    """The unit as a quantity: `1e-6 m2/s` has a number of its own. None if nobody can read it."""
    text = _readable(unit)
    found = _read(text)
    return _read(text.lower()) if found is None else found  # `Pascal`, `KM/S`


def _read(text: str) -> pint.Quantity[Any] | None:
    if len(text) > _LONGEST or _TOO_MUCH.search(text.replace("^", "**")):
        return None
    registry = _registry()
    try:
        quantity = registry.parse_expression(text)
        if not isinstance(quantity, registry.Quantity):
            quantity = registry.Quantity(float(quantity), "dimensionless")
        scale = float(quantity.magnitude)
        quantity.to_root_units()
    except Exception:  # pint lets errors of its tokenizer and of arithmetic through; none says more than "unreadable"
        return None
    return quantity if np.isfinite(scale) and scale > 0 else None


@lru_cache(maxsize=512)
def conversion(from_unit: str, to_unit: str, *, difference: bool = False) -> Conversion | None:
    """How to convert from one unit to another; None if a unit is unknown or the two do not measure the same.

    `difference` is for anomalies: 5 degC of anomaly are 5 K.
    """
    if from_unit.strip() == to_unit.strip():
        return Conversion()
    source, target = _parsed(from_unit), _parsed(to_unit)
    if source is None or target is None or not same_dimension(from_unit, to_unit):
        return None
    try:
        zero, one = (_moved(x, source, target) for x in (0.0, 1.0))
        offset = 0.0 if difference else zero
        scale = one - zero if zero else one
        inverse = _moved(1.0, target, source) if not zero else 1 / scale
    except Exception:  # an offset unit inside a product, or numbers beyond float
        return None
    if not (np.isfinite([offset, scale, inverse]).all() and scale and inverse):
        return None
    # Temperatures are differences of sums, which lose the last digits.
    scale, inverse, offset = (_tidy(x, 1e-12 if zero else 1e-15) for x in (scale, inverse, offset))
    if inverse > 1 and inverse == round(inverse):
        return Conversion(1.0, inverse, offset)
    return Conversion(scale, 1.0, offset)


def _moved(x: float, source: pint.Quantity[Any], target: pint.Quantity[Any]) -> float:
    registry = _registry()
    moved = registry.Quantity(x * source.magnitude, source.units).to(target.units)
    return float(moved.magnitude) / float(target.magnitude)


def _tidy(x: float, tolerance: float) -> float:
    """The number that people would write, if `x` is off it by rounding alone."""
    written = float(f"{x:.12g}")
    return written if abs(written - x) <= tolerance * abs(x) else x


def converted(values: ArrayLike, from_unit: str, to_unit: str, *, difference: bool = False) -> Floats:
    """Convert numbers to another unit, of the same shape; float32 stays float32.

    Raises BadInput with a sentence that lacks only the names of the file and the variable.
    """
    found = conversion(from_unit, to_unit, difference=difference)
    if found is None:
        for unit in (from_unit, to_unit):
            if not is_known(unit):
                raise BadInput(f"the unit {unit!r} is unknown; say the unit in a mapping")
        raise BadInput(f"the unit {from_unit!r} cannot become {to_unit!r}: they do not measure the same")
    return found(values)


def is_known(unit: str) -> bool:
    """Whether the unit can be read at all."""
    return _parsed(unit) is not None


def same_dimension(one: str, other: str) -> bool:
    """Whether two units measure the same. An angle is not a pure number here. False if a unit is unknown."""
    a, b = _parsed(one), _parsed(other)
    if a is None or b is None:
        return False
    # Root units keep the radian, which dimensions do not.
    registry = _registry()
    return bool(registry.get_root_units(a.units)[1] == registry.get_root_units(b.units)[1])


def is_length(unit: str) -> bool:
    """Whether the unit is one of length, such as `km`."""
    return same_dimension(unit, _KM)


def is_angle(unit: str) -> bool:
    """Whether the unit is one of angle, such as `degrees_north` or `radians`."""
    return same_dimension(unit, _DEGREE)


def is_temperature(unit: str) -> bool:
    """Whether the unit is one of temperature, such as `degC`."""
    return same_dimension(unit, _KELVIN)


def is_time(unit: str) -> bool:
    """Whether the unit is one of time, such as `Myr`. A date (`days since 1900-01-01`) is not."""
    return same_dimension(unit, _YEAR)


def is_pressure(unit: str) -> bool:
    """Whether the unit is one of pressure, such as `hPa`."""
    return same_dimension(unit, _PASCAL)


def is_dimensionless(unit: str) -> bool:
    """Whether the unit says that numbers have none: `1`, `%`, or no text."""
    return same_dimension(unit, "dimensionless")
