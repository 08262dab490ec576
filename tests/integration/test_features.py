"""Slabs and plumes of a run: in Python, and over HTTP as JSON, GeoJSON and CSV."""

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import earthgan
import spectral_surrogate
from earthgan import Surrogate
from earthgan.errors import EngineBusy, EngineTimeout, InvalidRequest, UnknownStep, UnknownVariable
from earthgan.features.criterion import Criterion
from earthgan.sphere.grid import cell_weights, column_widths_deg
from earthgan.surrogate import Field
from earthgan_gateway.engines import Admission, Lane
from earthgan_gateway.features import Features
from earthgan_gateway.offer import Offer
from engines import CountingEngine
from small_surrogate import make_small
from socketless import Gateway

LOOSE = {"threshold": 1.0, "margin": 0.05}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    return spectral_surrogate.make(spectral_surrogate.write_raw(folder / "raw"), folder / "coded")


@pytest.fixture(scope="module")
def run(small: Path) -> earthgan.Run:
    return earthgan.open(small)


@pytest.fixture(scope="module")
def gateway(small: Path) -> Iterator[Gateway]:
    found = Gateway(small)
    yield found
    found.close()


def test_the_features_of_a_run_are_its_cold_cells_that_sink_and_its_hot_ones_that_rise(run: earthgan.Run) -> None:
    t, weights = run.steps[1], cell_weights(run.grid)
    found = run.features(t, **LOOSE, least=0.0)
    assert found.slabs
    assert found.plumes
    for r in (5, 12, 18):
        hot, rising = run.shell("temperature_anomaly", t, r), run.shell("v_radial", t, r)
        std = np.sqrt((weights * np.square(hot, dtype=np.float64)).sum())
        owners = found.on_shell(r)
        kinds = np.array([*(each.kind for each in found.features), ""])[owners]
        # A cell on the threshold may differ by how the sum of squares was rounded.
        sure = np.abs(np.abs(hot) - std) > 1e-3 * std
        assert np.array_equal((kinds == "plume")[sure], ((hot > std) & (rising > 0))[sure])
        assert np.array_equal((kinds == "slab")[sure], ((hot < -std) & (rising < 0))[sure])


def test_tracks_follow_all_steps_or_those_that_are_named(run: earthgan.Run) -> None:
    tracks = run.tracks(**LOOSE)
    assert [each.id for each in tracks] == list(range(1, len(tracks) + 1))
    assert {t for each in tracks for t in each.steps} == set(run.steps)
    counts = [len(run.features(t, **LOOSE).features) for t in run.steps]
    assert sum(len(each.steps) for each in tracks) == sum(counts), "each feature belongs to one track"
    two = run.tracks(run.steps[:2], **LOOSE)
    assert {t for each in two for t in each.steps} == set(run.steps[:2])


def test_what_cannot_be_found_is_said(run: earthgan.Run, tmp_path: Path) -> None:
    with pytest.raises(UnknownStep):
        run.features(999)
    with pytest.raises(InvalidRequest):
        run.features(run.steps[0], threshold=-1)
    still = make_small(tmp_path / "still")
    with pytest.raises(UnknownVariable):
        earthgan.open(still).features(0)
    without = Gateway(still)
    try:
        for path in ("/features/0", "/features/0.csv", "/features/0.geojson"):
            assert without.get(path).status_code == 404
    finally:
        without.close()


def test_the_gateway_gives_the_features_of_the_run(gateway: Gateway, run: earthgan.Run) -> None:
    t = run.steps[1]
    found = run.features(t, **LOOSE)
    answer = gateway.get(f"/features/{t}", *LOOSE.items())
    document = answer.json()
    rows = [each.row() for each in found.features]
    assert [each["id"] for each in document["features"]] == [each["id"] for each in rows]
    for ours, theirs in zip(rows, document["features"], strict=True):
        assert theirs == approximately(ours)
    assert document["criterion"]["threshold"] == 1
    assert document["criterion"]["least_km3"] == pytest.approx(found.least_km3, rel=1e-5)
    assert document["left_out"] == found.left_out
    assert document["anomaly_unit"] == "K"
    assert document["volume_flux_unit"] == "km3/yr"
    assert document["heat_flux_unit"] == "K km3/yr"
    plumes = gateway.get(f"/features/{t}", *LOOSE.items(), ("kind", "plume")).json()["features"]
    assert plumes == [each for each in document["features"] if each["kind"] == "plume"]


