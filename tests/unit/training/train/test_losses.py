"""Losses, including second derivatives, agree with closed forms, on the CPU and on a GPU if there is one."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from earthgan_training.train import losses
from earthgan_training.train.config import Width
from earthgan_training.train.critic import Critic

SHAPE = (3, 2, 4, 5, 6)
SIZE = math.prod(SHAPE[1:])
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")),
]


def fields(count: int, seed: int = 0, device: str = "cpu") -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(SHAPE, generator=generator).to(device) for _ in range(count)]


def quadratic(k: Tensor) -> losses.Score:
    """A score with the known gradient k x / n: half the mean square, times k."""
    return lambda field, exact=False: 0.5 * k * field.square().mean(dim=(1, 2, 3, 4))[:, None]


@pytest.mark.parametrize("device", DEVICES)
def test_the_gradient_penalty_and_its_derivative_have_their_closed_form(device: str) -> None:
    real, fake = fields(2, device=device)
    share = torch.tensor([0.0, 0.3, 1.0], device=device)
    k = torch.tensor(7.0, device=device, requires_grad=True)
    *_, last = losses.wasserstein_critic(quadratic(k), real, fake, share, penalty=10.0)
    weight, penalty = last["critic/penalty"]
    assert weight == 10
    between = fake + share.view(-1, 1, 1, 1, 1) * (real - fake)
    length = between.flatten(1).norm(dim=1) / SIZE
    torch.testing.assert_close(penalty, (7 * length - 1).square())
    (slope,) = torch.autograd.grad(penalty.sum(), k)
    torch.testing.assert_close(slope, (2 * (7 * length - 1) * length).sum())


@pytest.mark.parametrize("device", DEVICES)
def test_r1_and_r2_and_their_derivatives_have_their_closed_form(device: str) -> None:
    real, fake = fields(2, device=device)
    k = torch.tensor(3.0, device=device, requires_grad=True)
    _, r1, r2 = losses.relativistic_critic(quadratic(k), real, fake, torch.zeros(3, device=device), penalty=2.0)
    for terms, name, field in ((r1, "critic/r1", real), (r2, "critic/r2", fake)):
        weight, penalty = terms[name]
        assert weight == 2
        length = field.flatten(1).norm(dim=1) / SIZE
        torch.testing.assert_close(penalty, (3 * length).square() / 2, rtol=1e-4, atol=1e-9)
        (slope,) = torch.autograd.grad(penalty.sum(), k)
        torch.testing.assert_close(slope, (3 * length.square()).sum(), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("device", DEVICES)
def test_a_critics_penalty_has_the_gradient_of_twice_backwards(device: str) -> None:
    """The derivative through convolutions, activations and means agrees with torch's own second derivative."""
    torch.manual_seed(0)
    critic = Critic(1, Width(base=2, cap=4)).to(device)
    field, condition = torch.randn(2, 2, 1, 36, 36, 38).to(device).unbind()

    def score(field: Tensor, exact: bool = False) -> Tensor:
        return critic.score(field, condition).mean(dim=1, keepdim=True)

    losses.gradient_norm(score, field).square().sum().backward()
    found = [parameter.grad.clone() for parameter in critic.parameters()]
    critic.zero_grad()
    probe = field.requires_grad_()
    (slope,) = torch.autograd.grad(score(probe).sum(), probe, create_graph=True)
    slope.square().sum().backward()
    for parameter, gradient in zip(critic.parameters(), found, strict=True):
        due = torch.zeros_like(gradient) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(gradient, due, rtol=1e-3, atol=1e-6 * float(due.abs().max()) + 1e-12)


def test_scores_and_penalty_share_one_reduction() -> None:
    """A critic whose loss is the mean of its scores has the gradient of that mean. It once had that of their sum."""
    real, fake = fields(2)
    many = {n: torch.ones(n) for n in (1, 231)}

    def score(n: int) -> losses.Score:
        # n equal scores of each sample, then their mean
        return lambda field, exact=False: (field.mean(dim=(1, 2, 3, 4))[:, None] * many[n]).mean(dim=1, keepdim=True)

    first, second = (list(losses.wasserstein_critic(score(n), real, fake, torch.zeros(3), 10.0)) for n in (1, 231))
    for a, b in zip(first, second, strict=True):
        for name in a:
            torch.testing.assert_close(a[name][1], b[name][1])


def test_the_wasserstein_loss_is_the_difference_of_means() -> None:
    real, fake = fields(2)
    score = quadratic(torch.tensor(1.0))
    terms: losses.Terms = {}
    for group in losses.wasserstein_critic(score, real, fake, torch.zeros(3), penalty=0.0):
        terms |= group
    total = sum(weight * loss for weight, loss in terms.values())
    torch.testing.assert_close(total, (score(fake) - score(real))[:, 0])
    torch.testing.assert_close(losses.wasserstein_generator(score, real, fake), -score(fake)[:, 0])


