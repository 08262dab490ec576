"""What training minimises. Every loss is one number a sample, `(batch,)`, so that samples may be split over passes
and processes: the gradient is that of their mean.

Wasserstein loss with gradient penalty: Gulrajani et al. (2017), https://arxiv.org/abs/1704.00028. Relativistic pairing
with penalties on both sides (R1 + R2): Huang et al. (2024), https://arxiv.org/abs/2501.05441.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F

#: Losses by name, each with its weight.
Terms = dict[str, tuple[float, Tensor]]

# The first use of forward derivatives makes torch compile some with a compiler of its own that it calls deprecated.
with warnings.catch_warnings(), forward_ad.dual_level():
    warnings.simplefilter("ignore", DeprecationWarning)
    forward_ad.make_dual(torch.zeros(1), torch.zeros(1))  # type: ignore[no-untyped-call]

EPSILON = 1e-3
_SAMPLE = (1, 2, 3, 4)


class Score(Protocol):
    """A score `(batch,)` of fields `(batch, variable, shell, row, column)`; `exact` asks for float32 throughout."""

    def __call__(self, field: Tensor, exact: bool = False) -> Tensor: ...


def squared(error: Tensor) -> Tensor:
    """The mean square."""
    return error.square().mean(dim=_SAMPLE)


def charbonnier(error: Tensor) -> Tensor:
    """The mean of `sqrt(error**2 + epsilon**2) - epsilon`: absolute, but smooth at zero."""
    return ((error.square() + EPSILON**2).sqrt() - EPSILON).mean(dim=_SAMPLE)


def gradient(error: Tensor) -> Tensor:
    """The Charbonnier loss of differences between neighbours, the mean over the three axes."""
    axes = [error.diff(dim=axis) for axis in (2, 3, 4) if error.shape[axis] > 1]
    return torch.stack([charbonnier(each) for each in axes]).mean(dim=0) if axes else error.sum(dim=_SAMPLE) * 0


def spectrum(field: Tensor, truth: Tensor) -> Tensor:
    """The mean difference between logarithms of zonal power, of each variable in each shell.

    Power is of Hann-windowed rows and is averaged over them; a thousandth of the truth's mean power is added to both,
    so that wavenumbers in which nothing happens do not count.
    """
    window = torch.hann_window(field.shape[-1], periodic=False, device=field.device)

    def power(values: Tensor) -> Tensor:
        anomaly = values.float() - values.float().mean(dim=-1, keepdim=True)
        amplitude: Tensor = torch.fft.rfft(anomaly * window, norm="ortho").abs()
        return amplitude.square().mean(dim=-2)[..., 1:]

    of_truth = power(truth)
    floor = EPSILON * of_truth.mean(dim=-1, keepdim=True) + torch.finfo(torch.float32).tiny
    return ((power(field) + floor).log() - (of_truth + floor).log()).abs().mean(dim=(1, 2, 3))


def gradient_norm(score: Score, field: Tensor) -> Tensor:
    """The length `(batch,)` of a score's gradient with respect to the field; differentiable itself.

    That length is the score's slope along the gradient's own direction; and as the direction that makes a slope
    largest, it may be held fixed when the length is differentiated. So the second derivative is taken backwards over
    forwards, in half the memory of twice backwards: torch differentiates a convolution's gradient through layouts that
    are several times its size.
    """
    field = field.detach().requires_grad_()
    # A slope per voxel of a mean over voxels is too small a number for float16.
    (slope,) = torch.autograd.grad(score(field, exact=True).sum(), field)
    length = slope.square().sum(dim=_SAMPLE, keepdim=True).sqrt()
    with forward_ad.dual_level():
        towards = forward_ad.make_dual(field.detach(), slope / length.clamp_min(1e-30))  # type: ignore[no-untyped-call]
        steepest: Tensor = forward_ad.unpack_dual(score(towards, exact=True)).tangent  # type: ignore[no-untyped-call]
        return steepest


def wasserstein_critic(
    score: Score, real: Tensor, fake: Tensor, share: Tensor, penalty: float, anchor: float = 0.0
) -> Iterator[Terms]:
    """The critic's loss: the score of the fake less that of the real, and the penalty on the gradient's distance from
    1 at `share` `(batch,)` of the way from fake to real. `anchor` is of the real's squared score: only differences
    count, so all scores together would drift.

    Terms come one after another, so that the graph of each can be let go before the next is made.
    """
    yield {"critic/fake": (1.0, score(fake))}
    scores = score(real)
    yield {"critic/real": (-1.0, scores), **_anchor(scores, anchor)}
    if penalty:
        between = fake + share.view(-1, 1, 1, 1, 1) * (real - fake)
        yield {"critic/penalty": (penalty, (gradient_norm(score, between) - 1).square())}


def relativistic_critic(
    score: Score, real: Tensor, fake: Tensor, share: Tensor, penalty: float, anchor: float = 0.0
) -> Iterator[Terms]:
    """The critic's loss: how far the real does not score above the fake of the same condition, and half the squared
    gradient at both, R1 and R2. `anchor` is as in the Wasserstein loss; `share` has no part in it.
    """
    scores = score(real), score(fake)
    loss = F.softplus(scores[1] - scores[0])
    yield {
        "critic/pairing": (1.0, loss),
        "critic/real": (0.0, scores[0].detach()),
        "critic/fake": (0.0, scores[1].detach()),
        **_anchor(scores[0], anchor),
    }
    if penalty:
        yield {"critic/r1": (penalty, gradient_norm(score, real).square() / 2)}
        yield {"critic/r2": (penalty, gradient_norm(score, fake).square() / 2)}


def _anchor(scores: Tensor, weight: float) -> Terms:
    return {"critic/anchor": (weight, scores.square())} if weight else {}


def wasserstein_generator(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    """The generator's adversarial loss: minus the score of its field. The real has no part in it."""
    return -score(fake)


def relativistic_generator(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    """The generator's adversarial loss: how far its field does not score above the real one."""
    with torch.no_grad():
        of_real = score(real)
    return F.softplus(of_real - score(fake))