def approximately(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose numbers may differ as those of the gateway's engine do."""
    near = {k: pytest.approx(v, rel=1e-4, abs=1e-3) for k, v in row.items() if isinstance(v, float)}
    crossings = {"crossings": [approximately(each) for each in row["crossings"]]} if "crossings" in row else {}
    return row | near | crossings


def test_outlines_enclose_the_cells_of_a_shell(gateway: Gateway, run: earthgan.Run) -> None:
    t, r = run.steps[1], 12
    answer = gateway.get(f"/features/{t}.geojson", *LOOSE.items(), ("shell", r))
    assert answer.headers["content-type"] == "application/geo+json"
    document, found = answer.json(), run.features(t, **LOOSE)
    assert (document["type"], document["r"]) == ("FeatureCollection", r)
    assert document["depth_km"] == pytest.approx(run.depths_km[r])
    owners = found.on_shell(r)
    assert [each["id"] for each in document["features"]] == [found.features[i].id for i in np.unique(owners) if i >= 0]
    total = 0.0
    for polygon in (each for one in document["features"] for each in one["geometry"]["coordinates"]):
        for ring in polygon:
            x, y = np.array(ring).T
            total += float(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2
    latitudes = np.asarray(run.grid.latitudes_deg)
    heights = -np.diff([90, *(latitudes[1:] + latitudes[:-1]) / 2, -90])
    assert total == pytest.approx(heights @ (owners >= 0) @ column_widths_deg(run.grid))
    by_default = gateway.get(f"/features/{t}.geojson").json()
    assert abs(by_default["depth_km"] - 660) <= min(abs(run.depths_km - 660)) + 1e-6


def test_a_table_has_a_line_for_each_feature(gateway: Gateway, run: earthgan.Run) -> None:
    t = run.steps[1]
    answer = gateway.get(f"/features/{t}.csv", *LOOSE.items())
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [each["id"] for each in rows] == [each.id for each in run.features(t, **LOOSE).features]
    assert {"volume_km3", "volume_flux_660", "heat_flux_1600"} <= set(rows[0])


def test_a_step_is_read_once_for_all_forms_and_the_client_may_keep_them() -> None:
    gateway = Gateway()
    engine = gateway.engine
    assert engine is not None
    paths = ("/features/120", "/features/120.csv", "/features/120.geojson", "/features/120.geojson?shell=7")
    try:
        answers = [gateway.get(path) for path in paths]
        calls = engine.calls
        assert calls == 10, "159 shells, 16 at a time"
        assert len({answer.headers["etag"] for answer in answers}) == len(paths)
        for path, answer in zip(paths, answers, strict=True):
            assert gateway.get(path, **{"if-none-match": answer.headers["etag"]}).status_code == 304
        assert gateway.get("/features/120?threshold=2.5").headers["etag"] != answers[0].headers["etag"]
        assert engine.calls == 2 * calls
        wrong = {
            404: (
                "/features/999",
                "/features/0120",
                "/features/120.json",
                "/features/",
                "/features/120.geojson?shell=199",
            ),
            422: (
                *(f"/features/120?{each}" for each in ("threshold=0", "threshold=x", "measure=sigma", "kind=slabs")),
                *(f"/features/120.csv?{each}" for each in ("margin=0.5", "least=1", "flow=-1", "shell=3")),
                "/features/120.geojson?shell=x",
            ),
        }
        for status, asked in wrong.items():
            for path in asked:
                answer = gateway.get(path)
                assert answer.status_code == status, path
                assert answer.headers["content-type"] == "application/problem+json"
        assert engine.calls == 2 * calls
    finally:
        gateway.close()


class Tiring(CountingEngine):
    """An engine that has no time for every third call."""

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        assert lane == "long", "tiles do not wait behind it"
        if self.calls % 3 == 2:
            self.calls += 1
            raise EngineTimeout("slow")
        return await super().shells(variables, t, shells, seed, deadline, lane)


class Full(Admission):
    """It admits nothing."""

    @contextmanager
    def place(self, kind: str = "", burst: int = 2) -> Iterator[None]:
        raise EngineBusy("more is asked for than can be answered in time", 1.0)
        yield


def test_a_step_that_takes_too_long_is_continued_and_a_long_read_is_admitted(default_surrogate: Surrogate) -> None:
    engine, reads, offer = Tiring(default_surrogate), Admission(10), Offer.of(default_surrogate)
    features = Features(offer, engine, 5.0, reads, 2**24)

    async def ask() -> list[int]:
        read = []
        while True:
            try:
                await features.found(120, Criterion())
                return read
            except EngineTimeout as error:
                read.append(int(str(error).split()[0]))

    read = asyncio.run(ask())
    assert read == [32, 64, 96, 128], "each request went on where the one before it ended"
    engine.calls = 0
    asyncio.run(features.found(120, Criterion()))
    assert engine.calls == 0, "it is kept"
    full = Features(offer, engine, 5.0, Full(10), 2**24)
    with pytest.raises(EngineBusy):
        asyncio.run(full.found(120, Criterion()))
    assert engine.calls == 0


def test_what_is_kept_is_bounded(default_surrogate: Surrogate) -> None:
    engine = CountingEngine(default_surrogate)
    features = Features(Offer.of(default_surrogate), engine, 5.0, Admission(10), 2**10)
    for _ in range(2):
        asyncio.run(features.found(120, Criterion()))
    assert engine.calls == 20, "nothing fits"


def test_a_margin_changes_nothing_between_its_layers(run: earthgan.Run) -> None:
    t, middle = run.steps[0], len(run.radii_km) // 2
    wide, narrow = (run.features(t, threshold=1.0, margin=each, least=0.0) for each in (0.0, 0.2))
    assert np.array_equal(wide.on_shell(middle) >= 0, narrow.on_shell(middle) >= 0)
    assert (narrow.on_shell(0) == -1).all()
