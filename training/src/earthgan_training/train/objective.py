"""The losses of a batch: the content loss, the adversarial loss and the critic's loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from earthgan.kinds.networks import interpolated, upsample
from earthgan_training.train import losses
from earthgan_training.train.config import ContentWeights, TrainConfig
from earthgan_training.train.critic import Critic
from earthgan_training.train.losses import Terms
from earthgan_training.train.samples import Batch
from earthgan_training.train.task import RATIO, Generator

_HALF = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Objective:
    """The losses that the two networks minimise. Each method yields groups of terms. The terms of a group share one
    graph.

    The critic's condition is the interpolated conditional input. `more` adds further channels `(batch, channel, shell,
    row, column)` to it.
    """

    def __init__(
        self, generator: Generator, critic: Critic, config: TrainConfig, more: Callable[[Batch], Tensor] | None = None
    ) -> None:
        self._generator, self._critic, self._config, self._more = generator, critic, config, more

    def predict(self, batch: Batch, again: bool = False) -> Tensor:
        """The generator's normalised field `(batch, variable, shell, row, column)`, in float32; `again` asks for the
        second draw.
        """
        with self._autocast(batch):
            return self._generator.run({**batch.feeds, **batch.again} if again else batch.feeds).float()

    def content(self, batch: Batch) -> Iterator[Terms]:
        """The first stage compares the prediction with the ground truth, point by point."""
        yield self.content_of(self.predict(batch), batch)

    def adversarial(self, batch: Batch) -> Iterator[Terms]:
        """The second stage: the prediction should convince the critic, and the content loss acts beside it."""
        stage = self._config.adversarial
        predicted = self.predict(batch)
        content = self._content_of_draws(predicted, batch)
        terms = {name: (stage.content * weight, term) for name, (weight, term) in content.items()}
        loss = losses.wasserstein_generator if stage.loss == "wgan-gp" else losses.relativistic_generator
        convinced = loss(self._score(batch), self._seen(batch.truth, batch), self._seen(predicted, batch))
        yield terms | {"adversarial": (stage.weight, convinced)}

    def critic(self, step: int, batch: Batch) -> Iterator[Terms]:
        """The critic's loss in a step. The prediction has no gradient, so nothing of the generator's graph is kept."""
        stage = self._config.adversarial
        penalty = 0.0 if step % stage.penalty_every else stage.penalty * stage.penalty_every
        with torch.no_grad():
            real, fake = self._seen(batch.truth, batch), self._seen(self.predict(batch), batch)
        loss = losses.wasserstein_critic if stage.loss == "wgan-gp" else losses.relativistic_critic
        yield from loss(self._score(batch), real, fake, batch.share, penalty, stage.anchor)

    def _content_of_draws(self, predicted: Tensor, batch: Batch) -> Terms:
        """The content losses of the second stage: the mean of all draws, less the reward for what lies between them."""
        stage = self._config.adversarial
        weights = stage.content_weights or self._config.content_weights
        content = self.content_of(predicted, batch, weights)
        if stage.draws == 1:
            return content
        second = self.predict(batch, again=True)
        of_second = self.content_of(second, batch, weights)
        mean = {name: (weight, (term + of_second[name][1]) / 2) for name, (weight, term) in content.items()}
        between = self._of_error(predicted - second, batch, weights)
        return mean | {
            f"between/{name}": (-stage.reward * weight / 2, term) for name, (weight, term) in between.items()
        }

    def content_of(self, predicted: Tensor, batch: Batch, weights: ContentWeights | None = None) -> Terms:
        """The content losses of an existing prediction, with the weights of the first stage if none are given."""
        weights = weights or self._config.content_weights
        terms = self._of_error(predicted - batch.truth, batch, weights)
        if weights.spectrum:
            terms["spectrum"] = weights.spectrum, losses.spectrum(predicted, batch.truth)
        if weights.evenness:
            fields = predicted / batch.spread, batch.truth / batch.spread
            terms["evenness"] = weights.evenness, losses.evenness(*fields, RATIO)
        return {f"content/{name}": term for name, term in terms.items()}

    @staticmethod
    def _of_error(error: Tensor, batch: Batch, weights: ContentWeights) -> Terms:
        """The content losses that only depend on the difference between two fields."""
        scaled = error / batch.spread
        ways: dict[str, tuple[float, Callable[[], Tensor]]] = {
            "squared": (weights.squared, lambda: losses.squared(error)),
            "charbonnier": (weights.charbonnier, lambda: losses.charbonnier(scaled)),
            "gradient": (weights.gradient, lambda: losses.gradient(scaled)),
            "imprint": (weights.imprint, lambda: losses.imprint(scaled, RATIO)),
        }
        return {name: (weight, loss()) for name, (weight, loss) in ways.items() if weight}

    def _seen(self, field: Tensor, batch: Batch) -> Tensor:
        """A field in the form that the critic gets. If it sees some shells only, the batch says which is the first."""
        every = self._config.critic.every
        seen = (field - batch.mean) / batch.spread if self._config.critic.standardised else field
        return seen[:, :, int(batch.samples[0].share * every) :: every]

    def _autocast(self, batch: Batch, exact: bool = False) -> AbstractContextManager[object]:
        half = _HALF.get(self._config.precision)
        return nullcontext() if half is None or exact else torch.autocast(batch.truth.device.type, dtype=half)

    def _score(self, batch: Batch) -> losses.Score:
        """The critic as a score of fields, with the condition of a batch."""
        condition = self._seen(interpolation(batch.feeds), batch)
        if self._more:
            condition = torch.cat([condition, self._more(batch)], dim=1)

        def score(field: Tensor, exact: bool = False) -> Tensor:
            with self._autocast(batch, exact and self._config.precision == "float16"):
                scores = self._critic.score(field, condition)
            return scores if self._config.critic.pairing == "patch" else scores.mean(dim=1, keepdim=True)

        return score


def interpolation(feeds: Mapping[str, Tensor]) -> Tensor:
    """The conditional input interpolated to the output's cells. The generator adds to it, and it is the critic's
    condition.
    """
    if "radial" in feeds:
        return interpolated(feeds)
    field, block = feeds["x"], 0
    while f"parity_{block}" in feeds:
        parity, middle = feeds[f"parity_{block}"].tolist(), feeds[f"noise_{2 * block + 1}"].shape[2:]
        field = upsample(field, (3 + parity[0], 3 + parity[1], 3 + parity[2]), tuple(n - 2 for n in middle))
        block += 1
    return field
