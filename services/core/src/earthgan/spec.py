"""`spec.json` describes a surrogate folder. A server reads this file to learn everything about the surrogate."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationInfo, field_validator, model_validator

from earthgan.kinds.registry import KindArguments, StepInputs, kind_named, kind_of
from earthgan.records import FileSpec, Frozen, GridSpec, PlanetSpec, Seed, Sha256, VariableSpec, optional

SPEC_FILE = "spec.json"


def _of_their_kind(arguments: Any) -> Any:
    """Turn arguments that were read from JSON into the model of the kind that they name."""
    if not isinstance(arguments, dict):
        return arguments
    return kind_named(arguments.get("preset")).Arguments.model_validate(arguments)


class GeneratorSpec(Frozen):
    """The generator: the arguments of its kind, its weights, and the same network as ONNX."""

    arguments: Annotated[SerializeAsAny[KindArguments], BeforeValidator(_of_their_kind)]
    weights: FileSpec
    onnx: FileSpec | None = None


class Provenance(Frozen):
    """The origin of the data. `notice` and `credit` are shown wherever the data are shown.

    `licence` is empty and `simulated` is None if nobody has said. If `time_scale` is not None, times and speeds are not
    those of the equations that made the data: times have been divided by it, and speeds multiplied.
    """

    source: str
    licence: str = ""
    notice: str = ""
    credit: str = optional("")
    simulated: bool | None = None
    time_scale: float | None = optional(None)
    training_data_sha256: Sha256 | None = None


class SurrogateSpec(Frozen):
    """A surrogate: its generator, its conditional inputs, and everything that gives their numbers a place and a unit.

    If a request names no seed, `seed` is the seed of the injected noise. If `seed` is None too, the noise is zero.
    `mask` is a file that says which cells have no value (`earthgan.mask`) in all steps that name no mask of their own.
    """

    format: Literal[1] = 1
    title: str
    description: str
    variables: tuple[VariableSpec, ...] = Field(min_length=1)
    grid: GridSpec
    generator: GeneratorSpec
    inputs: SerializeAsAny[StepInputs]
    seed: Seed | None = None
    mask: FileSpec | None = optional(None)
    planet: PlanetSpec = optional(PlanetSpec())
    provenance: Provenance

    @field_validator("inputs", mode="before")
    @classmethod
    def _of_the_generators_kind(cls, inputs: Any, known: ValidationInfo) -> Any:
        """Turn inputs that were read from JSON into the model of the generator's kind."""
        if not isinstance(inputs, dict) or "generator" not in known.data:
            return inputs
        return kind_of(known.data["generator"].arguments).StepInputs.model_validate(inputs)

    @model_validator(mode="after")
    def _parts_agree(self) -> SurrogateSpec:
        names = [variable.name for variable in self.variables]
        if len(set(names)) != len(names):
            raise ValueError("two variables have the same name")
        arguments = self.generator.arguments
        kind = kind_of(arguments)
        if not isinstance(self.inputs, kind.StepInputs):
            raise ValueError(f"the conditional inputs do not belong to a surrogate of kind {kind.name}")
        kind.check(arguments, self.inputs, self.variables)
        return self

    def to_json(self) -> str:
        """The text of `spec.json`. It is indented and has each list of numbers on one line."""
        text = self.model_dump_json(indent=2)
        return re.sub(r"\[[-+.\de,\s]+\]", _on_one_line, text) + "\n"


def _on_one_line(match: re.Match[str]) -> str:
    return re.sub(r"\s+", " ", match[0]).replace("[ ", "[").replace(" ]", "]")
