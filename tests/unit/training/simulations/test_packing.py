"""Stored numbers mean what NetCDF and CF say, whichever tool wrote the attributes."""

import base64
import itertools
import struct
import warnings
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from earthgan.errors import BadInput
from earthgan_training.simulations.packing import DEFAULT_FILL, unpacked

NaN = float("nan")
INTEGERS = ("i1", "u1", "i2", "u2", "i4", "u4", "i8")
TYPES = (*INTEGERS, "f4", "f8")


def array(dtype: str, *values: float) -> np.ndarray:
    return np.array(values, dtype)


#: What a tool stored, how it described that, and what the numbers mean.
TABLE: dict[str, tuple[np.ndarray, dict[str, Any], list[float]]] = {
    "nothing said": (array("f4", 1, 2.5), {}, [1, 2.5]),
    "packed shorts": (array("i2", 0, 100), {"scale_factor": 0.1, "add_offset": 273.15}, [273.15, 283.15]),
    "scale alone": (array("i2", 3), {"scale_factor": np.float32(0.5)}, [1.5]),
    "offset alone": (array("i2", 3), {"add_offset": np.int16(10)}, [13]),
    "scale as an array": (array("i2", 3), {"scale_factor": np.array([0.5])}, [1.5]),
    "scale as a list": (array("i2", 3), {"scale_factor": [0.5]}, [1.5]),
    "scale as text": (array("i2", 3), {"scale_factor": "0.5"}, [1.5]),
    "scale as bytes": (array("i2", 3), {"scale_factor": b"0.5f"}, [1.5]),
    "scale as an integer": (array("i2", 3), {"scale_factor": np.int32(2)}, [6]),
    "packed floats": (array("f4", 3), {"scale_factor": 2.0, "add_offset": 1.0}, [7]),
    "fill": (array("i2", 1, -99), {"_FillValue": np.int16(-99)}, [1, NaN]),
    "fill as an array": (array("i2", 1, -99), {"_FillValue": np.array([-99], "i2")}, [1, NaN]),
    "fill is not a number": (array("f4", 1, NaN), {"_FillValue": NaN}, [1, NaN]),
    "fill as text": (array("f4", 1, -99), {"_FillValue": "-99.0"}, [1, NaN]),
    "fill as Zarr's text": (
        array("f4", 1, -99),
        {"_FillValue": base64.b64encode(struct.pack("<d", -99.0)).decode()},
        [1, NaN],
    ),
    "fill as text that is no number": (array("f4", 1, -99), {"_FillValue": "none"}, [1, -99]),
    "infinite fill": (array("f4", 1, np.inf), {"_FillValue": "inf"}, [1, NaN]),
    "missing value": (array("f4", 1, -99), {"missing_value": np.float32(-99)}, [1, NaN]),
    "two missing values": (array("f4", 1, -99, -98), {"missing_value": np.array([-99, -98], "f4")}, [1, NaN, NaN]),
    "missing and fill": (
        array("i2", 1, -99, -98),
        {"missing_value": np.int16(-99), "_FillValue": np.int16(-98)},
        [1, NaN, NaN],
    ),
    "missing value in double": (array("f4", 1, 1e20), {"missing_value": np.float64(1e20)}, [1, NaN]),
    "missing value in single": (array("f8", 1, 1e20), {"missing_value": np.float32(1e20)}, [1, NaN]),
    "missing fraction in single": (array("f8", 1, -999.9), {"missing_value": np.float32(-999.9)}, [1, NaN]),
    "missing fraction in double": (array("f4", 1, -999.9), {"missing_value": np.float64(-999.9)}, [1, NaN]),
    "missing value as an integer": (array("f4", 1, -9999), {"missing_value": np.int32(-9999)}, [1, NaN]),
    "missing short as a double": (array("i2", 1, -9999), {"missing_value": -9999.0}, [1, NaN]),
    "missing short in unpacked units": (
        array("i2", 1, 2000),
        {"scale_factor": 0.5, "add_offset": 100000.0, "missing_value": 101000.0},
        [100000.5, NaN],
    ),
    "missing byte in unpacked units": (
        array("i1", 1, -100),
        {"scale_factor": 0.01, "missing_value": -1.0, "add_offset": 0.0},
        [0.01, -1],
    ),
    "missing fraction in unpacked units": (
        array("i1", 1, -50),
        {"scale_factor": 0.01, "missing_value": np.float32(-0.5)},
        [0.01, NaN],
    ),
    "missing value that nothing equals": (array("i2", 1, 2), {"missing_value": 1e20}, [1, 2]),
    "written short of digits": (array("f4", 1, DEFAULT_FILL["f4"]), {"_FillValue": 9.96921e36}, [1, NaN]),
    "default of floats": (array("f4", 1, DEFAULT_FILL["f4"]), {}, [1, NaN]),
    "default of doubles": (array("f8", 1, DEFAULT_FILL["f8"]), {}, [1, NaN]),
    "default of shorts": (array("i2", 1, -32767), {}, [1, NaN]),
    "default of packed shorts": (array("i2", 1, -32767), {"scale_factor": 2.0}, [2, NaN]),
    "default of unsigned shorts": (array("u2", 1, 65535), {}, [1, NaN]),
    "default beside a missing value": (array("i2", 1, -32767, 5), {"missing_value": np.int16(5)}, [1, NaN, NaN]),
    "no default beside a fill": (array("i2", 1, -32767), {"_FillValue": np.int16(-1)}, [1, -32767]),
    "bytes have no default": (array("i1", 1, -127, -128), {}, [1, -127, -128]),
    "unsigned bytes have no default": (array("u1", 1, 255), {}, [1, 255]),
    "unsigned": (array("i1", 1, -1, -2), {"_Unsigned": "true"}, [1, 255, 254]),
    "unsigned fill": (array("i1", 1, -1, -2), {"_Unsigned": "true", "_FillValue": np.int8(-1)}, [1, NaN, 254]),
    "unsigned fill, as meant": (array("i1", 1, -1, -2), {"_Unsigned": "true", "_FillValue": 255}, [1, NaN, 254]),
    "unsigned and packed": (array("i1", -1), {"_Unsigned": "True", "scale_factor": 0.5}, [127.5]),
    "unsigned range": (array("i1", 1, -1, -3), {"_Unsigned": "true", "valid_range": array("i1", 1, -2)}, [1, NaN, 253]),
    "signed": (array("u1", 1, 255, 254), {"_Unsigned": "false"}, [1, -1, -2]),
    "signed fill": (array("u1", 1, 255), {"_Unsigned": "false", "_FillValue": np.uint8(255)}, [1, NaN]),
    "not unsigned": (array("i1", -1), {"_Unsigned": "false"}, [-1]),
    "valid minimum": (array("i2", 1, -1), {"valid_min": np.int16(0)}, [1, NaN]),
    "valid maximum": (array("f4", 1, 101), {"valid_max": np.float32(100)}, [1, NaN]),
    "valid range": (array("i2", -1, 0, 9, 10), {"valid_range": array("i2", 0, 9)}, [NaN, 0, 9, NaN]),
    "range as text": (array("i2", -1, 0, 9, 10), {"valid_range": "0, 9"}, [NaN, 0, 9, NaN]),
    "range of packed numbers": (
        array("i2", -1, 0, 9, 10),
        {"valid_range": array("i2", 0, 9), "scale_factor": 0.1},
        [NaN, 0, 0.9, NaN],
    ),
    "range of unpacked numbers": (
        array("i2", -1, 0, 9, 10),
        {"valid_range": array("f8", 0, 0.9), "scale_factor": 0.1},
        [NaN, 0, 0.9, NaN],
    ),
    "range of unpacked numbers, turned round": (
        array("i2", 1, 0, -9, -10),
        {"valid_range": array("f8", 0, 0.9), "scale_factor": -0.1},
        [NaN, 0, 0.9, NaN],
    ),
    "range of packed numbers, scale negative": (
        array("i2", 1, 0, -9, -10),
        {"valid_range": array("i2", -9, 0), "scale_factor": -0.1},
        [NaN, 0, 0.9, NaN],
    ),
    "single range of packed doubles": (
        array("f8", 1, 3),
        {"valid_max": np.float32(2), "scale_factor": 10.0},
        [10, NaN],
    ),
    "double range of packed floats": (array("f4", 1, 3), {"valid_max": 20.0, "scale_factor": 10.0}, [10, NaN]),
    "limits in another precision": (array("f4", 0.1, 0.3), {"valid_range": array("f8", 0.1, 0.3)}, [0.1, 0.3]),
    "limits in less precision": (array("f8", 0.1, 0.3), {"valid_range": array("f4", 0.1, 0.3)}, [0.1, 0.3]),
    "limit that is no number": (array("f4", 1), {"valid_min": NaN, "valid_max": "none"}, [1]),
    "range of three": (array("f4", 1), {"valid_range": array("f4", 5, 6, 7)}, [1]),
    "range before single limits": (array("f4", 1, 3), {"valid_range": array("f4", 0, 2), "valid_max": 9.0}, [1, NaN]),
    "big endian": (array(">i2", 1, 256), {"scale_factor": 0.5, "_FillValue": np.array(256, ">i2")}, [0.5, NaN]),
    "half precision": (array("f2", 1.5, -9), {"_FillValue": np.float16(-9)}, [1.5, NaN]),
    "truth values": (np.array([True, False]), {}, [1, 0]),
    "large integers": (array("i4", 2**30 + 1), {}, [2**30 + 1]),
    "not finite stays": (array("f4", np.inf, NaN), {}, [np.inf, NaN]),
    "beyond float": (array("f4", 3e38), {"scale_factor": np.float32(1e10)}, [np.inf]),
}


