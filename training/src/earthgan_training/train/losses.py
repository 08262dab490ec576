"""The losses that training minimises. Every loss is one number for each sample, `(batch,)`. So samples can be split
over passes and processes, and the gradient is that of their mean.

The Wasserstein loss with gradient penalty follows Gulrajani et al. (2017), https://arxiv.org/abs/1704.00028. The
relativistic pairing loss with penalties on both sides (R1 + R2) follows Huang et al. (2024),
https://arxiv.org/abs/2501.05441.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.nn import functional as F

#: Losses by name, each with its weight.
Terms = dict[str, tuple[float, Tensor]]

# When forward derivatives are first used, torch compiles some functions with a compiler that it calls deprecated.
with warnings.catch_warnings(), forward_ad.dual_level():
    warnings.simplefilter("ignore", DeprecationWarning)
    forward_ad.make_dual(torch.zeros(1), torch.zeros(1))  # type: ignore[no-untyped-call]

EPSILON = 1e-3
_SAMPLE = (1, 2, 3, 4)


class Score(Protocol):
    """The scores `(batch, patch)` of fields `(batch, variable, shell, row, column)`. There is one patch if the losses
    compare whole fields. With `exact`, they are computed in float32 throughout.
    """

    def __call__(self, field: Tensor, exact: bool = False) -> Tensor: ...


def squared(error: Tensor) -> Tensor:
    """The mean square."""
    return error.square().mean(dim=_SAMPLE)


def charbonnier(error: Tensor) -> Tensor:
    """The mean of `sqrt(error**2 + epsilon**2) - epsilon`: an absolute error that is smooth at zero."""
    return ((error.square() + EPSILON**2).sqrt() - EPSILON).mean(dim=_SAMPLE)


def gradient(error: Tensor) -> Tensor:
    """The Charbonnier loss of the differences between neighbours, averaged over the three axes."""
    axes = [error.diff(dim=axis) for axis in (2, 3, 4) if error.shape[axis] > 1]
    return torch.stack([charbonnier(each) for each in axes]).mean(dim=0) if axes else error.sum(dim=_SAMPLE) * 0


def imprint(error: Tensor, cell: int) -> Tensor:
    """The Charbonnier loss of what is alike across cells of the conditional input, which are `cell` points wide: the
    mean of two rows of cells, less its means over the cells, and the same for columns. In a single row of points, such
    stripes hide behind everything else.
    """

    def along(values: Tensor) -> Tensor:
        rows, columns = (size // cell * cell for size in values.shape[-2:])
        height = min(2 * cell, rows)
        rows = rows // height * height
        bands = values[..., :rows, :columns].reshape(*values.shape[:-2], -1, height, columns).mean(dim=-2)
        bands = bands.reshape(*bands.shape[:-1], -1, cell)
        return charbonnier((bands - bands.mean(dim=-1, keepdim=True)).flatten(-2))

    return (along(error) + along(error.transpose(-2, -1))) / 2


def evenness(field: Tensor, truth: Tensor, cell: int) -> Tensor:
    """How differently a field and the ground truth change from point to point at the places within a cell of the
    conditional input, which is `cell` points wide: the mean difference between logarithms of mean squares, each less
    its mean over the places, for each variable. Patches begin where cells do.
    """

    def places(values: Tensor, axis: int) -> Tensor:
        jumps = values.transpose(axis, -1).diff(dim=-1)[..., : values.shape[axis] - cell]
        jumps = jumps[..., : jumps.shape[-1] // cell * cell].square()
        mean = jumps.reshape(*jumps.shape[:-1], -1, cell).mean(dim=(2, 3, 4))
        logarithms: Tensor = (mean + torch.finfo(torch.float32).tiny).log()
        return logarithms - logarithms.mean(dim=-1, keepdim=True)

    axes = [(places(field, axis) - places(truth, axis)).abs().mean(dim=(1, 2)) for axis in (-2, -1)]
    return torch.stack(axes).mean(dim=0)


def spectrum(field: Tensor, truth: Tensor) -> Tensor:
    """The mean difference between the logarithms of zonal power, for each variable in each shell.

    The power is computed from rows with a Hann window and averaged over the rows. A thousandth of the ground truth's
    mean power is added to both powers, so that wavenumbers with hardly any power do not count.
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
    """The length `(batch,)` of the gradient of the mean score with respect to the field, times the square root of the
    number of patches: the typical length for a single patch, as patches hardly overlap. It is differentiable too.

    The length equals the score's slope along the gradient's own direction. This direction maximises the slope, so it
    can be held fixed when the length is differentiated. The second derivative is therefore taken with forward
    differentiation first and then backwards. This needs half the memory of two backward passes, because torch
    differentiates a convolution's gradient through layouts that are several times its size.
    """
    field = field.detach().requires_grad_()
    scores = score(field, exact=True)
    patches = scores.shape[1]
    # The slope of a mean over voxels with respect to one voxel is too small a number for float16.
    (slope,) = torch.autograd.grad(scores.sum() / math.sqrt(patches), field)
    length = slope.square().sum(dim=_SAMPLE, keepdim=True).sqrt()
    with forward_ad.dual_level():
        towards = forward_ad.make_dual(field.detach(), slope / length.clamp_min(1e-30))  # type: ignore[no-untyped-call]
        steepest: Tensor = forward_ad.unpack_dual(score(towards, exact=True)).tangent  # type: ignore[no-untyped-call]
        return steepest.sum(dim=1) / math.sqrt(patches)


