"""The table of formats, and its files read back by others' readers."""

import io
import json
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
import rasterio
import rasterio.crs
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from earthgan.records import PlanetSpec, StepSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan.sphere.tiles import Tile, pixel_centres
from earthgan_gateway.drawing.colours import palette
from earthgan_gateway.formats import COLOUR_FORMATS, FORMATS, VALUE_FORMATS, Contents
from earthgan_gateway.formats.geotiff import Extent, encode_raster, shell_raster, tile_extent

GRID = ShellGrid.cell_centred(radii_km=(3500.0, 5000.0, 6300.0), rows=18, columns=36)
CONTENTS = Contents(
    variable="temperature",
    long_name="Temperature",
    unit="K",
    description="a shell <&> such",
    grid=GRID,
    tile=None,
    step=StepSpec(t=120, time_myr=12.5, file="inputs/120.npy", sha256="0" * 64),
    r=1,
    planet=PlanetSpec(),
    title="A test",
    provenance=Provenance(source="a test", licence="CC0-1.0", notice="Not the Earth.", simulated=True),
)

values_of_the_grid = hnp.arrays(np.float32, GRID.shape[1:], elements=st.floats(allow_infinity=False, width=32))


def field() -> np.ndarray:
    """Longitude plus a thousand times latitude: each place is told by its value."""
    latitudes, longitudes = np.array(GRID.latitudes_deg), np.array(GRID.longitudes_deg)
    return (1000 * latitudes[:, None] + longitudes).astype(np.float32)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=30)))
def test_a_webp_shows_the_colours_of_its_indices(index: np.ndarray) -> None:
    colours = palette("vik")
    shown = np.asarray(
        Image.open(io.BytesIO(COLOUR_FORMATS["webp"].encode(index, colours)), formats=["WEBP"]).convert("RGBA")
    )
    seen = index > 0
    np.testing.assert_array_equal(shown[..., 3], np.where(seen, 255, 0))
    np.testing.assert_array_equal(shown[seen, :3], np.frombuffer(colours, np.uint8).reshape(256, 3)[index[seen]])


def test_a_webp_has_a_largest_size() -> None:
    with pytest.raises(ValueError, match="16383"):
        COLOUR_FORMATS["webp"].encode(np.zeros((1, 16384), np.uint8), palette("vik"))


@pytest.mark.parametrize("tms", ["WebMercatorQuad", "WorldCRS84Quad"])
def test_rasterio_finds_a_tiles_pixels_where_we_sampled_them(tms: str) -> None:
    tile = Tile(tms, 3, 5, 2)
    latitudes, longitudes = pixel_centres(tile)
    values = (1000 * latitudes[:, None] + longitudes).astype(np.float32)
    values[3, 4] = np.nan
    file = encode_raster(values, tile_extent(tile), "K", "Temperature <&> such")
    with rasterio.open(io.BytesIO(file)) as raster:
        assert raster.crs.to_epsg() == {"WebMercatorQuad": 3857, "WorldCRS84Quad": 4326}[tms]
        assert raster.dtypes == ("float32",)
        assert np.isnan(raster.nodata)
        assert raster.units == ("K",)
        assert raster.descriptions == ("Temperature <&> such",)
        np.testing.assert_array_equal(raster.read(1), values)
        rows, columns = np.array([0, 0, 255, 100]), np.array([0, 255, 0, 30])
        x, y = raster.xy(rows, columns)
        from rasterio.warp import transform

        found_longitudes, found_latitudes = transform(raster.crs, rasterio.crs.CRS.from_epsg(4326), x, y)
        np.testing.assert_allclose(found_latitudes, latitudes[rows], atol=1e-7)
        np.testing.assert_allclose(found_longitudes, longitudes[columns], atol=1e-7)


def test_a_shells_raster_holds_its_own_values_with_180_west_first() -> None:
    values, extent = shell_raster(GRID, field())
    assert extent == Extent(4326, -185, -90, 175, 90)
    with rasterio.open(io.BytesIO(encode_raster(values, extent, "m", "place"))) as raster:
        for latitude, longitude in ((85, 0), (-85, -180), (5, -10), (5, 170), (-45, 90)):
            row, column = raster.index(longitude, latitude)
            assert raster.read(1)[row, column] == np.float32(1000 * latitude + longitude % 360)


def test_a_shell_on_an_uneven_grid_is_sampled() -> None:
    grid = ShellGrid(
        radii_km=(3500.0, 6300.0),
        latitudes_deg=(89.0, 60.0, 20.0, 0.0, -50.0, -88.0),
        longitudes_deg=(1.0, 30.0, 120.0, 200.0, 300.0),
    )
    values = np.random.default_rng(0).normal(size=grid.shape[1:]).astype(np.float32)
    raster, extent = shell_raster(grid, values)
    assert extent == Extent(4326, -180, -90, 180, 90)
    expected = ShellSampler(grid).sample(values, np.array([75.0]), np.array([-144.0]))
    assert raster[0, 0] == expected[0, 0]