def test_the_pairing_loss_is_that_of_the_difference() -> None:
    real, fake = fields(2)
    score = quadratic(torch.tensor(1.0))
    pairing = next(iter(losses.relativistic_critic(score, real, fake, torch.zeros(3), 1.0)))["critic/pairing"][1]
    torch.testing.assert_close(pairing, (1 + (score(fake) - score(real)).exp()).log()[:, 0])
    generator = losses.relativistic_generator(score, real, fake)
    torch.testing.assert_close(generator, (1 + (score(real) - score(fake)).exp()).log()[:, 0])


def test_patches_are_paired_one_by_one_and_penalised_like_one() -> None:
    """Two patches that do not overlap have the pairing loss of each, and the slope of one of them on its own."""
    real, fake = fields(2)

    def halves(field: Tensor, exact: bool = False) -> Tensor:
        return torch.stack([half.square().mean(dim=(1, 2, 3, 4)) for half in field.chunk(2, dim=2)], dim=1)

    pairing = next(iter(losses.relativistic_critic(halves, real, fake, torch.zeros(3), 1.0)))["critic/pairing"][1]
    torch.testing.assert_close(pairing, (1 + (halves(fake) - halves(real)).exp()).log().mean(dim=1))
    lengths = torch.stack([2 * half.flatten(1).norm(dim=1) / (SIZE / 2) for half in real.chunk(2, dim=2)])
    torch.testing.assert_close(losses.gradient_norm(halves, real), lengths.square().mean(dim=0).sqrt())


def test_nothing_flows_into_the_fields_of_the_critics_step() -> None:
    real, fake = fields(2)
    k = torch.tensor(2.0, requires_grad=True)
    for loss in (losses.wasserstein_critic, losses.relativistic_critic):
        for group in loss(quadratic(k), real, fake, torch.full((3,), 0.5), 1.0):
            for _, term in group.values():
                if term.requires_grad:
                    term.sum().backward()
    assert real.grad is None
    assert fake.grad is None
    assert k.grad is not None


def test_a_flat_critic_has_a_finite_derivative() -> None:
    k = torch.tensor(0.0, requires_grad=True)
    losses.gradient_norm(quadratic(k), fields(1)[0]).sum().backward()
    assert k.grad is not None
    assert torch.isfinite(k.grad)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), split=st.integers(1, 2))
def test_every_loss_is_of_its_sample_alone(seed: int, split: int) -> None:
    """This holds so that a batch may be cut anywhere."""
    field, truth = fields(2, seed)
    for loss in (
        lambda f, t: losses.squared(f - t),
        lambda f, t: losses.charbonnier(f - t),
        lambda f, t: losses.gradient(f - t),
        losses.spectrum,
        lambda f, t: losses.imprint(f - t, 2),
        lambda f, t: losses.evenness(f, t, 2),
    ):
        parts = [loss(field[:split], truth[:split]), loss(field[split:], truth[split:])]
        torch.testing.assert_close(torch.cat(parts), loss(field, truth))


@settings(deadline=None, max_examples=20)
@given(size=st.floats(-100, 100))
def test_charbonnier_is_nearly_the_absolute_value(size: float) -> None:
    loss = float(losses.charbonnier(torch.full(SHAPE, size))[0])
    assert abs(size) - losses.EPSILON - 1e-4 <= loss <= abs(size) + 1e-4


def test_the_gradient_loss_sees_changes_only() -> None:
    assert losses.gradient(torch.full(SHAPE, 5.0)).abs().max() < 1e-6
    ramp = torch.arange(6.0).expand(SHAPE)
    torch.testing.assert_close(losses.gradient(ramp), torch.full((3,), (1 - losses.EPSILON) / 3), rtol=1e-3, atol=0)


def test_the_spectrum_loss_counts_power_and_no_phase() -> None:
    (truth,) = fields(1)
    assert losses.spectrum(truth, truth).abs().max() == 0
    assert losses.spectrum(truth.flip(-1), truth).abs().max() < 1e-4
    torch.testing.assert_close(losses.spectrum(2 * truth, truth), torch.full((3,), math.log(4)), rtol=0.02, atol=0)


def test_the_imprint_is_what_is_alike_in_a_row_of_cells() -> None:
    torch.manual_seed(0)
    cells = torch.randn(1, 2, 3, 4, 4)
    blocks = cells.repeat_interleave(8, dim=-1).repeat_interleave(8, dim=-2)
    stripes = torch.randn(8).repeat(4).expand_as(blocks)
    assert losses.imprint(blocks, 8) < 1e-6
    detail = torch.randn_like(blocks)
    detail *= stripes.std() / detail.std()
    assert losses.imprint(stripes, 8) > 2 * losses.imprint(detail, 8)
    torch.testing.assert_close(losses.imprint(stripes.transpose(-2, -1), 8), losses.imprint(stripes, 8))


def test_evenness_sees_the_edges_of_cells_and_no_amplitude() -> None:
    torch.manual_seed(0)
    truth = torch.randn(1, 2, 3, 32, 32)
    assert losses.evenness(3 * truth, truth, 8) < 1e-4
    assert losses.evenness(torch.randn_like(truth), truth, 8) < 0.2
    edges = torch.randn(1, 2, 3, 4, 4).repeat_interleave(8, dim=-1).repeat_interleave(8, dim=-2)
    for cells in (edges, edges.transpose(-2, -1)):
        assert losses.evenness(0.1 * truth + cells, truth, 8) > 1
