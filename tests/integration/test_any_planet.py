"""Any planet, any variable, and cells without values: every answer of a gateway says what the source says."""

from __future__ import annotations

import asyncio
import io
import shutil
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2 as httpx
import netCDF4
import numpy as np
import pytest
from PIL import Image

from earthgan.backends.onnx import onnx_backend
from earthgan.errors import EngineAnswerInvalid
from earthgan.records import PlanetSpec
from earthgan.spec import Provenance
from earthgan.surrogate import Field, Surrogate
from earthgan.variables import TEMPERATURE, VX, Variable
from earthgan.wire import encode
from earthgan_gateway import Settings, create_app
from earthgan_gateway.engines.torchserve import TorchServeEngine
from small_surrogate import COLUMNS, DLNVS, MOON, ROWS, UNIT_SHELL, make_small, radii_of

PLAIN = Variable("phase", "Phase", "1", "viridis", symmetric=False)


def ask(folder: Path, *paths: str) -> list[httpx.Response]:
    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(Settings(surrogate=folder)), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(main())


def documents(folder: Path, *paths: str) -> Sequence[Any]:
    answers = ask(folder, *paths)
    assert [answer.status_code for answer in answers] == [200] * len(paths), [answer.text for answer in answers]
    return [answer.json() for answer in answers]


@pytest.mark.parametrize(
    "planet",
    [MOON, UNIT_SHELL, PlanetSpec(radius_km=3389.5), PlanetSpec(radius_km=6371, core_radius_km=3480), PlanetSpec()],
    ids=["Moon", "non-dimensional", "Mars", "PREM", "Earth"],
)
def test_depths_and_distances_are_the_planets(tmp_path: Path, planet: PlanetSpec) -> None:
    folder = make_small(tmp_path / "surrogate", planet)
    below = planet.radius_km * 0.3
    catalog, near, profile, section, point, series, tile = documents(
        folder,
        "/catalog",
        f"/catalog?depth_km={below!r}",
        "/profiles/temperature/0?lat=1&lon=2",
        "/sections/temperature/0?from=0,0&to=0,90&n=3",
        "/points/temperature/0/3?lat=1&lon=2",
        "/series/temperature/3?lat=1&lon=2",
        "/tiles/temperature/0/3/tilejson.json",
    )
    radii = np.array(radii_of(planet))
    depths = planet.radius_km - radii
    assert (catalog["surface_radius_km"], catalog["core_radius_km"]) == (planet.radius_km, planet.core_radius_km)
    for found in (profile["depth_km"], section["depth_km"], [shell["depth_km"] for shell in catalog["shells"]]):
        assert found == pytest.approx(depths, rel=0, abs=1e-7 * planet.radius_km)
    assert point["depth_km"] == series["depth_km"] == profile["depth_km"][3]
    assert near["nearest"]["r"] == np.abs(depths - below).argmin()
    quarter = np.pi / 2 * planet.radius_km
    assert section["surface_distance_km"] == pytest.approx([0, quarter / 2, quarter], rel=1e-7)
    for document in (catalog, profile, section, point, series):
        assert document["length_unit"] == planet.unit
    assert ("km" in tile["name"]) == (planet.unit == "km")
    shown = float(tile["name"].split(", ")[1].split()[0])
    assert shown == pytest.approx(depths[3], abs=np.diff(radii).min() / 20)


def test_shells_above_the_surface_are_above_it(tmp_path: Path) -> None:
    radii = tuple((6371 + np.linspace(0, 80, 9)).tolist())
    folder = make_small(tmp_path / "surrogate", radii_km=radii)
    catalog, tile = documents(folder, "/catalog?radius_km=6400", "/tiles/temperature/0/8/tilejson.json")
    assert catalog["nearest"]["depth_km"] == -30
    assert "80 km above the surface" in tile["name"]


