"""`earthgan spectral` of somebody's scalars: what is served is what their file holds, and nothing speaks of another."""

import asyncio
import io
import json
from pathlib import Path

import httpx2 as httpx
import netCDF4
import numpy as np
import pytest

from contest_file import write_fields
from earthgan.cli import main
from earthgan_gateway import Settings, create_app

LATITUDES, LONGITUDES = 88 - 4 * np.arange(45.0), 4.0 * np.arange(90)
RADII_KM = np.sort(np.r_[3480.0, 3600:6200:200, 5701.0, 6291, 6346.6, 6371])


def truth(which: int) -> np.ndarray:
    """Return a field `(radius, latitude, longitude)` of low degree that differs everywhere."""
    theta, phi = np.radians(90 - LATITUDES)[:, None], np.radians(LONGITUDES)
    x, y, z = np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi
    depth = (RADII_KM[:, None, None] - 4900) / 1500
    return np.asarray(x * y * (which - depth) + z**3 * depth**2 + 0.3 * x - 0.1 * which * z, np.float32)


def write(folder: Path, variables: dict[str, np.ndarray], unit: str) -> Path:
    """Write a file of axes and variables of other names than ours, and the mapping that describes it."""
    folder.mkdir()
    with netCDF4.Dataset(folder / "model_1.nc", "w") as file:
        for name, values in (("radius", RADII_KM), ("y", LATITUDES), ("x", LONGITUDES)):
            file.createDimension(name, len(values))
            file.createVariable(name, "f8", (name,))[:] = values
        for name, values in variables.items():
            file.createVariable(name, "f4", ("radius", "y", "x"))[:] = values
    mapping = folder.with_suffix(".toml")
    listed = "".join(
        f'[[variables]]\nsource = "{name}"\nname = "{name}"\nlong_name = "Our {name}"\n'
        f'unit = "{unit}"\nsymmetric = true\n'
        for name in variables
    )
    mapping.write_text(
        'title = "Somebody\'s model"\nfiles = "model_([0-9]+)\\\\.nc"\norder = ["radius", "y", "x"]\n'
        f'[axes]\nlatitude = "y"\nlongitude = "x"\nvertical = "radius"\n{listed}'
    )
    return mapping


def served(folder: Path, *paths: str) -> list[bytes]:
    """The answers of a gateway that serves the folder."""
    app = create_app(Settings(surrogate=folder, prefetch=False))

    async def ask() -> list[bytes]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
            answers = [await client.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths), [a.text[:200] for a in answers]
        return [answer.content for answer in answers]

    return asyncio.run(ask())


@pytest.mark.parametrize("names", [("dvs",), ("dvs", "dvp", "rho")])
def test_every_shell_is_the_files(names: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fields = {name: truth(i) for i, name in enumerate(names)}
    mapping, out = write(tmp_path / "model", fields, "percent"), tmp_path / "made"
    flags = ["--credit", "Somebody", "--licence", "CC-BY-4.0", "--bytes", str(2500 * len(names))]
    assert main(["spectral", str(tmp_path / "model"), "--mapping", str(mapping), "--out", str(out), *flags]) == 0
    assert main(["info", str(out)]) == 0
    capsys.readouterr()
    shells = range(0, len(RADII_KM), 3)
    for name, field in fields.items():
        for r, content in zip(shells, served(out, *(f"/shells/{name}/1/{r}.npy" for r in shells)), strict=True):
            found = np.load(io.BytesIO(content))
            np.testing.assert_allclose(found.reshape(field[r].shape), field[r], atol=2e-3 * np.ptp(field))
    catalog, variables = (content.decode() for content in served(out, "/catalog", "/variables"))
    assert "Somebody" in catalog
    assert "CC-BY-4.0" in catalog
    for document in (catalog, variables, (out / "spec.json").read_text()):
        assert "emperature" not in document
        assert '"K"' not in document
        assert "Apache" not in document
    assert json.loads((out / "spec.json").read_text())["provenance"]["simulated"] is None


def test_a_core_of_another_radius_is_served_on_every_shell(tmp_path: Path) -> None:
    """The contest's layout with PREM's core. No radius lies outside the modes."""
    raw, out = tmp_path / "raw", tmp_path / "made"
    raw.mkdir()
    radii = np.r_[3470.0, np.linspace(3480, 6371, 33), 6380]
    latitudes, longitudes = np.linspace(90, -90, 46), np.linspace(0, 360, 91)
    x = ((radii - 3470) / 2910)[:, None, None]
    blob = np.cos(np.radians(latitudes))[:, None] ** 3 * np.cos(3 * np.radians(longitudes))
    field = 3000 * np.clip(1 - x + 0.1 * np.sin(np.pi * x) * blob, 0, 1)
    fields = {"temperature": field, **{name: 1e3 * np.sin(np.pi * x) * blob for name in ("vx", "vy", "vz")}}
    write_fields(raw / "spherical001.nc", fields, latitudes, radii, longitudes)
    assert main(["spectral", str(raw), "--out", str(out), "--bytes", "6000"]) == 0
    assert main(["info", str(out)]) == 0
    for r, content in enumerate(served(out, *(f"/shells/temperature/1/{r}.npy" for r in range(33)))):
        found = np.load(io.BytesIO(content)).reshape(46, 90)
        np.testing.assert_allclose(found, field[r + 1, :, :90], atol=10)


def test_other_runs_need_a_velocity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spectral", str(tmp_path), "--also", str(tmp_path), "--out", str(tmp_path / "made")]) == 1
    assert "--also needs --velocity" in capsys.readouterr().err
