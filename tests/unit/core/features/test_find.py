"""Slabs and plumes in blobs of known place, size and flow."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan import ShellGrid
from earthgan.errors import InvalidRequest
from earthgan.features.criterion import KINDS, Criterion
from earthgan.features.feature import Feature
from earthgan.features.find import Finder, flux_units, shell_edges_km
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import cell_weights
from features_blobs import COLUMNS, EDGES, GRID, HALF, M_PER_S, PLANET, ROWS, SHELLS, Box, fields, find

BOX: Box = (slice(5, 9), slice(4, 6), slice(10, 13))


def test_a_blob_has_the_volume_the_place_and_the_flux_of_its_cells() -> None:
    (plume,) = find(*fields(hot=[BOX])).features
    band = np.sin(np.radians(50)) - np.sin(np.radians(30))
    solid_angle = band * np.radians(30)
    assert (plume.id, plume.kind) == ("plume-1", "plume")
    assert plume.volume_km3 == pytest.approx(solid_angle * (EDGES[9] ** 3 - EDGES[5] ** 3) / 3)
    assert (plume.top_km, plume.bottom_km) == pytest.approx((6371 - GRID.radii_km[8], 6371 - GRID.radii_km[5]))
    assert plume.longitude_deg == pytest.approx(110)
    assert 39 < plume.latitude_deg < 41
    assert plume.top_km < plume.depth_km < plume.bottom_km
    assert (plume.mean_anomaly, plume.extreme_anomaly) == pytest.approx((200, 200))
    shallow, deep = plume.crossings
    assert (shallow.area_km2, shallow.volume_flux, shallow.heat_flux) == (0, 0, 0)
    assert deep.asked_km == 1600
    assert deep.depth_km == pytest.approx(6371 - GRID.radii_km[8])
    assert deep.area_km2 == pytest.approx(solid_angle * GRID.radii_km[8] ** 2)
    assert deep.volume_flux == pytest.approx(deep.area_km2 * 2e-9 * M_PER_S, rel=1e-6)
    assert deep.heat_flux == pytest.approx(deep.volume_flux * 200, rel=1e-6)


def test_a_slab_is_cold_and_its_fluxes_are_inwards_but_for_that_of_heat() -> None:
    (slab,) = find(*fields(cold=[BOX])).features
    assert (slab.id, slab.kind, slab.mean_anomaly) == ("slab-1", "slab", pytest.approx(-300))
    assert slab.crossings[1].volume_flux == pytest.approx(-slab.crossings[1].area_km2 * 1e-9 * M_PER_S, rel=1e-6)
    assert slab.crossings[1].heat_flux == pytest.approx(slab.crossings[1].volume_flux * -300, rel=1e-6)


def test_the_mean_anomaly_is_weighted_by_volume() -> None:
    anomaly, flow = fields(hot=[BOX])
    anomaly[8, 4, 11] = 800
    (plume,) = find(anomaly, flow).features
    share = cell_weights(GRID)[4, 11] * (EDGES[9] ** 3 - EDGES[8] ** 3) * 4 / 3 * np.pi / plume.volume_km3
    assert plume.mean_anomaly == pytest.approx(200 + 600 * share)
    assert plume.extreme_anomaly == 800


def test_hot_that_sinks_and_cold_that_rises_are_nothing() -> None:
    anomaly, flow = fields(hot=[BOX], cold=[(slice(12, 14), slice(9, 12), slice(0, 4))])
    assert not find(anomaly, -flow).features
    assert not find(-anomaly, flow).features


def test_a_blob_across_the_date_line_is_one() -> None:
    for west in ([35, 0, 1], [17, 18, 19]):
        (plume,) = find(*fields(hot=[(slice(5, 9), slice(4, 6), west)])).features
        assert plume.volume_km3 == pytest.approx(find(*fields(hot=[BOX])).features[0].volume_km3)
        assert abs(plume.longitude_deg) == pytest.approx(0 if west[0] == 35 else 180, abs=1e-9)


def test_cells_around_a_pole_are_one_and_others_of_a_row_are_not() -> None:
    apart: list[int] = [2, 20]
    (plume,) = find(*fields(hot=[(slice(5, 6), slice(0, 1), apart)])).features
    assert plume.latitude_deg > 84
    assert len(find(*fields(hot=[(slice(5, 6), slice(17, 18), apart)])).features) == 1
    assert len(find(*fields(hot=[(slice(5, 6), slice(1, 2), apart)])).features) == 2
    (cap,) = find(*fields(hot=[(slice(5, 6), slice(0, 2), slice(None))])).features
    assert cap.latitude_deg == pytest.approx(90)


@pytest.mark.parametrize(
    "other",
    [(6, 5, 7), (6, 4, 7), (6, 5, 6), (5, 5, 7)],
    ids=["corner", "edge of a radius and a row", "edge of a radius and a column", "edge on a shell"],
)
def test_cells_that_touch_only_by_a_corner_or_an_edge_are_two(other: tuple[int, int, int]) -> None:
    found = find(*fields(hot=[(slice(5, 6), slice(4, 5), [6]), *[tuple(slice(i, i + 1) for i in other)]]))  # type: ignore[list-item]
    assert len(found.features) == 2


@pytest.mark.parametrize("other", [(6, 4, 6), (5, 5, 6), (5, 4, 7)])
def test_cells_that_share_a_face_are_one(other: tuple[int, int, int]) -> None:
    found = find(*fields(hot=[(slice(5, 6), slice(4, 5), [6]), *[tuple(slice(i, i + 1) for i in other)]]))  # type: ignore[list-item]
    assert len(found.features) == 1


def test_slabs_come_first_and_each_kind_by_volume() -> None:
    small, large = (slice(2, 4), slice(8, 10), slice(0, 2)), (slice(2, 4), slice(8, 10), slice(10, 16))
    other, middle = (slice(12, 14), slice(8, 10), slice(20, 24)), (slice(2, 4), slice(8, 10), slice(30, 33))
    found = find(*fields(hot=[small, large, middle], cold=[other]))
    assert [each.id for each in found.features] == ["slab-1", "plume-1", "plume-2", "plume-3"]
    assert [len(found.slabs), len(found.plumes)] == [1, 3]
    volumes = [each.volume_km3 for each in found.plumes]
    assert volumes == sorted(volumes, reverse=True)
    assert found.on_shell(3)[8, 31] == 2
    assert (found.on_shell(12) == 0).sum() == 8
    assert (found.on_shell(5) == -1).all()


def test_small_ones_are_left_out_and_counted() -> None:
    boxes: list[Box] = [BOX, (slice(15, 16), slice(8, 9), slice(30, 31))]
    found = find(*fields(hot=boxes), replace(HALF, least=5e-4))
    assert len(found.features) == 1
    assert found.left_out == 1
    assert found.least_km3 == pytest.approx(5e-4 * 4 / 3 * np.pi * (6371**3 - 3480**3))
    assert (found.on_shell(15) == -1).all()


def test_layers_at_the_boundaries_are_left_out() -> None:
    found = find(*fields(hot=[(slice(None), slice(4, 6), slice(10, 13))]), replace(HALF, margin=0.1))
    assert found.features[0].bottom_km == pytest.approx(6371 - GRID.radii_km[2])
    assert found.features[0].top_km == pytest.approx(6371 - GRID.radii_km[17])
    assert not find(*fields(hot=[BOX]), replace(HALF, margin=0.49999)).features


def test_cells_without_a_value_belong_to_nothing() -> None:
    anomaly, flow = fields(hot=[BOX])
    anomaly[:, 4], flow[:, 5] = np.nan, np.nan
    for measure in ("std", "largest", "unit"):
        assert not find(anomaly, flow, Criterion(100 if measure == "unit" else 0.5, measure)).features  # type: ignore[arg-type]


def test_each_measure_is_what_it_says() -> None:
    rng = np.random.default_rng(1)
    anomaly, flow = rng.normal(size=(2, *GRID.shape)).astype(np.float32)
    weights = cell_weights(GRID)
    std = np.sqrt((weights * anomaly.astype(float) ** 2).sum(axis=(1, 2)))[:, None, None]
    rms = np.sqrt((weights * flow.astype(float) ** 2).sum(axis=(1, 2)))[:, None, None]
    largest = anomaly.max(axis=(1, 2), keepdims=True)
    for criterion, expected in (
        (Criterion(1.5, "std"), anomaly > 1.5 * std),
        (Criterion(1.5, "unit"), anomaly > 1.5),
        (Criterion(0.5, "largest"), anomaly > 0.5 * largest),
    ):
        for share in (0, 0.7):
            members = replace(criterion, flow=share).members("plume", anomaly, flow, weights)
            assert np.array_equal(members, expected & (flow > share * rms))
    cold = Criterion(0.5, "largest").members("slab", anomaly, flow, weights)
    assert np.array_equal(cold, (anomaly < 0.5 * anomaly.min(axis=(1, 2), keepdims=True)) & (flow < 0))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"threshold": value} for value in (0, -1, 1e7, np.nan, np.inf)),
        *({"margin": value} for value in (-0.1, 0.5, np.nan)),
        *({"least": value} for value in (-1, 1)),
        *({"flow": value} for value in (-1, 1e7, np.nan)),
        {"measure": "sigma"},
    ],
)
def test_thresholds_that_make_no_sense_are_refused(wrong: dict) -> None:
    with pytest.raises(InvalidRequest):
        Criterion(**wrong)


def noise(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fields with blobs of some cells, that close over the date line."""
    anomaly, flow = np.random.default_rng(seed).normal(size=(2, *GRID.shape))
    for axis in (0, 1, 2):
        anomaly, flow = (each + np.roll(each, 1, axis) for each in (anomaly, flow))
    return anomaly.astype(np.float32), flow.astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), shift=st.integers(1, COLUMNS - 1), at_once=st.integers(1, SHELLS))