@pytest.mark.parametrize("case", TABLE)
def test_means_what_the_conventions_say(case: str) -> None:
    stored, attributes, meant = TABLE[case]
    before = stored.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = unpacked(stored, attributes)
    np.testing.assert_allclose(found, meant, rtol=1e-6)
    np.testing.assert_array_equal(stored, before, "the stored numbers are the caller's")


@pytest.mark.parametrize(
    ("stored", "attributes", "words"),
    [
        (array("i2", 1), {"scale_factor": "large"}, "scale_factor is 'large'"),
        (array("i2", 1), {"add_offset": np.array([1.0, 2.0])}, "add_offset"),
        (array("i2", 1), {"scale_factor": NaN}, "scale_factor"),
        (array("i2", 1), {"valid_range": array("i2", 5, 1)}, "5 to 1"),
        (np.array(["a"]), {}, "text"),
        (np.array([b"a"]), {}, "text"),
        (np.array([1j]), {}, "complex"),
    ],
)
def test_says_in_one_line_what_cannot_be_read(stored: np.ndarray, attributes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        unpacked(stored, attributes)
    assert "\n" not in str(caught.value)


def test_zarr_has_no_default_fill() -> None:
    np.testing.assert_array_equal(unpacked(array("i2", -32767), {}, default_fill=False), [-32767])


@pytest.mark.parametrize(
    ("stored", "scale", "dtype"),
    [
        ("i1", None, "f4"), ("u2", None, "f4"), ("i4", None, "f8"), ("u8", None, "f8"), ("f2", None, "f4"),
        ("f4", None, "f4"), ("f8", None, "f8"), ("i2", np.float32(2), "f4"), ("i2", np.float64(2), "f8"),
        ("f4", np.float64(2), "f8"), ("i2", np.int16(2), "f4"), ("f8", np.float32(2), "f8"),
    ],
)  # fmt: skip
def test_the_result_holds_every_stored_digit(stored: str, scale: Any, dtype: str) -> None:
    attributes = {} if scale is None else {"scale_factor": scale}
    assert unpacked(array(stored, 1), attributes).dtype == np.dtype(dtype)


# Properties: values that a writer packs come back; and the peers agree where they follow the conventions too.


@st.composite
def packings(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, Any]]:
    """Stored numbers and attributes of the stored type, as tools that follow the conventions write them."""
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    if dtype.kind == "f":
        numbers = st.floats(-1e6, 1e6, width=32)
    else:
        limits = np.iinfo(dtype)
        numbers = st.integers(max(limits.min, -(2**40)), min(limits.max, 2**40))
    stored = np.array(draw(st.lists(numbers, min_size=1, max_size=12)), dtype)
    attributes: dict[str, Any] = {}
    if draw(st.booleans()):
        attributes["scale_factor"] = np.float64(draw(st.floats(1e-3, 1e3)) * draw(st.sampled_from([1, -1])))
    if draw(st.booleans()):
        attributes["add_offset"] = np.float64(draw(st.floats(-1e4, 1e4)))
    marks = st.one_of(numbers, st.sampled_from(stored.tolist()))
    if draw(st.booleans()):
        attributes["_FillValue"] = dtype.type(draw(marks))
    if draw(st.booleans()):
        attributes["missing_value"] = np.array(draw(st.lists(marks, min_size=1, max_size=3)), dtype)
    if draw(st.booleans()):
        low, high = sorted([draw(numbers), draw(numbers)])
        attributes |= draw(
            st.sampled_from(
                [
                    {"valid_range": np.array([low, high], dtype)},
                    {"valid_min": dtype.type(low)},
                    {"valid_max": dtype.type(high)},
                    {"valid_min": dtype.type(low), "valid_max": dtype.type(high)},
                ]
            )
        )
    return stored, attributes


