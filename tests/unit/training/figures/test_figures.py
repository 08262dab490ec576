"""Figures: each place on the globe is in its place on the map, in the colour of its value."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from earthgan import ShellGrid, Surrogate
from earthgan.errors import BadInput
from earthgan.files import write_whole
from earthgan.quantities import DERIVED, Derived, Quantity, itself
from earthgan.records import PlanetSpec
from earthgan.sphere.sampling import ShellSampler
from earthgan_training.figures.animation import Animated, animate
from earthgan_training.figures.comparison import draw_comparison
from earthgan_training.figures.frame import Frame
from earthgan_training.figures.globe_map import GlobeMap
from earthgan_training.figures.page import new_page, notice
from earthgan_training.figures.profiles import Profile, draw_profiles
from earthgan_training.figures.projection import Projection
from earthgan_training.figures.scale import Scale, Unit
from earthgan_training.figures.sources import Interpolated
from grids import GRIDS, each_grid

GRID = GRIDS["cell-centred"]
TEMPERATURE = Quantity(
    Derived("temperature", "Temperature", ("temperature",), itself, colormap="inferno", symmetric=False),
    unit="K",
    range=(0, 1),
    anomaly_range=(-1, 1),
)
OUTWARDS = Quantity(DERIVED["v_radial"], unit="m/s", range=(0, 1), anomaly_range=(-1, 1))
each_projection = pytest.mark.parametrize("projection", Projection)
latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def smooth(grid: ShellGrid) -> np.ndarray:
    """A field `(latitude, longitude)` that differs everywhere: hot in the north, and east of 0°."""
    latitude, longitude = np.radians(grid.latitudes_deg)[:, None], np.radians(grid.longitudes_deg)
    field = 3 * np.sin(latitude) + np.cos(latitude) * np.sin(longitude) + 0.5 * np.cos(latitude) * np.cos(longitude)
    return field.astype(np.float32)


# --- projections ---


@each_projection
@given(latitude=latitudes, longitude=longitudes)
def test_forward_and_inverse_agree(projection: Projection, latitude: float, longitude: float) -> None:
    x, y = projection.forward(latitude, longitude)
    assert abs(x) <= 2
    assert abs(y) <= 1
    back_latitude, back_longitude = projection.inverse(x, y)
    # Next to a pole, a change of latitude moves a point on the ellipse by less than the rounding error.
    assert back_latitude == pytest.approx(latitude, abs=2e-6)
    assert (back_longitude - longitude) * np.cos(np.radians(latitude)) == pytest.approx(0, abs=1e-5)


def test_mollweide_has_its_closed_form_values() -> None:
    forward = Projection.MOLLWEIDE.forward
    # Where 2 theta is pi / 2, sin(latitude) = (pi / 2 + 1) / pi.
    latitude = np.degrees(np.arcsin((np.pi / 2 + 1) / np.pi))
    places = {
        (0, 0): (0, 0),
        (0, 90): (1, 0),
        (0, -180): (-2, 0),
        (90, 37): (0, 1),
        (-90, 180): (0, -1),
        (latitude, 180): (np.sqrt(2), np.sqrt(0.5)),
        (-latitude, -90): (-np.sqrt(0.5), -np.sqrt(0.5)),
    }
    for place, due in places.items():
        np.testing.assert_allclose(forward(*place), due, rtol=0, atol=1e-12)


@given(latitude=latitudes)
def test_mollweides_equation_is_solved_to_the_poles(latitude: float) -> None:
    _, y = Projection.MOLLWEIDE.forward(latitude, 0)
    theta = np.arcsin(y)
    assert 2 * theta + np.sin(2 * theta) == pytest.approx(np.pi * np.sin(np.radians(latitude)), abs=1e-12)


@given(south=latitudes, north=latitudes, west=longitudes, east=longitudes)
@settings(max_examples=25, deadline=None)
def test_mollweide_keeps_areas(south: float, north: float, west: float, east: float) -> None:
    """The pixels of a box on the globe cover its share of the sphere's area."""
    south, north, west, east = *sorted((south, north)), *sorted((west, east))
    width = 800
    x, y = (np.arange(width) + 0.5) / width * 4 - 2, 1 - (np.arange(width // 2) + 0.5) / (width // 2) * 2
    inside = x**2 / 4 + y[:, None] ** 2 <= 1
    latitude, longitude = Projection.MOLLWEIDE.inverse(x, y[:, None])
    box = inside & (latitude >= south) & (latitude <= north) & (longitude >= west) & (longitude <= east)
    share = (np.sin(np.radians(north)) - np.sin(np.radians(south))) / 2 * (east - west) / 360
    assert box.sum() / inside.sum() == pytest.approx(share, abs=6e-3)


# --- maps ---


class Drawn:
    """A shell as drawn: the colour at a place, from the picture's own pixels."""

    def __init__(self, grid: ShellGrid, shell: np.ndarray, projection: Projection, centre: float = 0.0) -> None:
        self.figure = Figure(figsize=(8, 4.4), dpi=100)
        self.axes = self.figure.add_axes((0.05, 0.05, 0.9, 0.9))
        self.scale, self.projection, self.centre = Scale.of(TEMPERATURE, [shell]), projection, centre
        GlobeMap(grid, projection, centre, width=800).draw(self.axes, shell, self.scale)
        content = BytesIO()
        self.figure.savefig(content, format="png", dpi=100)
        self.pixels = np.asarray(Image.open(content).convert("RGB")) / 255

    def colour(self, latitude: float, longitude: float) -> np.ndarray:
        x, y = self.projection.forward(latitude, (longitude - self.centre + 180) % 360 - 180)
        column, row = self.axes.transData.transform((float(x), float(y)))
        return self.pixels[len(self.pixels) - 1 - int(row), int(column)]

    def due(self, value: float) -> np.ndarray:
        return np.array(self.scale.colormap(self.scale.norm(value))[:3])


@each_projection
@pytest.mark.parametrize("centre", [0.0, 180.0, -75.0])
@each_grid
def test_every_place_has_the_colour_of_its_value(grid: ShellGrid, projection: Projection, centre: float) -> None:
    shell = smooth(grid)
    drawn, sampler = Drawn(grid, shell, projection, centre), ShellSampler(grid)
    for latitude in (-77.0, -47, -17, 13, 44, 78):  # between the lines of the graticule and their names
        for longitude in (-169.0, -100, -29, 35, 92, 155):
            due = drawn.due(float(sampler.sample(shell, np.array([latitude]), np.array([longitude]))[0, 0]))
            np.testing.assert_allclose(drawn.colour(latitude, longitude), due, rtol=0, atol=0.07)


@each_projection
def test_north_is_up_and_east_is_right(projection: Projection) -> None:
    latitude, longitude = np.array(GRID.latitudes_deg)[:, None], np.array(GRID.longitudes_deg)
    north_east = ((latitude > 0) & (longitude > 0) & (longitude < 180)).astype(np.float32)
    drawn = Drawn(GRID, north_east, projection)
    height, width, _ = drawn.pixels.shape
    light = drawn.pixels.sum(axis=2)
    hot = float(drawn.due(1).sum())
    at = {(v, h): light[int(height * v), int(width * h)] for v in (0.3, 0.7) for h in (0.42, 0.58)}
    assert [place for place, value in at.items() if abs(value - hot) < 0.1] == [(0.3, 0.58)]


@each_projection
@pytest.mark.parametrize("centre", [0.0, 137.0])
@each_grid
def test_there_is_no_seam_and_no_gap(grid: ShellGrid, projection: Projection, centre: float) -> None:
    """Neighbouring pixels differ by no more than the field does, around the globe and at the poles. No
    pixel is empty.
    """
    pixels = GlobeMap(grid, projection, centre, width=720).pixels(smooth(grid))
    assert np.isfinite(pixels).all()
    steepest = 3.4 * np.radians(360 / 720) * 1.5
    assert np.abs(pixels[:, 0] - pixels[:, -1]).max() < steepest
    if projection is Projection.PLATE_CARREE:
        assert np.abs(np.diff(pixels, axis=1)).max() < steepest
        assert np.ptp(pixels[[0, -1]], axis=1).max() < 0.1  # a pole is one point


@each_projection
def test_the_outline_is_filled_to_its_edge(projection: Projection) -> None:
    """A shell with a single value has one colour, also close to the outline, and is white beyond it."""
    shell = np.full(GRID.shape[1:], 7, np.float32)
    drawn = Drawn(GRID, shell, projection)
    hot = drawn.due(7)
    for latitude in (-80.0, -50.0, 50, 80):
        edge = 176 if abs(latitude) < 80 else 165
        for longitude in (-edge, -91, 5, 91, edge):
            np.testing.assert_allclose(drawn.colour(latitude, longitude), hot, rtol=0, atol=0.02)
    if projection is Projection.MOLLWEIDE:
        for x, y in ((-1.9, 0.9), (1.9, 0.9), (1.9, -0.9), (-1.9, -0.9)):
            column, row = drawn.axes.transData.transform((x, y))
            assert drawn.pixels[len(drawn.pixels) - 1 - int(row), int(column)].min() == 1


def test_cells_are_drawn_as_they_are() -> None:
    """With `cells`, a map has only values that the shell has."""
    shell = np.random.default_rng(0).normal(size=GRID.shape[1:]).astype(np.float32)
    shell[0], shell[-1] = shell[0, 0], shell[-1, 0]  # a pole has the mean of its ring
    pixels = GlobeMap(GRID, Projection.MOLLWEIDE, cells=True).pixels(shell)
    assert set(np.unique(pixels)) <= set(np.unique(shell))


@pytest.mark.parametrize(
    ("centre", "due"),
    [(0.0, ["180°", "120° W", "60° W", "0°", "60° E", "120° E", "180°"]), (180.0, ["0°", "60° E", "120° E", "180°"])],
)
def test_longitudes_are_named(centre: float, due: list[str]) -> None:
    drawn = Drawn(GRID, smooth(GRID), Projection.PLATE_CARREE, centre)
    names = [text.get_text() for text in drawn.axes.texts]
    assert names[:5] == ["60° S", "30° S", "0°", "30° N", "60° N"]
    assert names[5:][: len(due)] == due


# --- scales ---


@given(unit=st.sampled_from(["K", "m/s"]), value=st.floats(1e-30, 1e12))
def test_a_number_and_its_power_of_ten_are_the_value(unit: str, value: float) -> None:
    found = Unit.of(unit, value)
    assert float(found.shown(value)) * 10.0**found.power == pytest.approx(value, rel=1e-3)
    assert found.label.endswith(unit)
    assert (found.power == 0) == (found.label == unit)


def comparison(per_shell_range: bool = False, quantity: Quantity = TEMPERATURE) -> Figure:
    truth = np.stack([smooth(GRID), 100 + 10 * smooth(GRID)])
    fields = {"Truth": truth, "Surrogate": truth + 1, "Interpolation": truth - 5}
    return draw_comparison(
        quantity,
        fields,
        [0, 1],
        GRID,
        PlanetSpec(),
        "step 1",
        "Simulated data.",
        Projection.MOLLWEIDE,
        0,
        per_shell_range,
    )


def maps(figure: Figure) -> list:
    return [axes for axes in figure.axes if axes.images]


def bars(figure: Figure) -> list:
    return [axes for axes in figure.axes if hasattr(axes, "_colorbar")]


def test_fields_of_one_variable_share_their_limits_and_so_do_differences() -> None:
    figure = comparison()
    assert len(maps(figure)) == 2 * 5
    titles = [axes.get_title() for axes in maps(figure)[:5]]
    assert titles[:3] == ["Truth", "Surrogate", "Interpolation"]
    assert titles[3:] == ["Surrogate − truth, rms 1 K", "Interpolation − truth, rms 5 K"]
    limits = np.array([axes.images[0].get_clim() for axes in maps(figure)]).reshape(2, 5, 2)
    assert len(np.unique(limits[:, :3].reshape(-1, 2), axis=0)) == 1
    assert len(np.unique(limits[:, 3:].reshape(-1, 2), axis=0)) == 1
    low, high = limits[0, 3]
    assert low == -high
    # The outermost values may lie beyond the limits, but the field as a whole does not.
    assert limits[0, 0, 0] < np.percentile(smooth(GRID) - 5, 2)
    assert limits[0, 0, 1] > np.percentile(101 + 10 * smooth(GRID), 97)


def test_limits_may_be_those_of_each_shell() -> None:
    limits = np.array([axes.images[0].get_clim() for axes in maps(comparison(per_shell_range=True))]).reshape(2, 5, 2)
    for shell in limits:
        assert len(np.unique(shell[:3], axis=0)) == 1
    assert limits[0, 0, 1] < 10 < limits[1, 0, 0]


@pytest.mark.parametrize("per_shell_range", [False, True])
def test_every_colour_bar_has_a_unit(per_shell_range: bool) -> None:
    for quantity in (TEMPERATURE, OUTWARDS):
        found = bars(comparison(per_shell_range, quantity))
        assert len(found) == (4 if per_shell_range else 2)
        assert all(axes.get_xlabel().endswith(f"{quantity.unit})") for axes in found)


def test_a_symmetric_quantity_is_drawn_about_zero() -> None:
    scale = Scale.of(OUTWARDS, [smooth(GRID)])
    assert scale.norm.vmin == -scale.norm.vmax
    middle, ends = min(scale.colormap(0.5)[:3]), [min(scale.colormap(end)[:3]) for end in (0.0, 1.0)]
    assert middle > 0.85 > 0.2 > max(ends)


def test_a_constant_field_can_be_drawn() -> None:
    for value in (0, 293):
        scale = Scale.of(TEMPERATURE, [np.full(GRID.shape[1:], value, np.float32)])
        assert scale.norm.vmin < value < scale.norm.vmax


# --- profiles, animations ---


def test_profiles_count_cells_by_their_area() -> None:
    """sin(latitude) has the mean 0 and the variance 1/3 on the sphere; its square the mean 1/3."""
    sine = np.sin(np.radians(np.array(GRID.latitudes_deg)))[:, None] * np.ones(GRID.shape[2])
    profile = Profile.of(np.stack([sine, sine**2]).astype(np.float32), GRID)
    np.testing.assert_allclose(profile.mean, [0, 1 / 3], atol=2e-3)
    np.testing.assert_allclose(profile.spread, [np.sqrt(1 / 3), np.sqrt(4 / 45)], rtol=5e-3)
    np.testing.assert_allclose(profile.low, [sine.min(), (sine**2).min()], rtol=1e-6)
    np.testing.assert_allclose(profile.high, [sine.max(), (sine**2).max()], rtol=1e-6)


def test_depth_grows_downwards_beside_the_radius() -> None:
    profile = Profile.of(np.stack([smooth(GRID), 2 * smooth(GRID)]), GRID)
    figure = draw_profiles(
        [TEMPERATURE],
        {"Truth": {"temperature": profile}, "Surrogate": {"temperature": profile}},
        GRID,
        PlanetSpec(),
        "step 1",
        "S",
    )
    figure.draw_without_rendering()
    above, below = figure.axes
    for axes in (above, below):
        bottom, top = axes.get_ylim()
        assert bottom == 6371 - 3500 > top
        (radius,) = axes.child_axes
        for depth_km in (0, 660, 2871):  # at the same height on the page
            here, there = axes.transData.transform((0, depth_km)), radius.transData.transform((0, 6371 - depth_km))
            assert there[1] == pytest.approx(here[1], abs=1e-6)
    assert above.get_xlabel() == "mean and extremes (K)"
    drawn = below.lines[0]
    np.testing.assert_allclose(drawn.get_xdata(), profile.spread)
    np.testing.assert_allclose(drawn.get_ydata(), [6371 - 3500, 6371 - 6300])


@pytest.mark.parametrize("kind", Animated)
def test_an_animation_has_a_frame_for_every_step(kind: Animated) -> None:
    shells = [smooth(GRID) * (t + 1) for t in range(4)]
    scale = Scale.of(TEMPERATURE, shells)
    globe = GlobeMap(GRID, Projection.MOLLWEIDE, width=200)
    frame = Frame(globe, scale, {"Surrogate": shells[0]}, "Simulated data.")
    pictures = [frame.png({"Surrogate": shell}, f"step {t}") for t, shell in enumerate(shells)]
    animation = Image.open(BytesIO(animate(pictures, kind, scale.colormap)))
    assert animation.n_frames == len(shells)
    for t, picture in enumerate(pictures):
        animation.seek(t)
        shown = np.asarray(animation.convert("RGB")).astype(int)
        difference = np.abs(shown - np.asarray(Image.open(BytesIO(picture)).convert("RGB")))
        assert np.percentile(difference, 99) <= (16 if kind is Animated.GIF else 0)


def test_interpolation_here_is_what_the_baseline_serves(baseline_surrogate: Surrogate) -> None:
    from earthgan.backends.onnx import onnx_backend

    shells, names = [0, 77, 198], ["temperature", "vz"]
    served = baseline_surrogate.in_units(
        baseline_surrogate.shells(onnx_backend(baseline_surrogate), names, 120, shells), names
    )
    found = Interpolated(baseline_surrogate).stored(names, 120, shells)
    np.testing.assert_allclose(found[0], served[0], rtol=0, atol=0.01)
    np.testing.assert_allclose(found[1], served[1], rtol=0, atol=1e-15)


def test_every_page_says_what_its_data_are(baseline_surrogate: Surrogate) -> None:
    about = notice(baseline_surrogate, "files of raw")
    said = baseline_surrogate.spec.provenance.notice
    assert about.startswith(f"Simulated data. {said} Surrogate: ")
    assert baseline_surrogate.digest[:12] in about
    assert about.endswith("Truth: files of raw.")
    for width_in in (4, 15):
        figure = new_page(width_in, 4, "Title", about)
        figure.draw_without_rendering()
        (below,) = [text for text in figure.texts if text.get_text().startswith("Simulated")]
        assert " ".join(below.get_text().split()) == " ".join(about.split())
        extent = below.get_window_extent()
        assert extent.x0 >= 0
        assert extent.x1 <= width_in * figure.dpi


def test_a_file_is_whole_or_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "figure.png"
    write_whole(path, b"first")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BadInput, match=r"figure\.png: cannot be written \(No space left"):
        write_whole(path, b"second")
    assert path.read_bytes() == b"first"
    assert [each.name for each in path.parent.iterdir()] == ["figure.png"]