@pytest.mark.parametrize("scale", [None, 9.5])
def test_scaled_times_and_speeds_say_so_and_speeds_are_read_in_cm_per_year(tmp_path: Path, scale: float | None) -> None:
    folder = make_small(
        tmp_path / "surrogate", variables=[VX, PLAIN], provenance=Provenance(source="a model", time_scale=scale)
    )
    catalog, legend, plain, point = documents(
        folder, "/catalog", "/legends/vx.json", "/legends/phase.json", "/points/vx/0/3?lat=0&lon=0"
    )
    assert catalog["time_scale"] == point["time_scale"] == scale
    assert point["unit"] == "m/s"
    assert (plain["unit"], plain["factor"]) == ("1", 1)
    if scale is None:
        assert (legend["unit"], legend["factor"]) == ("m/s", 1)
    else:
        assert legend["unit"] == "scaled cm/yr"
        assert legend["factor"] == pytest.approx(3.15576e9)
        (table,) = documents(folder, "/variables")
        own = next(each["range"] for each in table["variables"] if each["name"] == "vx")
        assert legend["range"] == pytest.approx([3.15576e9 * end for end in own])
        assert all(legend["range"][0] <= tick["value"] <= legend["range"][1] for tick in legend["ticks"])


def test_units_names_and_labels_are_the_sources_own(tmp_path: Path) -> None:
    said = Provenance(source="a model", licence="CC-BY-4.0", notice="Not the Earth.", credit="A. Nyone (2020)")
    folder = make_small(
        tmp_path / "surrogate", MOON, [DLNVS, PLAIN], labels=["0.5", "1e2"], provenance=said, title="A moon"
    )
    catalog, table, tile, point, legend = documents(
        folder,
        "/catalog",
        "/variables",
        "/tiles/dlnVs/1/3/tilejson.json",
        "/points/dlnVs/1/3?lat=0&lon=0",
        "/legends/dlnVs.json",
    )
    assert catalog["variables"] == ["dlnVs", "phase"], "nothing of velocity, nothing of temperature"
    assert [step["label"] for step in catalog["steps"]] == ["0.5", "1e2"]
    assert (catalog["title"], catalog["credit"], catalog["simulated"]) == ("A moon", "A. Nyone (2020)", None)
    assert [each["unit"] for each in table["variables"]] == ["percent", "1"]
    assert "1e2" in tile["name"]
    assert tile["attribution"] == "Not the Earth. A. Nyone (2020) (CC-BY-4.0)"
    assert point["unit"] == legend["unit"] == "percent"
    low, high = legend["range"]
    assert low == -high
    anomaly, netcdf, tif, wmts, picture = ask(
        folder,
        "/tiles/dlnVs/1/3/0/0/0.png?anomaly=true",
        "/shells/dlnVs/1/3.nc",
        "/shells/phase/1/3.tif",
        "/wmts/WMTSCapabilities.xml",
        "/legends/phase.png",
    )
    assert {each.status_code for each in (anomaly, netcdf, tif, wmts, picture)} == {200}
    with netCDF4.Dataset("memory.nc", memory=netcdf.content) as file:
        assert (file["dlnVs"].units, file["dlnVs"].long_name) == ("percent", DLNVS.long_name)
        assert (file.licence, file.notice, file.credit, file.source) == (
            said.licence,
            said.notice,
            said.credit,
            said.source,
        )
        assert "institution" not in file.ncattrs()
        assert "1737.4 km" in file["depth_km"].long_name
        assert file["step"].long_name == "1e2"
    assert b"UNITTYPE" not in tif.content
    titles = [each.text for each in ElementTree.fromstring(wmts.text).iter("{http://www.opengis.net/ows/1.1}Title")]
    assert "Shear-wave velocity perturbation [percent]" in titles
    assert "Phase" in titles
    assert "Time step, from 0.5 to 1e2" in titles


def test_names_that_differ_in_case_are_two_variables(tmp_path: Path) -> None:
    lower = Variable("vs", "vs", "km/s", "viridis", symmetric=False)
    upper = Variable("Vs", "Vs", "km/s", "viridis", symmetric=False)
    folder = make_small(tmp_path / "surrogate", variables=[lower, upper])
    answers = ask(folder, *(f"/shells/{name}/0/3.npy" for name in ("vs", "Vs", "vs", "Vs")))
    assert answers[0].content == answers[2].content != answers[1].content == answers[3].content
    assert answers[0].headers["etag"] != answers[1].headers["etag"]
    assert ask(folder, "/shells/VS/0/3.npy")[0].status_code == 404