def plainly(stored: np.ndarray, attributes: dict[str, Any]) -> list[float]:
    """The conventions once more, number by number."""
    marks = [float(attributes["_FillValue"])] if "_FillValue" in attributes else []
    if not marks and stored.dtype.itemsize > 1:
        marks.append(float(DEFAULT_FILL[stored.dtype.str[1:]]))
    marks += [float(x) for x in attributes.get("missing_value", [])]
    low, high = attributes.get(
        "valid_range", (attributes.get("valid_min", -np.inf), attributes.get("valid_max", np.inf))
    )
    values = []
    for number in stored.tolist():
        fine = float(number) not in marks and low <= number <= high
        if (
            any(abs(mark) >= 1e5 and abs(number - mark) <= 1e-6 * abs(mark) for mark in marks)
            and stored.dtype.kind == "f"
        ):
            fine = False  # a large mark of floats is compared by its digits
        values.append(
            number * float(attributes.get("scale_factor", 1)) + float(attributes.get("add_offset", 0)) if fine else NaN
        )
    return values


@given(packings())
def test_agrees_with_the_conventions_number_by_number(packing: tuple[np.ndarray, dict[str, Any]]) -> None:
    stored, attributes = packing
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = unpacked(stored, attributes)
    np.testing.assert_allclose(found, plainly(stored, attributes), rtol=1e-5, atol=1e-9)


