"""Blobs that move, split, merge, appear and vanish."""

from dataclasses import replace

import numpy as np
import pytest

from earthgan import ShellGrid
from earthgan.errors import InvalidRequest
from earthgan.features.found import Found
from earthgan.features.tracks import Tracker, overlaps_km3
from features_blobs import GRID, HALF, Box, fields, find


def blob(west: int, width: int = 4, north: int = 8) -> Box:
    return slice(5, 9), slice(north, north + 2), [(west + i) % 36 for i in range(width)]


def steps(*hot: list[Box]) -> Tracker:
    tracker = Tracker()
    for t, boxes in enumerate(hot):
        tracker.add(10 + t, find(*fields(hot=boxes)))
    return tracker


def test_a_blob_that_moves_over_the_date_line_is_one_track() -> None:
    (track,) = steps(*[[blob(30 + t)] for t in range(10)]).tracks
    assert track.steps == list(range(10, 20))
    assert (track.began, track.ended, track.origin, track.heir) == ("first step", "last step", None, None)
    assert track.volumes_km3 == pytest.approx([track.volumes_km3[0]] * 10)


def test_a_blob_that_jumps_dies_and_another_is_born() -> None:
    old, new = steps([blob(0)], [blob(10)]).tracks
    assert (old.steps, old.began, old.ended) == ([10], "first step", "death")
    assert (new.steps, new.began, new.ended) == ([11], "birth", "last step")


def test_the_larger_part_of_a_split_keeps_the_name() -> None:
    whole, part = steps([blob(0, 10)], [blob(0, 3), blob(4, 6)]).tracks
    assert [each.id for each in (whole, part)] == [1, 2]
    assert whole.steps == [10, 11]
    assert whole.features[1].volume_km3 == pytest.approx(2 * part.features[0].volume_km3)
    assert (part.began, part.origin, part.ended) == ("split", 1, "last step")


def test_the_smaller_one_of_a_merger_ends_in_the_larger() -> None:
    large, small = steps([blob(4, 6), blob(0, 3)], [blob(0, 10)]).tracks
    assert large.steps == [10, 11]
    assert (small.steps, small.ended, small.heir) == ([10], "merge", large.id)


def test_slabs_and_plumes_are_never_the_same() -> None:
    tracker = Tracker()
    tracker.add(0, find(*fields(hot=[blob(0)])))
    tracker.add(1, find(*fields(cold=[blob(0)])))
    assert [(each.kind, each.ended) for each in tracker.tracks] == [("plume", "death"), ("slab", "last step")]


def test_an_overlap_of_less_than_its_share_is_none() -> None:
    moved = [find(*fields(hot=[blob(0, 10)])), find(*fields(hot=[blob(9, 10)]))]
    for least, count in ((0.05, 1), (0.11, 2)):
        tracker = Tracker(least)
        for t, found in enumerate(moved):
            tracker.add(t, found)
        assert len(tracker.tracks) == count
    with pytest.raises(InvalidRequest):
        Tracker(0)


def test_overlaps_are_the_volumes_of_common_cells() -> None:
    one, other = (find(*fields(hot=boxes)) for boxes in ([blob(0), blob(20, 2)], [blob(2), blob(20, 2)]))
    shared = overlaps_km3(one, other)
    assert shared.shape == (2, 2)
    assert shared == pytest.approx(np.diag([0.5, 1]) * [each.volume_km3 for each in one.features])
    assert overlaps_km3(one, find(*fields())).shape == (2, 0)


def test_a_step_without_features_ends_all_and_another_grid_is_refused() -> None:
    tracker = steps([blob(0)], [], [blob(0)])
    assert [(each.began, each.ended) for each in tracker.tracks] == [("first step", "death"), ("birth", "last step")]
    grid = ShellGrid.cell_centred(GRID.radii_km, 9, 18)
    elsewhere: Found = find(*fields(grid=grid), replace(HALF), grid=grid)
    with pytest.raises(ValueError, match="one grid"):
        tracker.add(9, elsewhere)
