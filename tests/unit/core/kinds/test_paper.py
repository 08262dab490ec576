"""The paper's generator: index algebra, exact windows, cost, and the published names."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from torch.utils.flop_counter import FlopCounterMode

from earthgan.kinds.networks import PaperGenerator
from earthgan.kinds.paper import PaperArguments, PaperPlanner, pass_size, plan_blocks, registration
from earthgan.sphere.grid import PolarRule, ShellGrid, Window

SHELLS, ROWS, COLUMNS = 8, 4, 6


def small_grids() -> tuple[ShellGrid, ShellGrid]:
    inputs = ShellGrid.cell_centred(tuple(np.linspace(3500, 6300, SHELLS)), ROWS, COLUMNS)
    radii = registration(inputs.radii_km, 3)
    # Fine rows 3 to 34 of the pass are those of the unpadded globe.
    return inputs, ShellGrid.cell_centred(tuple(radii), 8 * ROWS, 8 * COLUMNS)


def small_generator(noise: str) -> tuple[PaperPlanner, PaperGenerator, ShellGrid]:
    arguments = PaperArguments(channels=(6, 5, 4, 3), noise=noise, first=(0, 3, 3))  # type: ignore[arg-type]
    torch.manual_seed(3)
    generator = PaperGenerator(2, arguments).eval()
    for name, parameter in generator.named_parameters():
        if name.endswith("std"):  # added noise starts without strength
            torch.nn.init.normal_(parameter)
    inputs, outputs = small_grids()
    return PaperPlanner(arguments, inputs, outputs), generator, inputs


def run(planner: PaperPlanner, generator: PaperGenerator, inputs: ShellGrid, window: Window, seed: int) -> np.ndarray:
    field = np.random.default_rng(5).uniform(size=(2, *inputs.shape)).astype(np.float32)
    feeds = {"x": inputs.window(field, planner.input_window(window))[None], **planner.feeds(window, seed)}
    with torch.inference_mode():
        return generator.run({name: torch.from_numpy(value) for name, value in feeds.items()}).numpy()[0]


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window of the output grid. It may run over the date line."""
    ranges = []
    for low, high, longest in ((0, 8 * SHELLS - 42, 9), (0, 8 * ROWS, 12), (-30, 70, 12)):
        start = draw(st.integers(low, high - 1))
        ranges.append(range(start, min(high, start + draw(st.integers(1, longest)))))
    return Window(*ranges)


@pytest.fixture(scope="module", params=["concat", "add"])
def whole(request: pytest.FixtureRequest) -> tuple[PaperPlanner, PaperGenerator, ShellGrid, np.ndarray]:
    planner, generator, inputs = small_generator(request.param)
    return planner, generator, inputs, run(planner, generator, inputs, planner.whole_pass, seed=11)


@settings(max_examples=60, deadline=None)
@given(window=windows())
def test_any_window_equals_the_whole_pass(
    whole: tuple[PaperPlanner, PaperGenerator, ShellGrid, np.ndarray], window: Window
) -> None:
    planner, generator, inputs, field = whole
    part = run(planner, generator, inputs, window, seed=11)
    assert part.shape == (2, *window.shape)
    rows = slice(window.rows.start + 3, window.rows.stop + 3)
    columns = np.arange(window.columns.start, window.columns.stop) % (8 * COLUMNS) + 3
    shells = slice(window.shells.start, window.shells.stop)
    np.testing.assert_allclose(part, field[:, shells, rows][..., columns], rtol=0, atol=1e-5)


def test_the_whole_pass_closes_around_the_globe(
    whole: tuple[PaperPlanner, PaperGenerator, ShellGrid, np.ndarray],
) -> None:
    field = whole[3]
    assert field.shape == (2, 22, 38, 54)
    np.testing.assert_allclose(field[..., :3], field[..., 48:51], rtol=0, atol=1e-5)
    np.testing.assert_allclose(field[..., -3:], field[..., 3:6], rtol=0, atol=1e-5)