@given(
    packings(),
    st.sampled_from(["array", "list", "text", "plain"]),
)
def test_the_writing_of_an_attribute_changes_nothing(packing: tuple[np.ndarray, dict[str, Any]], way: str) -> None:
    stored, attributes = packing

    def written(value: Any) -> Any:
        plain = value.tolist()
        match way:
            case "array":
                return np.atleast_1d(value)
            case "list":
                return plain if isinstance(plain, list) else [plain]
            case "text":
                return ", ".join(repr(x) for x in np.atleast_1d(value).tolist())
            case _:
                return plain

    # A limit keeps its type, which says whether it is one of packed numbers.
    other = {k: v if k.startswith("valid") and stored.dtype.kind == "f" else written(v) for k, v in attributes.items()}
    np.testing.assert_allclose(unpacked(stored, other), unpacked(stored, attributes), rtol=1e-6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packings())
def test_agrees_with_netcdf4(tmp_path: Path, packing: tuple[np.ndarray, dict[str, Any]]) -> None:
    stored, attributes = packing
    if stored.dtype.itemsize == 1 and "_FillValue" not in attributes:
        # The library masks an array of unsigned bytes that are all 255. Bytes have no default by NetCDF's rules.
        assume(not np.isin(stored.view("i1"), (-1, -127)).any())
    path = tmp_path / f"{next(_NUMBERS)}.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", len(stored))
        fill = attributes.get("_FillValue")
        variable = file.createVariable("v", stored.dtype, ("n",), fill_value=fill)
        variable.setncatts({k: v for k, v in attributes.items() if k != "_FillValue"})
        variable.set_auto_maskandscale(False)
        variable[:] = stored
    with netCDF4.Dataset(path) as file:
        theirs = np.ma.filled(file["v"][:].astype(np.float64), np.nan)
        file.set_auto_maskandscale(False)
        ours = unpacked(file["v"][:], {k: file["v"].getncattr(k) for k in file["v"].ncattrs()})
    path.unlink()
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-9)


_NUMBERS = itertools.count()


@settings(max_examples=60, deadline=None)  # the first call imports xarray
@given(packings())
def test_agrees_with_xarray(packing: tuple[np.ndarray, dict[str, Any]]) -> None:
    xarray = pytest.importorskip("xarray")
    stored, attributes = packing
    # xarray heeds no limits, and no marks of more than one number.
    attributes = {k: v for k, v in attributes.items() if not k.startswith("valid") and k != "missing_value"}
    theirs = xarray.conventions.decode_cf_variable("v", xarray.Variable("n", stored, dict(attributes)))
    ours = unpacked(stored, attributes, default_fill=False)
    np.testing.assert_allclose(ours, theirs.values.astype(np.float64), rtol=1e-5, atol=1e-9)
