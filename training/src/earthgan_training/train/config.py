"""The options of a training run: one tree of typed, frozen sections, read from TOML. Unknown keys are refused.

The presets are `earthgan_training/configs/*.toml`. `--set adversarial.steps=100` changes one value of a preset.
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

PRESETS = ("debug", "small", "gan", "default", "paper", "paper-256")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Width(_Section):
    """The channels of a network: `base` on the fine grid, twice as many on each coarser grid, and at most `cap`."""

    base: int = Field(default=64, ge=1, le=512)
    cap: int = Field(default=64, ge=1, le=512)

    def channels(self, level: int) -> int:
        """The number of channels after the grid was halved `level` times."""
        return min(self.base << level, self.cap)


class GeneratorConfig(_Section):
    """The generator's network. `paper` computes at every resolution up to that of the fine grid. `residual` computes at
    the resolution of the conditional input and adds to cubic interpolation. `upsampling` continues `residual` with
    blocks like those of `paper`, within shells.

    Only `paper` has a choice of `noise`. `residual` and `upsampling` have `blocks` with `width.channels(3)` channels.
    """

    preset: Literal["paper", "residual", "upsampling"] = "residual"
    width: Width = Width()
    noise: Literal["concat", "add"] = "concat"
    blocks: int = Field(default=8, ge=1)


class CriticConfig(_Section):
    """The critic. With `standardised`, it gets each shell minus its mean and divided by its spread, for the field and
    the condition alike. With `lateral`, it looks at each shell alone, and then may look at every `every`-th shell of a
    sample only. `first` says how its first weights are drawn: as torch does by default, where the scores of all fields
    begin nearly alike, or with the variances of He et al. (2015). `pairing` says what the relativistic loss
    compares: the mean scores of two fields, or their scores patch by patch.
    """

    width: Width = Width()
    standardised: bool = True
    lateral: bool = False
    every: int = Field(default=1, ge=1)
    pairing: Literal["field", "patch"] = "field"
    first: Literal["torch", "he"] = "torch"

    @model_validator(mode="after")
    def _whole_shells_alone(self) -> CriticConfig:
        if self.every > 1 and not self.lateral:
            raise ValueError("only a lateral critic can look at some shells only")
        return self


class SampleConfig(_Section):
    """A sample: the output's `patch` as shells x rows x columns, and the symmetries that are applied at random. The
    shells are consecutive, or `every` is the distance from one to the next.
    """

    patch: tuple[int, int, int]
    every: int = Field(default=1, ge=1)
    rotate: bool = True
    mirror: bool = True


class Stage(_Section):
    """A stage of training: its number of generator updates, a learning rate that falls along a cosine to `final` times
    its initial value (1: constant), and whether the generator gets noise.
    """

    steps: int = Field(ge=0)
    learning_rate: float = Field(gt=0)
    final: float = Field(default=1.0, gt=0, le=1)
    noise: bool = True


class ContentWeights(_Section):
    """The weights of the content losses. `squared` applies to normalised values. The other losses apply to values
    divided by the spread of their variable in their shell. `imprint` and `evenness` act against traces of the cells of
    the conditional input.
    """

    squared: float = Field(default=0.0, ge=0)
    charbonnier: float = Field(default=1.0, ge=0)
    gradient: float = Field(default=0.1, ge=0)
    imprint: float = Field(default=0.0, ge=0)
    spectrum: float = Field(default=0.02, ge=0)
    evenness: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _one_is_positive(self) -> ContentWeights:
        if not any(self.model_dump().values()):
            raise ValueError("at least one of the content losses needs a weight")
        return self


class AdversarialStage(Stage):
    """The second stage. `weight` applies to the adversarial loss, and `content` to the content loss beside it.
    `penalty` applies to the gradient penalty, which is computed in every `penalty_every`-th step and then counts as
    many times. `anchor` applies to the squared score of the real field, and keeps the
    scores near zero. Before each update of the generator, the critic makes `critic_steps` updates, each on its own
    batch. `content_weights` replace those of the first stage.

    With two `draws` of each sample, `reward` times half of what the content loss finds between them is subtracted. With
    a reward of 1, the absolute errors become the fair CRPS, which is smallest for draws that differ as much as their
    error asks for. With a smaller reward, the draws differ less, and each is nearer to the ground truth.
    """

    loss: Literal["wgan-gp", "relativistic"] = "relativistic"
    weight: float = Field(default=5e-3, gt=0)
    content: float = Field(default=1.0, ge=0)
    content_weights: ContentWeights | None = None
    draws: Literal[1, 2] = 1
    reward: float = Field(default=1.0, ge=0, le=1)
    penalty: float = Field(default=1.0, ge=0)
    penalty_every: int = Field(default=1, ge=1)
    anchor: float = Field(default=1e-3, ge=0)
    critic_steps: int = Field(default=1, ge=1)
    critic_learning_rate: float = Field(default=1e-4, gt=0)


class Optimiser(_Section):
    """The optimiser AdamW, which is Adam without weight decay. `ema` is the share of the averaged weights that an
    update keeps.
    """

    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = Field(default=0.0, ge=0)
    ema: float = Field(default=0.999, ge=0, lt=1)


class SurrogateConfig(_Section):
    """What a run's surrogate holds: the time steps of its data set or the held-out ones only, and the type in which its
    weights are stored.
    """

    steps: Literal["all", "held_out"] = "all"
    weights: Literal["float32", "float16"] = "float32"


class TrainConfig(_Section):
    """A run. `dataset` names the preset that the data must be prepared with, or None if any will do. `variables` are
    the variables to train on; if it is empty, all of the data set's. `batch` counts the samples of all processes
    together.
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
    surrogate: SurrogateConfig = SurrogateConfig()

    @property
    def steps(self) -> int:
        """The number of generator updates in both stages."""
        return self.content.steps + self.adversarial.steps


def read_preset(name: str, changes: Sequence[str] = ()) -> TrainConfig:
    """Read a preset by name, or a TOML file by path, and apply changes of the form `key.key=value`. Raises BadInput."""
    try:
        if name in PRESETS:
            text = (files("earthgan_training") / "configs" / f"{name}.toml").read_text(encoding="utf-8")
        else:
            text = Path(name).read_text(encoding="utf-8")
        table: dict[str, Any] = tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"{name}: is neither a preset ({', '.join(PRESETS)}) nor a file that can be read") from error
    except ValueError as error:  # from TOML or Unicode
        raise BadInput(f"{name}: is not TOML ({error})") from error
    for change in changes:
        _change(table, change)
    try:
        return TrainConfig.model_validate(table)
    except ValidationError as error:
        raise BadInput(f"{name}: {what_is_wrong(error)}") from error


def _change(table: dict[str, Any], change: str) -> None:
    """Apply `key.key=value`. The value is parsed as TOML; if that fails, it is text."""
    path, equals, text = change.partition("=")
    *sections, key = path.strip().split(".")
    if not equals or not all((*sections, key)):
        raise BadInput(f"--set {change}: expected KEY=VALUE, such as adversarial.steps=100")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise BadInput(f"--set {change}: {section} is not a section")
    table[key] = value
