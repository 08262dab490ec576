"""What a training run can be told: one tree of typed, frozen sections, read from TOML. Unknown keys are refused.

The presets are `earthgan_training/configs/*.toml`; `--set adversarial.steps=100` changes one value of a preset.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from earthgan.errors import BadInput, what_is_wrong
from earthgan_training.prepare.recipe import Preset

PRESETS = ("debug", "default", "paper")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Width(_Section):
    """Channels of a network: `base` at the fine grid, doubled at each coarser one, never more than `cap`."""

    base: int = Field(default=64, ge=1, le=512)
    cap: int = Field(default=64, ge=1, le=512)

    def channels(self, level: int) -> int:
        """Channels where the grid has been halved `level` times."""
        return min(self.base << level, self.cap)


class GeneratorConfig(_Section):
    """Which network: `paper` works at every resolution up to the fine grid's; `residual` at the conditional input's,
    and adds to cubic interpolation.

    `noise` is of `paper` alone, `blocks` of `residual`, whose channels are `width.channels(3)`.
    """

    preset: Literal["paper", "residual"] = "residual"
    width: Width = Width()
    noise: Literal["concat", "add"] = "concat"
    blocks: int = Field(default=8, ge=1)


class CriticConfig(_Section):
    """The critic. `standardised` gives it each shell less its mean over its spread, field and condition alike."""

    width: Width = Width()
    standardised: bool = True


class SampleConfig(_Section):
    """What one sample is: `patch` shells x rows x columns of the output, and its symmetries, at random."""

    patch: tuple[int, int, int]
    rotate: bool = True
    mirror: bool = True


class Stage(_Section):
    """A stage of training: its generator updates, and a learning rate that falls along a cosine to `final` of itself
    (1: constant).
    """

    steps: int = Field(ge=0)
    learning_rate: float = Field(gt=0)
    final: float = Field(default=1.0, gt=0, le=1)


class ContentWeights(_Section):
    """Weights of the content losses. `squared` is of normalised values; the others of values over the spread of their
    variable in their shell.
    """

    squared: float = Field(default=0.0, ge=0)
    charbonnier: float = Field(default=1.0, ge=0)
    gradient: float = Field(default=0.1, ge=0)
    spectrum: float = Field(default=0.02, ge=0)

    @model_validator(mode="after")
    def _one_is_positive(self) -> ContentWeights:
        if not any(self.model_dump().values()):
            raise ValueError("one of the content losses needs a weight")
        return self


class AdversarialStage(Stage):
    """The second stage. `weight` is of the adversarial loss, `content` of the content loss beside it; `penalty` of the
    gradient penalty, and `anchor` of the real's squared score, which keeps scores near zero; `critic_steps` updates of
    the critic come before each of the generator, each on a batch of its own.
    """

    loss: Literal["wgan-gp", "relativistic"] = "relativistic"
    weight: float = Field(default=5e-3, gt=0)
    content: float = Field(default=1.0, ge=0)
    penalty: float = Field(default=1.0, ge=0)
    anchor: float = Field(default=1e-3, ge=0)
    critic_steps: int = Field(default=1, ge=1)
    critic_learning_rate: float = Field(default=1e-4, gt=0)


class Optimiser(_Section):
    """AdamW, which without weight decay is Adam; `ema` is how much of the averaged weights an update keeps."""

    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = Field(default=0.0, ge=0)
    ema: float = Field(default=0.999, ge=0, lt=1)


class TrainConfig(_Section):
    """A run. `dataset` is the preset that the data were prepared with, where that matters; `variables` are all of the
    data's where none are named; `batch` counts samples of all processes.
    """

    dataset: Preset | None = None
    variables: tuple[str, ...] = ()
    seed: int = Field(default=0, ge=0, lt=2**32)
    batch: int = Field(default=1, ge=1)
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    max_memory_gb: float | None = Field(default=None, gt=0)
    checkpoint_every: int = Field(default=100, ge=1)
    validate_every: int = Field(default=100, ge=1)
    validation_samples: int = Field(default=4, ge=1)
    samples: SampleConfig
    generator: GeneratorConfig = GeneratorConfig()
    critic: CriticConfig = CriticConfig()
    content_weights: ContentWeights = ContentWeights()
    content: Stage
    adversarial: AdversarialStage
    optimiser: Optimiser = Optimiser()

    @property
    def steps(self) -> int:
        """Generator updates of both stages."""
        return self.content.steps + self.adversarial.steps


def read_preset(name: str, changes: Sequence[str] = ()) -> TrainConfig:
    """A preset by name, or a TOML file by path, with `key.key=value` changes. Raises BadInput."""
    try:
        if name in PRESETS:
            text = (files("earthgan_training") / "configs" / f"{name}.toml").read_text(encoding="utf-8")
        else:
            text = Path(name).read_text(encoding="utf-8")
        table: dict[str, Any] = tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"{name}: is no preset ({', '.join(PRESETS)}) and no file that can be read") from error
    except ValueError as error:  # of TOML, of Unicode
        raise BadInput(f"{name}: is not TOML ({error})") from error
    for change in changes:
        _change(table, change)
    try:
        return TrainConfig.model_validate(table)
    except ValidationError as error:
        raise BadInput(f"{name}: {what_is_wrong(error)}") from error


def _change(table: dict[str, Any], change: str) -> None:
    """Set `key.key=value`; the value is TOML, or else text."""
    path, equals, text = change.partition("=")
    *sections, key = path.strip().split(".")
    if not equals or not all((*sections, key)):
        raise BadInput(f"--set {change}: such as adversarial.steps=100 is due")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise BadInput(f"--set {change}: {section} is not a section")
    table[key] = value