def test_a_set_of_scalars_has_the_anomaly_of_its_temperature(tmp_path: Path) -> None:
    folder = make_small(tmp_path / "surrogate", variables=[TEMPERATURE, PLAIN], size=1e-12)
    (catalog,) = documents(folder, "/catalog")
    assert catalog["variables"] == ["temperature", "phase", "temperature_anomaly"]


def test_a_variable_with_a_derived_quantitys_name_stays_itself(tmp_path: Path) -> None:
    speed = Variable("speed", "Speed of sound", "km/s", "viridis", symmetric=False)
    folder = make_small(tmp_path / "surrogate", variables=[speed], size=1, offset=8)
    variables, point = documents(folder, "/variables", "/points/speed/0/3?lat=5&lon=5")
    assert [(each["long_name"], each["derived"]) for each in variables["variables"]] == [("Speed of sound", False)]
    assert 6 < point["value"] < 10


@pytest.mark.parametrize("size", [1e-12, 0.97, 1e22])
def test_fields_of_any_size_are_drawn_with_all_colours(tmp_path: Path, size: float) -> None:
    folder = make_small(tmp_path / "surrogate", size=size)
    picture, legend = ask(folder, "/shells/temperature/0/3.png", "/legends/temperature.json")
    shown = np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(shown, axis=0)) > 100
    for tick in legend.json()["ticks"]:
        assert float(tick["label"]) == pytest.approx(tick["value"], rel=1e-9, abs=0)
        assert len(tick["label"]) <= 8


def test_a_small_spread_far_from_zero_is_drawn_as_its_values(tmp_path: Path) -> None:
    folder = make_small(tmp_path / "surrogate", size=100, offset=1e6)
    tile, values, legend = ask(
        folder,
        "/tiles/temperature/0/3/0/0/0.png?tms=WorldCRS84Quad",
        "/tiles/temperature/0/3/0/0/0.npy?tms=WorldCRS84Quad",
        "/legends/temperature.json",
    )
    low, high = legend.json()["range"]
    assert 1e6 - 300 < low < high < 1e6 + 300
    index = np.asarray(Image.open(io.BytesIO(tile.content))).astype(int)
    due = 1 + np.rint((np.load(io.BytesIO(values.content)).astype(float) - low) / (high - low) * 254)
    assert np.abs(index - due).max() <= 1
    (profile,) = documents(folder, "/profiles/temperature/0?lat=5&lon=0&lateral_mean=true")
    (shell,) = ask(folder, "/shells/temperature/0/3.npy")
    assert profile["values"][3] == pytest.approx(npy(shell)[8, 0], rel=0, abs=0.1)
    assert profile["lateral_mean"][3] == pytest.approx(1e6, rel=0, abs=5)


@pytest.fixture(scope="module")
def hidden() -> np.ndarray:
    hidden = np.zeros((9, ROWS, COLUMNS), dtype=bool)
    hidden[3, 5:8, 10:20] = True  # a hole
    hidden[3, 5:8, -2:] = hidden[3, 5:8, :2] = True  # a hole over the date line of the columns
    hidden[3, 0, :] = True  # the whole row at the north pole
    hidden[6] = True  # a shell without any value
    return hidden


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory, hidden: np.ndarray) -> Path:
    both = np.stack([hidden, np.zeros_like(hidden)])
    return make_small(tmp_path_factory.mktemp("masked") / "surrogate", variables=[TEMPERATURE, DLNVS], hidden=both)


@pytest.fixture(scope="module")
def unmasked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_small(tmp_path_factory.mktemp("unmasked") / "surrogate", variables=[TEMPERATURE, DLNVS])


def npy(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))


