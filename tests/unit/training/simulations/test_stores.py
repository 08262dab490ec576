"""A source is a file, a store, references, or a Dataset in hand; what cannot be opened is refused in one line."""

import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import fsspec
import netCDF4
import numpy as np
import pytest

from earthgan.errors import BadInput
from earthgan_training.simulations.opening import open_source
from source_files import LAT, LON, RADII, assert_same, dataset, step_file, truth

STORED = {
    "plain": dataset,
    "from the top": lambda: dataset(r=RADII[::-1]),
    "with a time": lambda: dataset().expand_dims(time=[0.0]),
    "theta and phi in radians": lambda: dataset(
        names=("r", "theta", "phi"),
        stored={"theta": np.radians(90 - LAT), "phi": np.radians(LON)},
        attrs={"theta": {"units": "radians"}, "phi": {"units": "radian"}},
    ),
}


@pytest.mark.parametrize("layout", STORED)
@pytest.mark.parametrize("address", ["model.zarr", "folder", "file://{}/model.zarr"])
def test_a_store_is_a_source_like_a_file(tmp_path: Path, layout: str, address: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        STORED[layout]().to_zarr(tmp_path / ("folder" if address == "folder" else "model.zarr"))
    source = open_source([address.format(tmp_path) if "{}" in address else tmp_path / address])
    assert_same(source)
    assert_same(pickle.loads(pickle.dumps(source)))


def test_references_are_a_source(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset().to_zarr(tmp_path / "model.zarr", zarr_format=2, consolidated=False)
    found: dict[str, Any] = {}
    for path in sorted((tmp_path / "model.zarr").rglob("*")):
        if path.is_file():
            key = path.relative_to(tmp_path / "model.zarr").as_posix()
            is_text = path.name.startswith(".z")
            found[key] = path.read_text() if is_text else [str(path), 0, path.stat().st_size]
    (tmp_path / "model.json").write_text(json.dumps({"version": 1, "refs": found}))
    assert_same(open_source([tmp_path / "model.json"]))


def test_a_store_in_memory_is_an_address(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset().to_zarr("memory://model.zarr", mode="w")
    assert_same(open_source("memory://model.zarr"))


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.zarr").mkdir()
    monkeypatch.setitem(sys.modules, "earthgan_training.simulations.xarray_store", None)
    for address in (tmp_path / "model.zarr", dataset()):
        with pytest.raises(BadInput, match=r"pip install 'earthgan-training\[xarray\]'"):
            open_source([address])


def test_a_reader_works_in_another_process_and_after_a_change(tmp_path: Path) -> None:
    step_file(tmp_path / "a.nc", 0)
    source = pickle.loads(pickle.dumps(open_source([tmp_path / "a.nc"])))
    assert_same(source)
    digest = source.digest(0)
    step_file(tmp_path / "b.nc", 50)
    (tmp_path / "b.nc").replace(tmp_path / "a.nc")
    assert source.digest(0) != digest
    np.testing.assert_allclose(source.read(0, "temperature"), truth(RADII, LAT, LON) + 50, rtol=1e-6)


@pytest.mark.parametrize("address", ["nowhere", "nowhere.zarr", "empty", "text.nc", "memory://nowhere.zarr"])
def test_what_cannot_be_opened_is_one_line(tmp_path: Path, address: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.nc").write_text("not NetCDF")
    with pytest.raises(BadInput, match=address) as caught:
        open_source([address if "://" in address else tmp_path / address])
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    dataset().to_netcdf(tmp_path / "a.nc", format="NETCDF3_64BIT", engine="netcdf4")
    whole = (tmp_path / "a.nc").read_bytes()
    (tmp_path / "a.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="is truncated"):
        open_source([tmp_path / "a.nc"])


@pytest.mark.parametrize("shape", ["nothing", "groups", "text", "empty time", "two axes"])
def test_odd_files_are_refused_in_one_line(tmp_path: Path, shape: str) -> None:
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        if shape == "groups":
            file.createGroup("inside")
        if shape == "text":
            file.createDimension("n", 3)
            file.createVariable("names", str, ("n",))[:] = np.array(["a", "b", "c"], dtype=object)
        if shape in ("empty time", "two axes"):
            for name, axis in (("r", RADII), ("lat", LAT), ("lon", LON)):
                file.createDimension(name, len(axis))
                file.createVariable(name, "f8", (name,))[:] = axis
            file.createDimension("time", None)
            file.createVariable("T", "f4", ("time", "r", "lat", "lon") if shape == "empty time" else ("lat", "lon"))
    with pytest.raises(BadInput, match=r"a\.nc: ") as caught:
        open_source([tmp_path / "a.nc"])
    assert "\n" not in str(caught.value)


def test_a_remote_file_is_copied_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset().to_netcdf(tmp_path / "a.nc")
    content = (tmp_path / "a.nc").read_bytes()
    with fsspec.open("memory://far/a.nc", "wb") as file:
        file.write(content)
    assert_same(open_source("memory://far/a.nc"))
    said = capsys.readouterr().err
    assert said == f"copying memory://far/a.nc, {len(content) / 1e6:.1f} MB: a NetCDF file is read from this machine\n"
