"""The upsampling generator: it interpolates before training, gives the same numbers in any window and as ONNX, turns
with its input, and draws noise that is continuous over the poles.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cell_networks import multiplications, of_onnx, turned, windows
from earthgan import ShellGrid, Window
from earthgan.kinds.graphs import upsampling_graph
from earthgan.kinds.interpolate import InterpolatePlanner
from earthgan.kinds.networks import DoublingConv, UpsamplingGenerator, interpolated
from earthgan.kinds.upsampling import UpsamplingArguments, UpsamplingPlanner

INPUTS = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 6)), 6, 10)
OUTPUTS = ShellGrid(
    radii_km=tuple(np.linspace(3500, 6300, 17)),
    latitudes_deg=ShellGrid.cell_centred((1.0, 2.0), 48, 80).latitudes_deg,
    longitudes_deg=tuple(-18 + (np.arange(80) + 0.5) * 4.5),
)


@dataclass(frozen=True)
class Case:
    planner: UpsamplingPlanner
    network: UpsamplingGenerator
    x: np.ndarray

    def feeds(self, window: Window, seed: int | None = 3) -> dict[str, np.ndarray]:
        cut = INPUTS.window(self.x, self.planner.input_window(window))
        return {"x": np.ascontiguousarray(cut[None]), **self.planner.feeds(window, seed)}

    def field(self, window: Window, seed: int | None = 3) -> np.ndarray:
        with torch.no_grad():
            return self.network.run({n: torch.from_numpy(v) for n, v in self.feeds(window, seed).items()})[0].numpy()


def make_case(trained: bool = True) -> Case:
    torch.manual_seed(0)
    arguments = UpsamplingArguments(channels=6, blocks=2, doubled=(5, 4, 3), vector=(1, 2, 3), layers=6)
    network = UpsamplingGenerator(4, arguments)
    if trained:
        network.standardise(0.1 * torch.randn(4, 6), 1 + torch.rand(4, 6))
        for block in network.doublings:
            torch.nn.init.normal_(block.proj.weight, std=0.3)
            for noise in block.noise:
                torch.nn.init.normal_(noise.std, std=0.3)
    x = np.random.default_rng(0).normal(size=(4, *INPUTS.shape)).astype(np.float32)
    return Case(UpsamplingPlanner(arguments, INPUTS, OUTPUTS), network, x)


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case()


@pytest.fixture(scope="module")
def whole(case: Case) -> np.ndarray:
    return case.field(OUTPUTS.whole)


WINDOWS = windows(48)


def test_untrained_it_is_cubic_interpolation() -> None:
    case = make_case(trained=False)
    feeds = {name: torch.from_numpy(value) for name, value in case.feeds(OUTPUTS.whole).items()}
    np.testing.assert_array_equal(case.field(OUTPUTS.whole), interpolated(feeds)[0])


@settings(deadline=None, max_examples=30)
@given(window=WINDOWS)
def test_a_window_is_a_part_of_the_whole(case: Case, whole: np.ndarray, window: Window) -> None:
    np.testing.assert_allclose(case.field(window), OUTPUTS.window(whole, window), atol=1e-5)


@settings(deadline=None, max_examples=10)
@given(first=st.integers(0, 4), every=st.integers(1, 6))
def test_shells_with_gaps_are_those_of_the_whole(case: Case, whole: np.ndarray, first: int, every: int) -> None:
    shells = range(first, 17, every)
    window = Window(shells, range(8, 16), range(8, 24))
    np.testing.assert_allclose(case.field(window), whole[:, list(shells), 8:16, 8:24], atol=1e-5)


@settings(deadline=None, max_examples=15)
@given(window=WINDOWS)
def test_onnx_gives_the_same(case: Case, window: Window) -> None:
    state = {name: value.numpy() for name, value in case.network.state_dict().items()}
    field = of_onnx(upsampling_graph(4, case.planner.arguments, state), case.feeds(window))
    np.testing.assert_allclose(field, case.field(window), atol=1e-5)


@settings(deadline=None, max_examples=9)
@given(cells=st.integers(1, 9))
def test_without_noise_it_turns_with_what_it_is_given(case: Case, cells: int) -> None:
    """If a field and its velocities are turned by whole cells, the result is turned by as much."""
    other = Case(case.planner, case.network, turned(case.x, cells))
    due = turned(case.field(OUTPUTS.whole, None), cells)
    np.testing.assert_allclose(other.field(OUTPUTS.whole, None), due, atol=2e-5)


def test_noise_beyond_a_pole_is_the_noise_that_lies_there(case: Case) -> None:
    for level, layer in ((0, 0), (1, 1), (3, 5)):
        count, period = 6 << level, 10 << level
        inside = case.planner._noise(3, layer, Window(range(6), range(count), range(period)), level)
        outside = case.planner._noise(3, layer, Window(range(6), range(-2, count + 3), range(period)), level)
        np.testing.assert_array_equal(outside[:, 2:-3], inside)
        half = np.roll(inside, -period // 2, axis=-1)
        np.testing.assert_array_equal(outside[:, :2], half[:, 1::-1])
        np.testing.assert_array_equal(outside[:, -3:], half[:, :-4:-1])


def test_noise_keeps_its_variance_between_layers(case: Case) -> None:
    draws = np.stack([case.field(OUTPUTS.whole, seed) for seed in range(8)])
    spread = draws.std(axis=0).mean(axis=(0, 2, 3))
    assert spread.min() > 0.7 * spread.max()


def test_one_convolution_doubles_and_convolves() -> None:
    torch.manual_seed(0)
    conv, x = DoublingConv(3, 4), torch.randn(2, 3, 6, 7)
    due = torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    due = torch.nn.functional.conv2d(due, conv.weight, conv.bias)
    torch.testing.assert_close(conv(x), due[..., 1:-1, 1:-1])


def test_its_cost_is_its_multiplications(case: Case) -> None:
    window = Window(range(3, 9), range(5, 20), range(-3, 30))
    counted = multiplications(case.network, lambda: case.field(window))
    interpolation = InterpolatePlanner(INPUTS, OUTPUTS).multiply_adds(window, 4)
    assert counted <= case.planner.multiply_adds(window, 4) - interpolation <= 1.3 * counted


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 2 blocks for inputs of 6 rows"):
        UpsamplingPlanner(UpsamplingArguments(blocks=3, layers=6), INPUTS, OUTPUTS)