def test_a_turn_of_the_globe_changes_longitudes_only(seed: int, shift: int, at_once: int) -> None:
    anomaly, flow = noise(seed)
    criterion = Criterion(threshold=1.0, least=1e-4)
    one, other = (
        find(anomaly, flow, criterion),
        find(np.roll(anomaly, shift, 2), np.roll(flow, shift, 2), criterion, at_once=at_once),
    )
    assert one.left_out == other.left_out
    assert len(one.features) == len(other.features) > 3
    volumes = [each.volume_km3 for each in one.features]
    assert [each.volume_km3 for each in other.features] == pytest.approx(volumes)
    for kind in KINDS:
        ours, theirs = (sorted(map(_numbers, found.of(kind))) for found in (one, other))
        assert np.allclose(ours, theirs, rtol=1e-5)
    for r in range(SHELLS):
        assert np.array_equal(np.roll(one.on_shell(r) >= 0, shift, 1), other.on_shell(r) >= 0)


def _numbers(feature: Feature) -> tuple[float, ...]:
    """All numbers but the longitude. The first is one cell's own, so a turn does not change it by a bit."""
    names = ("extreme_anomaly", "volume_km3", "top_km", "bottom_km", "latitude_deg", "depth_km", "mean_anomaly")
    return *(getattr(feature, name) for name in names), *(each.heat_flux for each in feature.crossings)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 99),
    measure=st.sampled_from(["std", "unit", "largest"]),
    low=st.floats(0.1, 1.5),
    more=st.floats(0, 1),
)
def test_a_higher_threshold_never_adds_a_cell(seed: int, measure: str, low: float, more: float) -> None:
    anomaly, flow = noise(seed)
    loose, strict = (find(anomaly, flow, Criterion(each, measure, least=0.0)) for each in (low, low + more))  # type: ignore[arg-type]
    inside, still = (set(each.cells[0].tolist()) for each in (loose, strict))
    assert still <= inside
    assert sum(each.volume_km3 for each in strict.features) <= sum(each.volume_km3 for each in loose.features) + 1e-3