def test_cells_without_values_are_nan_in_shells_and_nowhere_else(
    masked: Path, unmasked: Path, hidden: np.ndarray
) -> None:
    paths = [f"/shells/{name}/0/{r}.npy" for name in ("temperature", "dlnVs") for r in (2, 3, 6)]
    for path, mine, whole in zip(paths, ask(masked, *paths), ask(unmasked, *paths), strict=True):
        due = hidden[int(path[-5])] & ("dlnVs" not in path)
        np.testing.assert_array_equal(np.isnan(npy(mine)), due)
        np.testing.assert_allclose(npy(mine)[~due], npy(whole)[~due], rtol=1e-3, atol=1e-3)
    netcdf, document, tif = ask(masked, *(f"/shells/temperature/0/3.{kind}" for kind in ("nc", "json", "tif")))
    with netCDF4.Dataset("memory.nc", memory=netcdf.content) as file:
        np.testing.assert_array_equal(np.ma.getmaskarray(file["temperature"][:]), hidden[3])
    values = document.json()["values"]
    np.testing.assert_array_equal([[value is None for value in row] for row in values], hidden[3])
    assert tif.status_code == 200


@pytest.mark.parametrize("resampling", ["bilinear", "nearest"])
def test_a_hole_in_a_tile_is_as_large_as_its_cells(masked: Path, hidden: np.ndarray, resampling: str) -> None:
    query = f"?tms=WorldCRS84Quad&resampling={resampling}"
    values, picture, whole = ask(
        masked,
        *(f"/tiles/temperature/0/3/0/0/0.{kind}{query}" for kind in ("npy", "png")),
        f"/tiles/dlnVs/0/3/0/0/0.png{query}",
    )
    found = np.isnan(npy(values))
    latitudes = 90 - (np.arange(256) + 0.5) * 180 / 256
    longitudes = -180 + (np.arange(256) + 0.5) * 180 / 256  # the western one of two tiles
    rows = np.abs(latitudes[:, None] - (90 - (np.arange(ROWS) + 0.5) * 10)).argmin(axis=1)
    turns = (longitudes[:, None] - np.arange(COLUMNS) * 10 + 180) % 360 - 180
    due = hidden[3][np.ix_(rows, np.abs(turns).argmin(axis=1))]
    np.testing.assert_array_equal(found, due)
    assert found.any()
    alpha = np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGBA"))[..., 3]
    np.testing.assert_array_equal(alpha == 0, due)
    assert np.asarray(Image.open(io.BytesIO(whole.content)).convert("RGBA"))[..., 3].all()


def test_numbers_at_places_are_null_exactly_where_a_tile_is_transparent(masked: Path) -> None:
    (tile,) = ask(masked, "/tiles/temperature/0/3/0/1/0.npy?tms=WorldCRS84Quad")
    values = npy(tile)
    rng = np.random.default_rng(3)
    places = [(int(i), int(j)) for i, j in rng.integers(0, 256, (60, 2))]
    paths = [f"lat={90 - (i + 0.5) * 180 / 256!r}&lon={(j + 0.5) * 180 / 256!r}" for i, j in places]
    points = documents(masked, *(f"/points/temperature/0/3?{path}" for path in paths))
    profiles = documents(masked, *(f"/profiles/temperature/0?{path}&lateral_mean=true" for path in paths[:20]))
    for (i, j), point in zip(places, points, strict=True):
        assert (point["value"] is None) == np.isnan(values[i, j])
        assert point["values"]["dlnVs"] is not None
        if point["value"] is not None:
            assert point["value"] == pytest.approx(values[i, j], rel=1e-3, abs=1e-3)
    assert {point["value"] is None for point in points} == {True, False}
    for profile, point in zip(profiles, points[:20], strict=True):
        assert profile["values"][6] is None
        assert profile["lateral_mean"][6] is None
        assert (profile["values"][3] is None) == (point["value"] is None)
    series, section = documents(
        masked, f"/series/temperature/6?{paths[0]}", "/sections/temperature/0?from=25,80&to=25,150&n=50"
    )
    assert series["values"] == [None, None]
    assert {value is None for value in section["values"][3]} == {True, False}
    assert None not in section["values"][2]