def test_noise_is_part_of_the_field_and_keyed_by_the_seed() -> None:
    planner, generator, inputs = small_generator("concat")
    window = Window(range(0, 1), range(0, 8), range(0, 8))
    first, again, other = (run(planner, generator, inputs, window, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert abs(first - other).max() > 1e-3


@pytest.mark.parametrize("cells", [6, 7, 20, 30, 33])
def test_three_blocks_take_n_cells_to_8n_minus_42(cells: int) -> None:
    assert pass_size(cells, 3) == 8 * cells - 42


@given(first=st.integers(0, 300), length=st.integers(1, 40))
def test_a_block_needs_no_input_that_it_could_do_without(first: int, length: int) -> None:
    """The plan equals a naive walk from each output to the inputs that it touches."""
    outputs = range(first, first + length)
    (plan,) = plan_blocks((outputs, outputs, outputs), 1)
    touched = set()
    for output in outputs:
        for upsampled in range(output + 1, output + 6):  # two 3-cell convolutions over the upsampled, cut by one
            touched |= {(upsampled - 1) // 2, (upsampled + 1) // 2}
        touched |= {(output + 2) // 2, (output + 4) // 2}  # the running output
    assert plan.inputs[0] == range(min(touched), max(touched) + 1)


def test_one_point_needs_six_or_seven_cells_an_axis() -> None:
    for output in range(48):
        axis = range(output, output + 1)
        needed = len(plan_blocks((axis, axis, axis), 3)[0].inputs[0])
        assert needed == (7 if output % 8 in (6, 7) else 6)


def test_evenly_spaced_inputs_register_as_the_closed_form_says() -> None:
    at = registration(list(range(30)), 3)
    np.testing.assert_allclose(at, np.arange(198) / 8 + 2.1875, rtol=0, atol=1e-12)


def test_a_delta_comes_out_where_the_registration_says() -> None:
    """If the features are zero, the running output is the upsampled input, and its centre of mass is its position."""
    generator = PaperGenerator(1, PaperArguments(channels=(2, 2, 2, 2)))
    for parameter in generator.parameters():
        torch.nn.init.zeros_(parameter)
    for axis in range(3):
        x = torch.zeros(1, 1, 16, 16, 16)
        x[(0, 0, *(9 if k == axis else slice(None) for k in range(3)))] = 1
        profile = generator(x)[0, 0].detach().double().numpy().mean(axis=tuple(k for k in range(3) if k != axis))
        place = registration(list(range(16)), 3)
        assert (profile * place).sum() / profile.sum() == pytest.approx(9, abs=1e-6)


def test_a_shell_costs_at_most_a_fortieth_of_the_globe() -> None:
    inputs = ShellGrid(
        radii_km=tuple(np.linspace(3500, 6300, 30)),
        latitudes_deg=tuple(np.linspace(87, -87, 14)),
        longitudes_deg=tuple(np.arange(27) * 360 / 27),
        polar_rule=PolarRule.MIRROR,
    )
    outputs = ShellGrid.cell_centred(tuple(registration(inputs.radii_km, 3)), 108, 216)
    planner = PaperPlanner(PaperArguments(), inputs, outputs)
    whole = planner.multiply_adds(planner.whole_pass, 4)
    assert 2 * whole == pytest.approx(2.764e12, rel=1e-3)
    for r in range(198):
        assert planner.multiply_adds(outputs.shell(r), 4) <= 0.025 * whole


def test_the_cost_is_what_torch_counts() -> None:
    planner, generator, inputs = small_generator("concat")
    window = Window(range(3, 4), range(0, 32), range(0, 48))
    field = np.zeros((2, *inputs.shape), dtype=np.float32)
    feeds = {"x": inputs.window(field, planner.input_window(window))[None], **planner.feeds(window, None)}
    with FlopCounterMode(display=False) as counter:
        generator.run({name: torch.from_numpy(value) for name, value in feeds.items()})
    assert counter.get_total_flops() == 2 * planner.multiply_adds(window, 2)


def test_one_output_follows_the_papers_figure_in_float64() -> None:
    """An independent reference: plain NumPy, no upsampling or convolution routine of torch."""
    generator = PaperGenerator(2, PaperArguments(channels=(4, 4), first=(0, 0, 0))).double()
    state = {name: value.detach().numpy() for name, value in generator.state_dict().items()}
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 5, 5, 5))
    noises = [random.normal(size=(1, 5, 5, 5)), random.normal(size=(1, 6, 6, 6))]

    def activated(values: np.ndarray) -> np.ndarray:
        return np.where(values < 0, 0.2 * values, values)

    def convolved(values: np.ndarray, name: str) -> np.ndarray:
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        patches = sliding_window_view(values, weight.shape[2:], axis=(1, 2, 3))
        return activated(np.einsum("cxyzijk,ocijk->oxyz", patches, weight) + bias[:, None, None, None])

    def doubled(values: np.ndarray) -> np.ndarray:
        """Each new cell is 3/4 of its parent and 1/4 of the parent's neighbour on its side. The edges are cut off."""
        for axis in (1, 2, 3):
            values = np.moveaxis(values, axis, -1)
            lower = 0.25 * values[..., :-1] + 0.75 * values[..., 1:]
            upper = 0.75 * values[..., :-1] + 0.25 * values[..., 1:]
            values = np.moveaxis(np.stack([upper, lower], axis=-1).reshape(*values.shape[:-1], -1), -1, axis)
        return values

    features = doubled(np.concatenate([convolved(x, "block0.0"), noises[0]]))
    features = convolved(features, "blocks.0.conv.2")
    features = convolved(np.concatenate([features, noises[1]]), "blocks.0.conv.5")
    expected = doubled(x)[:, 2:-2, 2:-2, 2:-2] + convolved(features, "blocks.0.proj.0")
    with torch.inference_mode():
        tensors = [torch.from_numpy(noise)[None] for noise in noises]
        actual = generator(torch.from_numpy(x)[None], tensors)[0].numpy()
    assert actual.shape == (2, 4, 4, 4)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)


def test_the_parameters_have_the_published_names_and_shapes() -> None:
    state = PaperGenerator(4, PaperArguments()).state_dict()
    expected = {"block0.0.weight": (64, 4, 1, 1, 1), "block0.0.bias": (64,)}
    for block in range(3):
        expected |= {
            f"blocks.{block}.conv.2.weight": (64, 65, 3, 3, 3),
            f"blocks.{block}.conv.2.bias": (64,),
            f"blocks.{block}.conv.5.weight": (64, 65, 3, 3, 3),
            f"blocks.{block}.conv.5.bias": (64,),
            f"blocks.{block}.proj.0.weight": (4, 64, 1, 1, 1),
            f"blocks.{block}.proj.0.bias": (4,),
        }
    assert {name: tuple(value.shape) for name, value in state.items()} == expected
    assert sum(value.numel() for value in state.values()) == 675_404


def test_without_given_noise_a_pass_draws_its_own() -> None:
    generator = PaperGenerator(4, PaperArguments(channels=(4, 4, 4, 4)))
    x = torch.rand(2, 4, 7, 8, 9)
    first, second = generator(x), generator(x)
    assert first.shape == (2, 4, 14, 22, 30)
    assert (first - second).abs().max() > 0
