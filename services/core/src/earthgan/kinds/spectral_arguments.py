"""The arguments of a `spectral` generator in `spec.json`."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from earthgan.flow.gate import GatedRun, StoredRun, StoredShells
from earthgan.flow.stokes import StokesProfile
from earthgan.kinds.curves import CurveSpec
from earthgan.kinds.registry import KindArguments
from earthgan.numerics.radial import RadialGrid
from earthgan.records import Frozen, optional

#: Which number of a time step says its time.
Clock = Literal["time_myr", "t"]
CodedField = Literal["temperature", "u", "v", "w"]


class ComponentSpec(Frozen):
    """A field that is coded: temperature, or U, V or W of the velocity where it does not follow from temperature
    (`earthgan.kinds.spectral_planner`). Its normalised coefficients are rounded to multiples of `step`.
    """

    field: CodedField
    step: float = Field(gt=0)


class RefinementArguments(Frozen):
    """A network that refines decoded temperature (`earthgan.kinds.refine`). It has `layers` 3 x 3 convolutions with
    `channels` channels.

    It runs on `shells` shells and sees the temperature `reach_km` below and above each of them. `field_rms` scales its
    input: it is the root mean square of normalised temperature less its lateral mean. `error_rms` scales its output: it
    is the root mean square of the code's error.
    """

    shells: int = Field(default=16, ge=4)
    reach_km: float = Field(default=130.0, gt=0)
    channels: int = Field(default=16, ge=1)
    layers: int = Field(default=4, ge=2)
    field_rms: float = Field(gt=0)
    error_rms: float = Field(gt=0)


class PredictionArguments(Frozen):
    """The prediction of a step from the decoded step before it or after it (`earthgan.kinds.prediction`).

    Degrees up to `degree` are carried on `shells` Chebyshev shells, by a flow whose change is taken from degrees up to
    `flow_degree`, with `stages` products (an odd number) in each pass of at most `interval`. `clock` says which number
    of a step is its time: all durations are differences of it. `advection` turns m/s into shell thicknesses per unit of
    time, `diffusivity` is in squares of the thickness per unit of time, and `heating` in normalised temperature per
    unit of time. If all three are zero, a step is predicted to be like the one before it. `coarseness` says how many
    times larger the rounding steps of a predicted step's differences are. `key_every` is the number of steps from one
    key frame to the next, at most.
    """

    degree: int = Field(ge=1)
    shells: int = Field(default=20, ge=4)
    flow_degree: int = Field(default=47, ge=1)
    stages: int = Field(default=7, ge=3)
    interval: float = Field(gt=0)
    clock: Clock = "t"
    advection: float = 0.0
    diffusivity: float = Field(default=0.0, ge=0)
    heating: float = 0.0
    coarseness: float = Field(default=2.0, gt=0)
    key_every: int = Field(default=8, ge=2)

    @model_validator(mode="after")
    def _stages_are_odd(self) -> PredictionArguments:
        if self.stages % 2 == 0:
            raise ValueError("a prediction has an odd number of stages")
        return self

    @property
    def most(self) -> int:
        """The largest number of predictions that lead from a key frame to a step."""
        return self.key_every - 1 - self.back

    @property
    def back(self) -> int:
        """The number of steps before a key frame that are predicted from it backwards. A second one takes four times
        as many bytes as a step forwards (`docs/spectral.md`).
        """
        return min(1, (self.key_every - 1) // 2)

    @property
    def carries(self) -> bool:
        """Whether anything changes from one step to the next."""
        return (self.advection, self.diffusivity, self.heating) != (0, 0, 0)


class SpectralArguments(KindArguments):
    """Spherical harmonics up to `degree`, and radial modes on `nodes` Chebyshev nodes between two radii.

    `bands` holds the first degree of each band of degrees that share their modes. `stokes` is the profile by which
    velocity follows from temperature. Without it and without components of velocity, temperature is the only variable.
    `gate` says on which shells velocity follows from temperature. Components of velocity are added on the other shells,
    or on all shells if there is no gate. `refinement` describes the network that refines decoded temperature.
    `curves` lists the variables that follow from temperature. They come last among the surrogate's variables. With
    `prediction`, steps may be predicted from the steps before them.
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
    curves: tuple[CurveSpec, ...] = optional(())
    prediction: PredictionArguments | None = optional(None)

    @model_validator(mode="after")
    def _parts_agree(self) -> SpectralArguments:
        if self.bands[0] != 0 or list(self.bands) != sorted(set(self.bands)) or self.bands[-1] > self.degree:
            raise ValueError("the bands of degrees do not ascend from 0 to the highest degree")
        names = [component.field for component in self.components]
        if len(set(names)) != len(names) or names[0] != "temperature":
            raise ValueError("the components do not begin with temperature, or one component occurs twice")
        return self

    @model_validator(mode="after")
    def _gate_fits(self) -> SpectralArguments:
        if self.gate and self.stokes is None:
            raise ValueError("a gate says where velocity follows from temperature, but there is no Stokes profile")
        if any(before.last_km >= after.first_km for before, after in pairwise(self.gate)):
            raise ValueError("the runs of the gate do not ascend")
        if len(self.components) > 1 and not self.stored.runs:
            raise ValueError("velocity is coded, but the gate leaves no shell for it")
        return self

    @model_validator(mode="after")
    def _prediction_fits(self) -> SpectralArguments:
        if self.prediction is None:
            return self
        if self.prediction.degree > self.degree or self.prediction.shells > self.nodes:
            raise ValueError("the prediction has more degrees or shells than the code")
        if self.prediction.advection and self.stokes is None:
            raise ValueError("the prediction is carried by a flow, but there is no Stokes profile")
        return self

    @property
    def thickness_km(self) -> float:
        return self.outer_km - self.inner_km

    @property
    def radial_grid(self) -> RadialGrid:
        """The nodes of temperature, whose radii are in shell thicknesses."""
        return RadialGrid(self.nodes, self.inner_km / self.thickness_km, self.outer_km / self.thickness_km)

    @property
    def stored(self) -> StoredShells:
        """The shells whose velocity is coded. A run has one knot for each shell, but at most `nodes` knots."""
        if not self.gate:
            return StoredShells((StoredRun(self.inner_km, self.outer_km, self.nodes),))
        left = (run for run in self.gate if not run.served)
        return StoredShells(tuple(StoredRun(r.first_km, r.last_km, min(r.shells, self.nodes)) for r in left))

    @property
    def computed(self) -> int:
        """The number of variables that the generator computes. Those that follow by curves come after them."""
        return 4 if len(self.fields) > 1 else 1

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that are computed from the coefficients, in order."""
        coded = {component.field for component in self.components}
        if "w" in coded:
            return "temperature", "u", "v", "w"
        return ("temperature", "u", "v") if self.stokes or len(coded) > 1 else ("temperature",)


def gains_name(field: str, back: bool = False) -> str:
    """The name of the array `(degree, mode)` of a component's gains, uint8, for predictions forwards or `back`."""
    return f"prediction.{field}.gains{'_back' if back else ''}"


def tables_name(field: str) -> str:
    """The name of the array `(degree, mode)` of the tables that a component follows in predicted steps, int8."""
    return f"prediction.{field}.tables"