def test_the_components_are_those_of_a_search_cell_by_cell() -> None:
    """On a small grid, whose neighbours are written out one by one."""
    grid = ShellGrid.cell_centred((4000.0, 5000.0, 6000.0), 5, 7)
    for seed in range(30):
        anomaly, flow = np.random.default_rng(seed).normal(size=(2, *grid.shape)).astype(np.float32)
        found = find(anomaly, flow, replace(HALF, threshold=0.3), grid=grid)
        labels = np.stack([found.on_shell(r) for r in range(3)])
        for kind, sign in (("plume", 1), ("slab", -1)):
            cells = {tuple(each) for each in np.argwhere((sign * anomaly > 0.3) & (sign * flow > 0)).tolist()}
            while cells:
                region, todo = set(), [cells.pop()]
                while todo:
                    s, i, j = todo.pop()
                    region.add((s, i, j))
                    near = {(s - 1, i, j), (s + 1, i, j), (s, i - 1, j), (s, i + 1, j)}
                    near |= {(s, i, (j - 1) % 7), (s, i, (j + 1) % 7)}
                    near |= {(s, i, k) for k in range(7)} if i in (0, 4) else set()
                    todo += near & cells
                    cells -= near
                owners = {int(labels[each]) for each in region}
                assert len(owners) == 1
                (owner,) = owners
                assert found.features[owner].kind == kind
                assert (labels == owner).sum() == len(region)


def test_the_shells_fill_the_mantle() -> None:
    assert shell_edges_km(GRID, PLANET) == pytest.approx(EDGES)
    on_nodes = ShellGrid.cell_centred(tuple(np.linspace(3480.0, 6371.0, 11).tolist()), ROWS, COLUMNS)
    edges = shell_edges_km(on_nodes, PLANET)
    assert (edges[0], edges[-1]) == (3480, 6371)
    assert (np.diff(edges) > 0).all()
    unit = ShellGrid.cell_centred((0.01, 0.5, 1.2), ROWS, COLUMNS)
    assert shell_edges_km(unit, PlanetSpec(radius_km=1.0, unit="1")) == pytest.approx([0, 0.255, 0.85, 1.55])


def test_the_units_of_fluxes_say_what_is_known() -> None:
    assert flux_units("K", "m/s", "km", 7.7) == ("scaled km3/yr", "scaled K km3/yr")
    assert flux_units("K", "cm/yr", "km", None) == ("km3/yr", "K km3/yr")
    assert flux_units("", "1", "1", None) == ("1", "1")
    assert flux_units("K", "furlong/day", "km", None) == ("furlong/day km2", "K furlong/day km2")


def test_shells_come_once_and_in_order() -> None:
    finder = Finder(GRID, PLANET, HALF)
    anomaly, flow = fields(hot=[BOX])
    with pytest.raises(ValueError, match="missing"):
        finder.found()
    with pytest.raises(ValueError, match="next shells"):
        finder.add(anomaly[:, :3], flow[:, :3])
    finder.add(anomaly, flow)
    with pytest.raises(ValueError, match="next shells"):
        finder.add(anomaly[:1], flow[:1])
