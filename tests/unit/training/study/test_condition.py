"""What the critic may get: physical features of a field, and the U-Net that finds slabs and plumes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.sphere.grid import ShellGrid, Window
from earthgan_training.study import features
from earthgan_training.study.features import Place
from earthgan_training.study.unet import STRIDE, UNet, iou, labels

GRID = ShellGrid.cell_centred(tuple(np.linspace(3500, 6371, 20).tolist()), 60, 120)
WINDOW = Window(range(2, 18), range(10, 50), range(30, 70))
INSIDE = (slice(1, -1), slice(1, -1), slice(1, -1))
vectors = st.tuples(*[st.floats(-3, 3)] * 3).map(lambda v: torch.tensor(v, dtype=torch.float32))


@pytest.fixture(scope="module")
def place() -> Place:
    return Place.of(GRID, WINDOW)


def coordinates(place: Place) -> torch.Tensor:
    """x, y and z in km `(3, shell, row, column)`."""
    return place.outwards[:, None] * place.radii_km.float()[:, None, None]


@settings(deadline=None, max_examples=20)
@given(slope=vectors)
def test_the_gradient_of_a_linear_field_is_its_slope(place: Place, slope: torch.Tensor) -> None:
    field = torch.einsum("i,isrc->src", slope, coordinates(place))
    gradient = place.gradient(field)[:, *INSIDE]
    torch.testing.assert_close(gradient, slope.view(3, 1, 1, 1).expand_as(gradient), atol=0.01, rtol=0)


@settings(deadline=None, max_examples=20)
@given(slope=vectors.filter(lambda v: v.norm() > 0.5), velocity=vectors.filter(lambda v: v.norm() > 0.5))
def test_a_uniform_flow_advects_a_linear_field_alike_everywhere(
    place: Place, slope: torch.Tensor, velocity: torch.Tensor
) -> None:
    field = torch.einsum("i,isrc->src", slope, coordinates(place))
    flow = velocity.view(3, 1, 1, 1).expand(3, *field.shape)
    along = (flow * place.gradient(field)).sum(dim=0)[INSIDE]
    torch.testing.assert_close(along, (slope @ velocity).expand_as(along), atol=0.1, rtol=0)


def test_rotation_about_the_axis_does_not_advect_what_is_the_same_around_it(place: Place) -> None:
    x, y, z = coordinates(place)
    around = torch.stack([-y, x, torch.zeros_like(z)])
    along = (around * place.gradient(z * z)).sum(dim=0)
    assert along.abs().max() < 1e-4 * (around.norm(dim=0) * place.gradient(z * z).norm(dim=0)).max()


def test_the_radial_derivative_of_a_square_is_linear_in_radius(place: Place) -> None:
    radii = place.radii_km.float()[:, None, None].expand(WINDOW.shape)
    derivative = features.radial_derivative(place, torch.stack([radii**2, 0 * radii]))
    expected = features.scaled(radii[None])
    torch.testing.assert_close(derivative[:1, 1:-1], expected[:, 1:-1], rtol=2e-3, atol=0)
    assert not derivative[1].any()


def test_depth_falls_with_radius_and_is_the_same_on_a_shell(place: Place) -> None:
    depth = features.depth(place, torch.zeros(4, *WINDOW.shape))
    assert depth.shape == (1, *WINDOW.shape)
    assert (depth[0].diff(dim=0) < 0).all()
    assert (depth == depth[..., :1, :1]).all()
    assert features.depth(Place.of(GRID, GRID.shell(19)), torch.zeros(4, 1, 60, 120))[0, 0, 0, 0] == -1


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_labels_exclude_each_other_and_change_places_with_the_sign(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    temperature, outward = (2 * torch.randn(2, 3, 4, 5, generator=generator) for _ in range(2))
    found = labels(temperature, outward)
    assert not (found[:, 0] * found[:, 1]).any()
    torch.testing.assert_close(labels(-temperature, -outward), found.flip(1))
    assert found.sum() == ((temperature.abs() > 1) & (temperature * outward > 0)).sum()


def test_the_overlap_of_sets() -> None:
    one = torch.zeros(1, 2, 1, 1, 4)
    one[..., :2] = 1
    torch.testing.assert_close(iou(one, one), torch.ones(2))
    torch.testing.assert_close(iou(one, 1 - one), torch.zeros(2))
    torch.testing.assert_close(iou(one, one.roll(1, -1)), torch.full((2,), 1 / 3))


@settings(deadline=None, max_examples=10)
@given(st.tuples(*[st.integers(STRIDE, 13)] * 3))
def test_the_unet_keeps_any_size(size: tuple[int, int, int]) -> None:
    assert UNet(3, base=2)(torch.zeros(1, 3, *size)).shape == (1, 2, *size)


def test_the_unet_moves_with_the_field() -> None:
    torch.manual_seed(0)
    unet, field = UNet(2, base=2), torch.randn(1, 2, 64, 16, 16)
    with torch.no_grad():
        whole, moved = unet(field), unet(field[:, :, STRIDE:])
    torch.testing.assert_close(moved[:, :, 24:-24], whole[:, :, 24 + STRIDE : -24])