def wasserstein_critic(
    score: Score, real: Tensor, fake: Tensor, share: Tensor, penalty: float, anchor: float = 0.0
) -> Iterator[Terms]:
    """The critic's loss: the score of the fake field minus the score of the real field, plus a penalty on the
    difference between the gradient's length and 1. The gradient is taken at the point that lies `share` `(batch,)` of
    the way from fake to real. `anchor` weights the squared score of the real field: the other terms depend only on
    differences, so without it all scores would drift together.

    Terms are yielded one after another, so that the graph of each can be released before the next is made.
    """
    yield {"critic/fake": (1.0, score(fake).mean(dim=1))}
    scores = score(real).mean(dim=1)
    yield {"critic/real": (-1.0, scores), **_anchor(scores, anchor)}
    if penalty:
        between = fake + share.view(-1, 1, 1, 1, 1) * (real - fake)
        yield {"critic/penalty": (penalty, (gradient_norm(score, between) - 1).square())}


def relativistic_critic(
    score: Score, real: Tensor, fake: Tensor, share: Tensor, penalty: float, anchor: float = 0.0
) -> Iterator[Terms]:
    """The critic's loss, which falls as the real field scores further above the fake field with the same condition.
    Half the squared gradient at each of the two fields (R1 and R2) is added. `anchor` is as in the Wasserstein loss;
    `share` is unused.
    """
    scores = score(real), score(fake)
    means = [each.mean(dim=1) for each in scores]
    yield {
        "critic/pairing": (1.0, F.softplus(scores[1] - scores[0]).mean(dim=1)),
        "critic/real": (0.0, means[0].detach()),
        "critic/fake": (0.0, means[1].detach()),
        **_anchor(means[0], anchor),
    }
    if penalty:
        yield {"critic/r1": (penalty, gradient_norm(score, real).square() / 2)}
        yield {"critic/r2": (penalty, gradient_norm(score, fake).square() / 2)}


def _anchor(scores: Tensor, weight: float) -> Terms:
    return {"critic/anchor": (weight, scores.square())} if weight else {}


def wasserstein_generator(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    """The generator's adversarial loss: minus the score of its field. The real field is unused."""
    return -score(fake).mean(dim=1)


def relativistic_generator(score: Score, real: Tensor, fake: Tensor) -> Tensor:
    """The generator's adversarial loss, which falls as its field scores further above the real field."""
    with torch.no_grad():
        of_real = score(real)
    return F.softplus(of_real - score(fake)).mean(dim=1)
