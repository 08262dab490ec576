"""From somebody's file to served values and to a page: `earthgan make`, `earthgan view` and `earthgan.make`."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import netCDF4
import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.cli import main
from earthgan.errors import BadInput, WrongUsage
from earthgan_training.make.api import make
from earthgan_training.make.example import write_series, write_tomography
from gateway_server import free_port, gateway

#: A program that runs `earthgan` where torch and others are missing, and prints the largest memory of it in MB.
#: A new process counts the memory of the process that forked it as its own, so the command runs in a second one.
SPARE = """
import resource, subprocess, sys
if sys.argv[1] != "now":
    status = subprocess.call([sys.executable, "-c", sys.orig_argv[2], "now", *sys.argv[1:]])
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
    sys.exit(status)
for name in ("torch", "onnx", "onnxruntime", "matplotlib", "dask", "xarray"):
    sys.modules[name] = None
from earthgan.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def tomography(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tomography(tmp_path_factory.mktemp("tomography") / "dvs.nc")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_series(tmp_path_factory.mktemp("series") / "series.nc")


def answer(url: str, path: str) -> dict:
    response = httpx.get(url + path, trust_env=False, timeout=60)
    assert response.status_code == 200, (path, response.text)
    content: dict = response.json()
    return content


def test_a_tomography_is_served_as_its_file_says(tomography: Path, tmp_path: Path) -> None:
    out = tmp_path / "dvs"
    assert main(["make", str(tomography), "--out", str(out), "--measured"]) == 0
    with netCDF4.Dataset(tomography) as file, gateway(out) as url:
        catalog = answer(url, "/catalog?depth_km=600")
        assert catalog["title"] == file.title
        assert catalog["licence"] == file.license
        assert file.acknowledgment in catalog["credit"]
        assert catalog["simulated"] is False
        variable = next(each for each in answer(url, "/variables")["variables"] if each["name"] == "dvs")
        assert (variable["long_name"], variable["unit"]) == (file["dvs"].long_name, file["dvs"].units)
        assert variable["range"][0] == -variable["range"][1], "perturbations are drawn about zero"
        depth, latitude, longitude = (file[name][:] for name in ("depth", "latitude", "longitude"))
        shells = {each["r"]: each["depth_km"] for each in catalog["shells"]}
        assert sorted(shells.values()) == pytest.approx(sorted(depth), abs=0.01)
        for k, i, j in ((0, 3, 5), (20, 44, 90), (39, 88, 179)):
            r = min(shells, key=lambda r: abs(shells[r] - depth[k]))
            at = f"lat={latitude[i]}&lon={longitude[j]}"
            found = answer(url, f"/points/dvs/{catalog['steps'][0]['t']}/{r}?{at}")
            assert found["value"] == pytest.approx(float(file["dvs"][k, i, j]), abs=0.05)
            assert found["depth_km"] == pytest.approx(depth[k], abs=0.01)


def test_a_series_is_served_step_by_step(series: Path, tmp_path: Path) -> None:
    out = tmp_path / "series"
    arguments = ["make", str(series), "--out", str(out), "--title", "Mine", "--credit", "Me", "--simulated"]
    assert main([*arguments, "--json", str(tmp_path / "report.json")]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["steps"] == 5
    assert report["variables"]["temperature"]["unit"] == "K"
    with netCDF4.Dataset(series) as file, gateway(out) as url:
        catalog = answer(url, "/catalog")
        assert (catalog["title"], catalog["credit"], catalog["simulated"]) == ("Mine", "Me", True)
        assert catalog["licence"] == file.license, "no flag spoke of it"
        assert [step["time_myr"] for step in catalog["steps"]] == list(file["time"][:])
        span = np.ptp(file["temperature"][:])
        for n, step in enumerate(catalog["steps"]):
            r = len(file["depth"]) - 1 - 7
            found = answer(url, f"/points/temperature/{step['t']}/{r}?lat={file['lat'][10]}&lon={file['lon'][20]}")
            assert found["value"] == pytest.approx(float(file["temperature"][n, 7, 10, 20]), abs=0.01 * span)


def test_bytes_are_those_of_everything(tomography: Path, tmp_path: Path) -> None:
    for n, wanted in enumerate((6000, 12_000)):
        out, report = tmp_path / str(n), tmp_path / f"{n}.json"
        assert main(["make", str(tomography), "--out", str(out), "--bytes", str(wanted), "--json", str(report)]) == 0
        total = json.loads(report.read_text())["bytes"]["total"]
        assert total == pytest.approx(wanted, rel=0.03)
        assert sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) == pytest.approx(total, abs=8)


def test_smooth_tomography_is_closer_than_sperr_at_the_same_bytes(tomography: Path, tmp_path: Path) -> None:
    pytest.importorskip("imagecodecs")
    assert main(["make", str(tomography), "--out", str(tmp_path / "o"), "--json", str(tmp_path / "report.json")]) == 0
    dvs = json.loads((tmp_path / "report.json").read_text())["variables"]["dvs"]
    assert dvs["psnr_db"] >= 59.7
    assert dvs["psnr_db"] > dvs["sperr_psnr_db"] + 1


def test_it_needs_neither_torch_nor_a_gigabyte(tomography: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SPARE, "make", str(tomography), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert int(done.stdout.split()[-1]) < 600


def test_a_view_is_a_page_until_it_is_interrupted(tomography: Path, tmp_path: Path) -> None:
    environment = os.environ | {"EARTHGAN_CACHE_DIR": str(tmp_path / "cache")}
    for port, how in ((free_port(), signal.SIGINT), (free_port(), signal.SIGTERM)):
        command = ["-m", "earthgan.cli", "view", str(tomography), "--no-browser", "--port", str(port)]
        view = subprocess.Popen(
            [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert view.stdout is not None
        address = next(line for line in view.stdout if line.startswith("http")).split()[0]
        assert address == f"http://127.0.0.1:{port}/"
        assert "<html" in httpx.get(address, trust_env=False).text
        assert answer(address.rstrip("/"), "/catalog")["variables"] == ["dvs"]
        view.send_signal(how)
        _, errors = view.communicate(timeout=20)
        assert (view.returncode, errors) == (0, "")
        with pytest.raises(httpx.TransportError):
            httpx.get(address, trust_env=False)
    assert len(list((tmp_path / "cache" / "views").iterdir())) == 1, "the second view showed what the first had made"


def test_a_view_of_a_busy_port_is_one_line(tomography: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with gateway() as url:
        port = url.rsplit(":", 1)[1]
        assert main(["view", str(tomography), "--no-browser", "--port", port]) == 1
    assert "in use" in capfd.readouterr().err


def test_a_dataset_in_hand_is_a_source(tomography: Path, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(tomography) as dataset:
        colder = dataset.assign(dvs=-dataset.dvs).assign_attrs(dataset.attrs)
        colder["dvs"].attrs = dataset["dvs"].attrs
        surrogate = make(colder, tmp_path / "out", quality=50, title="Turned over")
        assert isinstance(surrogate, Surrogate)
        assert surrogate.spec.title == "Turned over"
        assert surrogate.spec.provenance.licence == "CC0-1.0"
        found = surrogate.in_units(surrogate.shells(None, ["dvs"], surrogate.steps[0].t, [39]), ["dvs"])[0, 0]
        truth = -dataset.dvs.values[0, ::-1]
        assert np.abs(np.sort(found.ravel()) - np.sort(truth.ravel())).max() < 0.2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"quality": 50, "bytes": 5000}, WrongUsage),
        ({"max_error": "much"}, WrongUsage),
        ({"kind": "zip"}, WrongUsage),
        ({"missing": "ignore"}, WrongUsage),
        ({"variables": ["vs"]}, BadInput),
    ],
)
def test_arguments_that_cannot_be_are_refused(
    tomography: Path, tmp_path: Path, arguments: dict, error: type[Exception]
) -> None:
    with pytest.raises(error):
        make(tomography, tmp_path / "out", **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--quality", "50", "--bytes", "4000"], 2),
        (["--max-error", "very"], 2),
        (["--kind", "zip"], 2),
        (["--quality", "9000"], 2),
        (["--bytes", "100"], 1),
        (["--variables", "vs"], 1),
        (["--steps", "77"], 1),
        (["--max-error", "dvs=1 km"], 1),
        (["--max-error", "vs=1"], 1),
        (["--mapping", "nowhere.toml"], 1),
    ],
)
def test_wrong_usage_and_bad_input_are_one_line_and_leave_nothing(
    tomography: Path, tmp_path: Path, options: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = main(["make", str(tomography), "--out", str(tmp_path / "out"), *options])
    except SystemExit as usage:  # argparse
        found = int(str(usage.code))
    assert found == status
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("earthgan")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_velocity_of_a_simulation_follows_from_its_temperature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """End to end: it is not stored where it follows, and it is where it does not, or where nothing can be proved."""
    raw, other = tmp_path / "raw", tmp_path / "other"
    assert main(["simulate", "--preset", "quick", "--out", str(raw)]) == 0
    other.mkdir()
    for path in raw.glob("*.nc"):
        shutil.copy(path, other)
        with netCDF4.Dataset(other / path.name, "a") as file:
            for name in ("vx", "vy", "vz"):
                file[name][:] = file[name][:, ::-1]
    totals = []
    tried = ((raw, "spectral", []), (other, "harmonics", []), (raw, "harmonics", ["--steps", "3"]))
    for source, kind, options in tried:
        out, report = tmp_path / f"out{len(totals)}", tmp_path / "report.json"
        capsys.readouterr()
        assert main(["make", str(source), "--out", str(out), "--json", str(report), *options]) == 0
        found = json.loads(report.read_text())
        assert found["kind"] == kind
        assert min(each["psnr_db"] for each in found["variables"].values()) >= 59.5
        assert set(found["choice"]) <= {line.strip() for line in capsys.readouterr().out.splitlines()}
        totals.append(found["bytes"]["total"])
        if source == other:
            assert any("velocity does not follow from temperature" in line for line in found["choice"])
        if kind == "spectral":
            assert any(line.startswith("velocity follows from temperature on 49 of 49") for line in found["choice"])
    assert totals[1] > 2 * totals[0]
    assert main(["make", str(raw), "--out", str(tmp_path / "bounded"), "--kind", "spectral", "--max-error", "1%"]) == 1
