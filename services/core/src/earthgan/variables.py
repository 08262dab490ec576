"""The variables a mantle-convection surrogate may carry, with their units and how they are usually drawn."""

from __future__ import annotations

from dataclasses import dataclass


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