def netcdf(values: np.ndarray, contents: Contents = CONTENTS) -> netCDF4.Dataset:
    return netCDF4.Dataset("memory.nc", memory=VALUE_FORMATS["nc"].encode(values, contents))


@settings(max_examples=20, deadline=None)
@given(values_of_the_grid)
def test_a_netcdf_holds_the_shell(values: np.ndarray) -> None:
    with netcdf(values) as file:
        np.testing.assert_array_equal(file["temperature"][:].filled(np.nan), values)


def test_a_netcdf_says_what_it_holds() -> None:
    with netcdf(field()) as file:
        assert file.Conventions == "CF-1.8"
        assert (file.title, file.licence, file.notice, file.source) == ("A test", "CC0-1.0", "Not the Earth.", "a test")
        variable = file["temperature"]
        assert variable.dimensions == ("latitude", "longitude")
        assert (variable.long_name, variable.units) == ("Temperature", "K")
        assert variable.coordinates == "radius_km depth_km step shell time_myr"
        np.testing.assert_array_equal(file["latitude"][:], GRID.latitudes_deg)
        np.testing.assert_array_equal(file["longitude"][:], GRID.longitudes_deg)
        assert (file["latitude"].units, file["longitude"].units) == ("degrees_north", "degrees_east")
        assert {name: float(file[name][...]) for name in variable.coordinates.split()} == {
            "radius_km": 5000,
            "depth_km": 1371,
            "step": 120,
            "shell": 1,
            "time_myr": 12.5,
        }
    step = CONTENTS.step.model_copy(update={"time_myr": None, "label": "1e2"})
    moon = replace(CONTENTS, step=step, unit="", planet=PlanetSpec(radius_km=1.0, unit="1"))
    with netcdf(field(), moon) as file:
        assert "time_myr" not in file.variables
        assert file["step"].long_name == "1e2"
        assert (file["radius_km"].units, file["depth_km"].units) == ("1", "1")
        assert float(file["depth_km"][...]) == 1 - 5000
        assert "units" not in file["temperature"].ncattrs()


@settings(max_examples=30, deadline=None)
@given(values_of_the_grid)
def test_json_reads_back_as_the_same_float32(values: np.ndarray) -> None:
    document = json.loads(VALUE_FORMATS["json"].encode(values, CONTENTS), parse_constant=pytest.fail)
    back = np.array([[np.nan if v is None else v for v in row] for row in document["values"]]).astype(np.float32)
    np.testing.assert_array_equal(back, values)
    assert (document["variable"], document["unit"]) == ("temperature", "K")
    assert document["latitudes_deg"] == list(GRID.latitudes_deg)
    assert document["longitudes_deg"] == list(GRID.longitudes_deg)


def test_json_numbers_are_short() -> None:
    values = np.full(GRID.shape[1:], np.float32(0.1))
    values[0, 0] = np.inf
    text = VALUE_FORMATS["json"].encode(values, CONTENTS).decode()
    assert '"values": [[null,0.1,0.1' in text


def test_npy_reads_back() -> None:
    values = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    back = np.load(io.BytesIO(VALUE_FORMATS["npy"].encode(values, CONTENTS)))
    assert back.dtype == np.dtype("<f4")
    np.testing.assert_array_equal(back, values)


@pytest.mark.parametrize("name", [each.name for each in FORMATS.values() if each.for_tiles])
def test_every_format_that_tiles_are_offered_in_holds_one(name: str) -> None:
    """Told from the files' first bytes."""
    first_bytes = {"png": b"\x89PNG", "webp": b"RIFF", "npy": b"\x93NUMPY", "tif": b"II*\0"}
    tile = replace(CONTENTS, tile=Tile("WebMercatorQuad", 3, 5, 2))
    if name in COLOUR_FORMATS:
        file = COLOUR_FORMATS[name].encode(np.ones((256, 256), np.uint8), palette("vik"))
    else:
        file = VALUE_FORMATS[name].encode(np.ones((256, 256), np.float32), tile)
    assert file.startswith(first_bytes[name])


def test_a_geotiff_lies_where_its_contents_say() -> None:
    tile = Tile("WebMercatorQuad", 3, 5, 2)
    on_a_tile, at_the_tile = np.ones((256, 256), np.float32), replace(CONTENTS, tile=tile)
    of_the_globe = Extent(4326, -185, -90, 175, 90)
    for values, contents, extent in (
        (field(), CONTENTS, of_the_globe),
        (on_a_tile, at_the_tile, tile_extent(tile)),
    ):
        with rasterio.open(io.BytesIO(VALUE_FORMATS["tif"].encode(values, contents))) as raster:
            assert raster.crs.to_epsg() == extent.epsg
            assert tuple(raster.bounds) == pytest.approx((extent.west, extent.south, extent.east, extent.north))
            assert raster.descriptions == ("a shell <&> such",)
            assert raster.units == ("K",)
