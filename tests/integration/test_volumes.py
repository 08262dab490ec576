"""Files of several shells: xarray joins them, and their values and words are those of the run."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
import xarray as xr

from earthgan_gateway import volumes
from places import BASELINE_SURROGATE
from socketless import Gateway


@pytest.fixture(scope="module")
def baseline() -> Iterator[Gateway]:
    gateway = Gateway(BASELINE_SURROGATE)
    yield gateway
    gateway.close()


def saved(answer: httpx.Response, folder: Path) -> Path:
    """The answer as a file, under the name that it gives."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-netcdf"
    path = folder / answer.headers["content-disposition"].split('"')[1]
    path.write_bytes(answer.content)
    return path


def test_files_are_joined_and_equal_that_part_of_the_run(baseline: Gateway, tmp_path: Path) -> None:
    paths = [
        saved(baseline.get(f"/shells/v_radial.nc?t={t}&r=20,30-32"), tmp_path) for t in ("118-119", "120", "121-122")
    ]
    assert [path.name for path in paths] == [
        "v_radial_t118-119_r20-32.nc",
        "v_radial_t120_r20-32.nc",
        "v_radial_t121-122_r20-32.nc",
    ]
    with xr.open_mfdataset(paths) as joined, xr.open_dataset(BASELINE_SURROGATE, engine="earthgan") as run:
        part = run[["v_radial"]].isel(time=run.step.isin(range(118, 123)), depth=run.shell.isin([20, 30, 31, 32]))
        assert joined.v_radial.dims == ("time", "depth", "latitude", "longitude")
        assert (np.diff(joined.depth) > 0).all()
        for name, coordinate in part.coords.items():
            xr.testing.assert_identical(joined.coords[name].compute(), coordinate)
        assert joined.v_radial.attrs == part.v_radial.attrs
        assert joined.attrs | {"geospatial_vertical_min": 0, "geospatial_vertical_max": 0} == run.attrs | {
            "geospatial_vertical_min": 0,
            "geospatial_vertical_max": 0,
        }
        found = joined.v_radial.sel(time=joined.time[2]).isel(depth=0).to_numpy()
    np.testing.assert_array_equal(found, np.load(io.BytesIO(baseline.get("/shells/v_radial/120/32.npy").content)))


def test_an_anomaly_is_that_of_each_shell(baseline: Gateway, tmp_path: Path) -> None:
    path = saved(baseline.get("/shells/temperature.nc?t=120&r=30&anomaly=true"), tmp_path)
    with xr.open_dataset(path) as file:
        found = file.temperature_anomaly.to_numpy()[0, 0]
    answer = baseline.get("/shells/temperature/120/30.npy?anomaly=true")
    np.testing.assert_array_equal(found, np.load(io.BytesIO(answer.content)))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("t=120&r=9999", 404),
        ("t=900-999&r=3", 404),
        ("t=118-119-120&r=3", 422),
        ("t=,&r=3", 422),
        ("t=0120&r=3", 422),
        ("t=120", 422),
    ],
)
def test_what_is_not_there_is_a_problem(baseline: Gateway, query: str, status: int) -> None:
    answer = baseline.get(f"/shells/temperature.nc?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert "\n" not in answer.json()["detail"]


def test_a_file_that_is_too_large_is_refused(baseline: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volumes, "MOST_VALUES", 180 * 360 * 2)
    assert baseline.get("/shells/temperature.nc?t=120&r=30-31").status_code == 200
    answer = baseline.get("/shells/temperature.nc?t=120&r=30-32")
    assert answer.status_code == 422
    assert "1 x 3 shells" in answer.json()["detail"]


def test_a_known_file_is_not_written_again(baseline: Gateway) -> None:
    address = "/shells/temperature.nc?t=120&r=30-31"
    tag = baseline.get(address).headers["etag"]
    for shells in ("31,30", "31-30"):
        assert baseline.get(f"/shells/temperature.nc?t=120&r={shells}", **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/shells/temperature/120/30.nc", "temperature_t120_r30_"),
        ("/shells/temperature/120/30.tif?anomaly=true", "temperature_anomaly_t120_r30_"),
        ("/tiles/vz/120/30/1/0/1.png?tms=WorldCRS84Quad", "vz_t120_r30_"),
    ],
)
def test_a_download_says_what_it_is(baseline: Gateway, address: str, name: str) -> None:
    said = baseline.get(address).headers["content-disposition"]
    assert said.startswith(f'inline; filename="{name}')
    assert said.endswith(f'.{address.split("?")[0].split(".")[-1]}"')
    assert "km" in said
