"""Outlines of cells as polygons, and features as GeoJSON and CSV."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan import ShellGrid
from earthgan.features.outlines import Ring, polygons
from features_blobs import GRID, fields, find
from grids import each_grid


def area(ring: Ring) -> float:
    """The signed area of a ring in square degrees: positive if it runs anticlockwise."""
    x, y = np.array(ring[:-1]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def inside(found: list[list[Ring]], longitude: float, latitude: float) -> bool:
    """Whether a place lies within polygons: a ray to the east crosses their rings an odd number of times."""
    crossings = 0
    for polygon in found:
        for ring in polygon:
            x, y = np.array(ring).T
            spans = (y[:-1] > latitude) != (y[1:] > latitude)
            crossings += int((spans & (x[:-1] > longitude)).sum())  # all edges run along meridians or parallels
    return crossings % 2 == 1


@each_grid
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_the_polygons_of_any_cells_are_these_cells(grid: ShellGrid, seed: int, share: float) -> None:
    members = np.random.default_rng(seed).random(grid.shape[1:]) < share
    found = polygons(members, grid)
    for polygon in found:
        assert area(polygon[0]) > 0
        assert all(area(hole) < 0 for hole in polygon[1:])
        for ring in polygon:
            assert ring[0] == ring[-1]
            assert len({tuple(corner) for corner in ring}) == len(ring) - 1 >= 4, "no ring touches itself"
            assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
    for i, j in np.argwhere(np.ones_like(members))[:: 7 if len(found) > 3 else 1].tolist():
        longitude = (grid.longitudes_deg[j] + 180 + 0.01) % 360 - 180
        latitude = float(np.clip(grid.latitudes_deg[i], -89.9, 89.9)) + 0.01
        assert inside(found, longitude, latitude) == members[i, j]


def test_a_box_has_four_corners_and_one_over_the_date_line_is_cut() -> None:
    members = np.zeros(GRID.shape[1:], bool)
    members[4:6, 10:13] = True
    assert polygons(members, GRID) == [[[[95.0, 50.0], [95.0, 30.0], [125.0, 30.0], [125.0, 50.0], [95.0, 50.0]]]]
    members = np.roll(members, 7, 1)  # 165 to 195
    (west,), (east,) = polygons(members, GRID)
    assert {x for x, _ in west} == {-180, -165}
    assert {x for x, _ in east} == {165, 180}
    assert area(west) + area(east) == pytest.approx(20 * 30)


def test_a_ring_of_cells_has_a_hole_also_where_it_closes_by_a_corner() -> None:
    members = np.zeros(GRID.shape[1:], bool)
    members[4:7, 10:13] = True
    members[5, 11] = False
    ((outer, hole),) = polygons(members, GRID)
    assert (area(outer), area(hole)) == (900, -100)
    members[4, 10] = members[4, 12] = members[6, 12] = False  # four cells that touch by corners only
    members[6, 10] = True
    assert sorted(len(each) for each in polygons(members, GRID)) == [1, 1, 1]
    members[3, 9:12] = members[3:8, 8] = members[7, 8:12] = members[7, 12] = members[5:8, 13] = True
    for polygon in polygons(members, GRID):
        for ring in polygon:
            assert len({tuple(corner) for corner in ring}) == len(ring) - 1


def test_geojson_has_the_features_that_reach_a_shell() -> None:
    found = find(*fields(hot=[(slice(5, 9), slice(4, 6), [17, 18, 19])], cold=[(slice(2, 6), slice(9, 11), [0, 1])]))
    both, plume = found.geojson(5), found.geojson(7)
    assert both["type"] == "FeatureCollection"
    assert [each["id"] for each in both["features"]] == ["slab-1", "plume-1"]
    assert [each["id"] for each in found.geojson(5, "plume")["features"]] == ["plume-1"]
    (only,) = plume["features"]
    assert only["type"] == "Feature"
    assert only["geometry"]["type"] == "MultiPolygon"
    assert len(only["geometry"]["coordinates"]) == 2
    assert only["properties"]["kind"] == "plume"
    assert only["properties"]["volume_flux_1600"] == pytest.approx(found.plumes[0].crossings[1].volume_flux, rel=1e-5)
    assert found.geojson(19)["features"] == []


def test_csv_has_a_line_for_each_feature_and_names_also_without_any() -> None:
    found = find(*fields(hot=[(slice(5, 9), slice(4, 6), [17, 18, 19])], cold=[(slice(2, 6), slice(9, 11), [0, 1])]))
    rows = list(csv.DictReader(io.StringIO(found.csv())))
    assert [each["id"] for each in rows] == ["slab-1", "plume-1"]
    assert [each["id"] for each in csv.DictReader(io.StringIO(found.csv("slab")))] == ["slab-1"]
    assert float(rows[1]["volume_km3"]) == pytest.approx(found.plumes[0].volume_km3, rel=1e-5)
    assert "heat_flux_660" in rows[0]
    assert find(*fields()).csv().splitlines() == found.csv().splitlines()[:1]
