"""What `spec.json` says about the generator of a `spectral` surrogate."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from earthgan.flow.gate import GatedRun, StoredRun, StoredShells
from earthgan.flow.stokes import StokesProfile
from earthgan.kinds.registry import KindArguments
from earthgan.numerics.radial import RadialGrid
from earthgan.records import Frozen

CodedField = Literal["temperature", "u", "v", "w"]


class ComponentSpec(Frozen):
    """A field that is coded: temperature, or a velocity's U, V or W where temperature does not determine it
    (`earthgan.kinds.spectral_planner`). `step` is what its normalised coefficients are rounded to.
    """

    field: CodedField
    step: float = Field(gt=0)


class RefinementArguments(Frozen):
    """A network of `layers` 3 x 3 convolutions of `channels` on so many `shells`, which sees what lies `reach_km` below
    and above (`earthgan.kinds.refine`). `field_rms`, the size of normalised temperature less its lateral mean, scales
    its input; `error_rms`, the size of the code's error, scales its output.
    """

    shells: int = Field(default=16, ge=4)
    reach_km: float = Field(default=130.0, gt=0)
    channels: int = Field(default=16, ge=1)
    layers: int = Field(default=4, ge=2)
    field_rms: float = Field(gt=0)
    error_rms: float = Field(gt=0)


class SpectralArguments(KindArguments):
    """Harmonics to `degree` and radial modes on `nodes` Chebyshev nodes between two radii.

    `bands` holds the first degree of each band of degrees that share their modes. `stokes` makes velocity of
    temperature; without it and without components of velocity, temperature is the only variable. `gate` says where it
    does: components of velocity are what it leaves, on the shells that are not served (without a gate, anywhere).
    `refinement` is made to temperature when it has been decoded.
    """

    preset: Literal["spectral"] = "spectral"
    degree: int = Field(ge=1, le=511)
    nodes: int = Field(ge=4, le=512)
    inner_km: float
    outer_km: float
    bands: tuple[int, ...] = Field(min_length=1)
    components: tuple[ComponentSpec, ...] = Field(min_length=1)
    stokes: StokesProfile | None = None
    gate: tuple[GatedRun, ...] = ()
    refinement: RefinementArguments | None = None

    @model_validator(mode="after")
    def _parts_agree(self) -> SpectralArguments:
        if self.bands[0] != 0 or list(self.bands) != sorted(set(self.bands)) or self.bands[-1] > self.degree:
            raise ValueError("the bands of degrees do not ascend from 0 to the highest degree")
        names = [component.field for component in self.components]
        if len(set(names)) != len(names) or names[0] != "temperature":
            raise ValueError("the components do not begin with temperature, or one occurs twice")
        return self

    @model_validator(mode="after")
    def _gate_fits(self) -> SpectralArguments:
        if self.gate and self.stokes is None:
            raise ValueError("a gate judges velocity that is made of temperature, and none is")
        if any(before.last_km >= after.first_km for before, after in pairwise(self.gate)):
            raise ValueError("the runs of the gate do not ascend")
        if len(self.components) > 1 and not self.stored.runs:
            raise ValueError("velocity is coded, and the gate leaves no shell for it")
        return self

    @property
    def thickness_km(self) -> float:
        return self.outer_km - self.inner_km

    @property
    def radial_grid(self) -> RadialGrid:
        """The nodes of temperature, in shell thicknesses."""
        return RadialGrid(self.nodes, self.inner_km / self.thickness_km, self.outer_km / self.thickness_km)

    @property
    def stored(self) -> StoredShells:
        """The shells whose velocity is coded: a knot for each, or as many as there are nodes."""
        if not self.gate:
            return StoredShells((StoredRun(self.inner_km, self.outer_km, self.nodes),))
        left = (run for run in self.gate if not run.served)
        return StoredShells(tuple(StoredRun(r.first_km, r.last_km, min(r.shells, self.nodes)) for r in left))

    @property
    def fields(self) -> tuple[str, ...]:
        """What the coefficients are turned to, in order."""
        coded = {component.field for component in self.components}
        if "w" in coded:
            return "temperature", "u", "v", "w"
        return ("temperature", "u", "v") if self.stokes or len(coded) > 1 else ("temperature",)
