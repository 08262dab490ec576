"""The arguments of a `harmonics` generator in `spec.json`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from earthgan.kinds.distributions import SHAPES
from earthgan.kinds.registry import KindArguments
from earthgan.records import Frozen


class ScalarSpec(Frozen):
    """A variable that is coded. Its normalised coefficients are rounded to multiples of `step`.

    `modes` is the number of radial modes. If `groups` is empty, they are polynomials of the shells' radii. Otherwise
    they were learned: `groups` holds the first degree of each group of degrees that share their modes, and `modes` has
    one number for each group.
    """

    variable: str
    step: float = Field(gt=0)
    groups: tuple[int, ...] = ()
    modes: tuple[int, ...] = Field(min_length=1)

    @property
    def most_modes(self) -> int:
        return max(self.modes)

    @model_validator(mode="after")
    def _parts_agree(self) -> ScalarSpec:
        if len(self.modes) != max(len(self.groups), 1) or min(self.modes) < 1:
            raise ValueError("there is not a number of modes for each group of degrees")
        if self.groups and (self.groups[0] != 0 or list(self.groups) != sorted(set(self.groups))):
            raise ValueError("the groups of degrees do not ascend from 0")
        return self


class HarmonicsArguments(KindArguments):
    """Spherical harmonics up to `degree`, and radial modes on the surrogate's own shells.

    `bands` holds the first degree of each band of degrees whose coefficients have usual sizes in common. `shape` is the
    index of the coefficients' distribution (`earthgan.kinds.distributions.SHAPES`).
    """

    preset: Literal["harmonics"] = "harmonics"
    degree: int = Field(ge=0, le=511)
    bands: tuple[int, ...] = Field(min_length=1)
    shape: int = Field(ge=0, lt=len(SHAPES))
    components: tuple[ScalarSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _parts_agree(self) -> HarmonicsArguments:
        if self.bands[0] != 0 or list(self.bands) != sorted(set(self.bands)) or self.bands[-1] > self.degree:
            raise ValueError("the bands of degrees do not ascend from 0 to the highest degree")
        names = [component.variable for component in self.components]
        if len(set(names)) != len(names):
            raise ValueError("one variable is coded twice")
        return self
