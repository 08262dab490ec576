"""The variables a mantle-convection surrogate may carry, with their units and how they are usually drawn."""

from __future__ import annotations

from dataclasses import dataclass

_MATPLOTLIB = ("viridis", "inferno", "magma", "plasma", "cividis")
_CRAMERI = (
    *("batlow", "lajolla", "lapaz", "davos", "oslo", "tokyo", "turku", "bilbao", "hawaii", "acton", "devon", "nuuk"),
    *("vik", "broc", "cork", "roma", "berlin", "bam", "lisbon", "tofino", "managua"),
)
#: The colour maps that can be drawn. They are perceptually uniform, and readers with a colour vision deficiency can
#: read them too.
COLORMAPS = (*_MATPLOTLIB, *(f"crameri:{name}" for name in _CRAMERI))


def shown_unit(unit: str) -> str:
    """A unit as people read it beside a number. "1" says that there is none, so nothing is shown."""
    return "" if unit.strip() == "1" else unit.strip()


def with_unit(long_name: str, unit: str) -> str:
    """The heading of a scale: `Temperature [K]`, or the name alone if the numbers have no unit."""
    shown = shown_unit(unit)
    return f"{long_name} [{shown}]" if shown else long_name


@dataclass(frozen=True)
class Variable:
    """The properties of a variable that do not depend on the data.

    `colormap` names the usual colour map. `symmetric` variables are scaled and drawn about zero.
    """

    name: str
    long_name: str
    unit: str
    colormap: str
    symmetric: bool


TEMPERATURE = Variable("temperature", "Temperature", "K", "inferno", symmetric=False)
VX = Variable("vx", "Velocity towards 0° N 0° E", "m/s", "crameri:vik", symmetric=True)
VY = Variable("vy", "Velocity towards 0° N 90° E", "m/s", "crameri:vik", symmetric=True)
VZ = Variable("vz", "Velocity towards the north pole", "m/s", "crameri:vik", symmetric=True)

#: The four variables that the paper's generator takes and gives, in its order. Velocity is Cartesian and Earth-centred.
PAPER_VARIABLES = (TEMPERATURE, VX, VY, VZ)
