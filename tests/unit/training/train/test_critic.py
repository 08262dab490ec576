"""The critic: the rule for its size, its behaviour under translation, and its condition."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan_training.train.config import Width
from earthgan_training.train.critic import Critic, ResidualBlock, score_size


@pytest.fixture(scope="module")
def critic() -> Critic:
    torch.manual_seed(0)
    return Critic(2, Width(base=2, cap=4))


def test_the_papers_patch_has_231_scores() -> None:
    assert [score_size(cells) for cells in (198, 118, 38)] == [21, 11, 1]


@settings(deadline=None, max_examples=20)
@given(cells=st.tuples(*[st.integers(36, 47)] * 3))
def test_the_scores_are_as_many_as_the_rule_says(cells: tuple[int, int, int]) -> None:
    critic = Critic(1, Width(base=1, cap=1)).to("meta")
    field = torch.empty(1, 1, *cells, device="meta")
    assert critic(field, field).shape == (1, *(score_size(each) for each in cells))


def test_one_cell_fewer_than_the_rule_asks_for_is_too_few() -> None:
    assert score_size(36) == 1
    assert score_size(35) == 0


def test_scores_move_with_the_field(critic: Critic) -> None:
    field, condition = torch.randn(2, 1, 2, 36, 36, 52).unbind()
    scores = critic(field, condition)
    moved = critic(field[..., 8:], condition[..., 8:])
    torch.testing.assert_close(moved, scores[..., 1:])


def test_a_lateral_critic_scores_each_shell_alone() -> None:
    torch.manual_seed(0)
    critic = Critic(1, Width(base=2, cap=4), lateral=True)
    field, condition = torch.randn(2, 1, 1, 3, 36, 44).unbind()
    scores = critic(field, condition)
    assert scores.shape == (1, 3, 1, 2)
    torch.testing.assert_close(critic(field[:, :, 1:2], condition[:, :, 1:2]), scores[:, 1:2])


def test_a_lateral_critic_convolves_as_in_three_dimensions() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(2, 3, lateral=True)
    field = torch.randn(1, 2, 3, 12, 14)
    features = field
    for conv in block.conv:
        features = torch.nn.functional.leaky_relu(conv(features), 0.2)
    due = torch.nn.functional.avg_pool3d(features + block.skip(field[..., 2:-2, 2:-2]), (1, 2, 2))
    torch.testing.assert_close(block(field.transpose(1, 2).flatten(0, 1)), due[0].transpose(0, 1))


def test_the_condition_counts(critic: Critic) -> None:
    field, condition = torch.randn(2, 1, 2, 36, 36, 36).unbind()
    assert not torch.equal(critic(field, condition), critic(field, -condition))


def test_downsampling_is_linear_with_cell_edges_aligned() -> None:
    block = ResidualBlock(1, 1)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
        block.skip.weight.fill_(1)  # leaves the cells without two at each edge, at half the resolution
    ramp = torch.arange(12.0).expand(1, 1, 12, 12, 12)
    torch.testing.assert_close(block(ramp)[0, 0, 0, 0], torch.tensor([2.5, 4.5, 6.5, 8.5]))