def test_a_model_servers_answer_may_lack_just_these_values(masked: Path) -> None:
    surrogate = Surrogate(masked)
    run = onnx_backend(surrogate)

    def answered(lacks: bool) -> Field:
        def serve(request: httpx.Request) -> httpx.Response:
            field = surrogate.shells(run, ["temperature"], 0, [3])
            field[..., 0, 0] = np.nan
            field[..., -1, 0] = np.nan if lacks else 0
            return httpx.Response(200, content=encode(field, "float32", surrogate.digest))

        async def ask() -> Field:
            engine = TorchServeEngine(surrogate, "http://model", transport=httpx.MockTransport(serve))
            return await engine.shells(["temperature"], 0, [3], None, time.monotonic() + 5)

        return asyncio.run(ask())

    assert np.isnan(answered(lacks=False)).any()
    with pytest.raises(EngineAnswerInvalid):
        answered(lacks=True)


def test_statistics_and_ranges_leave_cells_without_values_out(masked: Path, hidden: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        statistics, empty, variables, anomaly = ask(
            masked,
            "/statistics/temperature/0/3",
            "/statistics/temperature/0/6",
            "/variables",
            "/shells/temperature/0/3.npy?anomaly=true",
        )
    assert 0 < statistics.json()["missing"] < 0.2
    assert empty.json()["mean"] is None
    assert empty.json()["missing"] == 1
    assert np.isnan(npy(anomaly)).sum() == hidden[3].sum()
    weights = np.cos(np.radians(90 - (np.arange(ROWS) + 0.5) * 10))[:, None] * ~hidden[3]
    assert np.average(np.nan_to_num(npy(anomaly)), weights=weights) == pytest.approx(0, abs=1e-3)
    assert all(low < high for low, high in (each["anomaly_range"] for each in variables.json()["variables"]))


def test_extremes_in_masked_cells_do_not_widen_an_anomalys_range(tmp_path: Path) -> None:
    everything = np.ones((9, ROWS, COLUMNS), dtype=bool)
    everything[:, :, :3] = False
    folder = make_small(tmp_path / "surrogate", hidden=everything)
    masked, whole = (
        documents(each, "/variables")[0]["variables"][0]["anomaly_range"][1]
        for each in (folder, make_small(tmp_path / "whole"))
    )
    assert masked < whole


def test_each_step_has_its_own_holes(unmasked: Path, hidden: np.ndarray, tmp_path: Path) -> None:
    """In shells, at points, in series and in statistics; and a damaged mask is named."""
    from earthgan.cli import main
    from earthgan.mask import Mask
    from earthgan_training.surrogates.folder import changed_folder, write_masks, write_spec

    folder = tmp_path / "surrogate"
    shutil.copytree(unmasked, folder)
    with changed_folder(folder) as draft:
        write_spec(draft, write_masks(draft, Surrogate(folder).spec, [None, Mask.of(hidden)]))
    first, second, first_numbers, second_numbers = ask(
        folder,
        *(f"/shells/dlnVs/{t}/3.npy" for t in (0, 1)),
        *(f"/statistics/dlnVs/{t}/3" for t in (0, 1)),
    )
    assert not np.isnan(npy(first)).any()
    np.testing.assert_array_equal(np.isnan(npy(second)), hidden[3])
    assert first_numbers.json()["missing"] == 0
    assert second_numbers.json()["missing"] > 0
    (series,) = documents(folder, "/series/dlnVs/6?lat=25&lon=80")
    assert [value is None for value in series["values"]] == [False, True]
    assert main(["info", str(folder)]) == 0
    (mask,) = folder.glob("mask*")
    mask.write_bytes(mask.read_bytes()[:-1])
    assert main(["info", str(folder)]) == 1


def test_a_surrogate_with_a_mask_that_changes_keeps_its_files(tmp_path: Path, hidden: np.ndarray) -> None:
    from earthgan_training.surrogates.folder import changed_folder, write_mask, write_spec

    folder = make_small(tmp_path / "surrogate", hidden=hidden)
    with changed_folder(folder) as draft:
        spec = Surrogate(folder).spec
        write_spec(draft, spec.model_copy(update={"mask": write_mask(draft, ~hidden)}))
    opened = Surrogate(folder)
    assert opened.mask is not None
    rows, columns = range(ROWS), range(COLUMNS)
    np.testing.assert_array_equal(opened.mask.cut([0], range(9), rows, columns)[0], ~hidden)
    assert [path.name for path in folder.glob("mask*")] == [opened.spec.mask.file]
