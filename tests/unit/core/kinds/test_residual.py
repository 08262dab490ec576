"""The residual generator: it interpolates before training, gives the same numbers in any window and as ONNX, and turns
with its input.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cell_networks import multiplications, of_onnx, turned, windows
from earthgan import ShellGrid, Window
from earthgan.kinds.graphs import residual_graph
from earthgan.kinds.interpolate import InterpolatePlanner
from earthgan.kinds.networks import Interpolator, ResidualGenerator, interpolated
from earthgan.kinds.residual import ResidualArguments, ResidualPlanner

INPUTS = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, 6)), 5, 10)
OUTPUTS = ShellGrid(
    radii_km=tuple(np.linspace(3500, 6300, 17)),
    latitudes_deg=ShellGrid.cell_centred((1.0, 2.0), 40, 80).latitudes_deg,
    longitudes_deg=tuple(-18 + (np.arange(80) + 0.5) * 4.5),
)
VECTOR = (1, 2, 3)


@dataclass(frozen=True)
class Case:
    planner: ResidualPlanner
    network: ResidualGenerator
    x: np.ndarray

    def feeds(self, window: Window) -> dict[str, np.ndarray]:
        cut = INPUTS.window(self.x, self.planner.input_window(window))
        return {"x": np.ascontiguousarray(cut[None]), **self.planner.feeds(window, None)}

    def field(self, window: Window) -> np.ndarray:
        with torch.no_grad():
            return self.network.run({n: torch.from_numpy(v) for n, v in self.feeds(window).items()})[0].numpy()


def make_case(vector: tuple[int, int, int] | None = VECTOR, trained: bool = True) -> Case:
    torch.manual_seed(0)
    arguments = ResidualArguments(channels=6, blocks=3, vector=vector)
    network = ResidualGenerator(4, arguments)
    if trained:
        torch.nn.init.normal_(network.head.weight, std=0.1)
    x = np.random.default_rng(0).normal(size=(4, *INPUTS.shape)).astype(np.float32)
    return Case(ResidualPlanner(arguments, INPUTS, OUTPUTS), network, x)


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case()


WINDOWS = windows(40)


def test_untrained_it_is_cubic_interpolation() -> None:
    case = make_case(trained=False)
    cubic = InterpolatePlanner(INPUTS, OUTPUTS)
    whole = OUTPUTS.whole
    feeds = {"x": INPUTS.window(case.x, cubic.input_window(whole))[None], **cubic.feeds(whole, None)}
    due = Interpolator().run({name: torch.from_numpy(value) for name, value in feeds.items()})[0]
    np.testing.assert_allclose(case.field(whole), due, atol=2e-6)


@settings(deadline=None, max_examples=30)
@given(window=WINDOWS)
def test_a_window_is_a_part_of_the_whole(case: Case, window: Window) -> None:
    whole = case.field(OUTPUTS.whole)
    np.testing.assert_allclose(case.field(window), OUTPUTS.window(whole, window), atol=5e-6)


@settings(deadline=None, max_examples=15)
@given(window=WINDOWS)
def test_onnx_gives_the_same(case: Case, window: Window) -> None:
    state = {name: value.numpy() for name, value in case.network.state_dict().items()}
    field = of_onnx(residual_graph(4, case.planner.arguments, state), case.feeds(window))
    np.testing.assert_allclose(field, case.field(window), atol=1e-5)


@settings(deadline=None, max_examples=9)
@given(cells=st.integers(1, 9))
def test_it_turns_with_what_it_is_given(case: Case, cells: int) -> None:
    """If a field and its velocities are turned by whole cells, the result is turned by as much."""
    other = Case(case.planner, case.network, turned(case.x, cells))
    np.testing.assert_allclose(other.field(OUTPUTS.whole), turned(case.field(OUTPUTS.whole), cells), atol=2e-5)


def test_the_same_places_whatever_is_computed_with_them(case: Case) -> None:
    """A batch may hold windows that begin at different shells."""
    windows_ = [Window(range(r, r + 5), range(8, 24), range(8 * r, 8 * r + 16)) for r in (0, 6, 12)]
    feeds = [case.feeds(window) for window in windows_]
    batch = {
        n: torch.from_numpy(np.concatenate([f[n] for f in feeds]) if n != "parity" else v) for n, v in feeds[0].items()
    }
    with torch.no_grad():
        fields = case.network.run(batch).numpy()
    for window, field in zip(windows_, fields):
        np.testing.assert_allclose(field, case.field(window), atol=2e-6)
    assert interpolated(batch).shape == (3, 4, 5, 16, 16)


def test_its_cost_is_its_multiplications(case: Case) -> None:
    window = Window(range(3, 9), range(5, 20), range(-3, 30))
    counted = multiplications(case.network, lambda: case.field(window))
    interpolation = InterpolatePlanner(INPUTS, OUTPUTS).multiply_adds(window, 4)
    assert counted <= case.planner.multiply_adds(window, 4) - interpolation <= 1.2 * counted


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="8 rows and columns"):
        ResidualPlanner(ResidualArguments(blocks=3), INPUTS, ShellGrid.cell_centred((3500.0, 6300.0), 39, 80))
    with pytest.raises(ValueError, match="at most 4 blocks for inputs of 5 rows"):
        ResidualPlanner(ResidualArguments(blocks=5), INPUTS, OUTPUTS)
