"""The transform against closed forms and two peers; on any rows and columns; its symmetries; back and forth."""

from collections.abc import Callable

import numpy as np
import pyshtools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.numerics import transform as transform_module
from earthgan.numerics.legendre import Legendre
from earthgan.numerics.transform import Columns, Rows, Transform, least_squares, per_degree
from harmonics import ducc0_fields, random_coefficients

KINDS = ("values", "southward", "eastward")
#: Makes n rows of each named type: colatitudes in radians, north first.
ROWS: dict[str, Callable[[int], np.ndarray]] = {
    "cell centres": lambda n: (np.arange(n) + 0.5) * np.pi / n,
    "with poles": lambda n: np.linspace(0, np.pi, n),
    "Gauss": lambda n: np.arccos(np.polynomial.legendre.leggauss(n)[0][::-1]),
    "at random": lambda n: np.sort(np.random.default_rng(n).uniform(0, np.pi, n)),
    "nearer to one pole": lambda n: (np.arange(n) + 0.3) * np.pi / n,
}
each_rows = pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS.keys())
degrees, seeds = st.integers(0, 40), st.integers(0, 99)
few = settings(max_examples=20, deadline=None)


def turn(count: int, first: float = 0.0) -> np.ndarray:
    return first + np.arange(count) * 2 * np.pi / count


def synthesised(transform: Transform, c: np.ndarray) -> list[np.ndarray]:
    """The values, the southward derivative and the eastward derivative."""
    return [getattr(transform, kind)(c) for kind in KINDS]


def close(found: np.ndarray, due: np.ndarray, relative: float = 1e-11) -> None:
    np.testing.assert_allclose(found, due, rtol=0, atol=relative * max(1.0, np.abs(due).max()))


@each_rows
@few
@given(
    degree=st.integers(1, 40),
    count=st.integers(2, 50),
    extra=st.integers(1, 20),
    first=st.sampled_from([0.0, 0.1]),
    seed=seeds,
)
def test_synthesis_and_gradient_are_ducc0s(
    rows: Callable[[int], np.ndarray], degree: int, count: int, extra: int, first: float, seed: int
) -> None:
    """Rows are mirrored or not, columns divide a turn evenly from 0 or from elsewhere, counts are odd or even."""
    c, columns = random_coefficients(seed, degree, 1), 2 * degree + extra
    transform = Transform(Rows(degree, rows(count)), Columns(degree, turn(columns, first)))
    for found, due in zip(synthesised(transform, c), ducc0_fields(c[..., 0], rows(count), columns, first), strict=True):
        close(found[0], due, 1e-10)


@pytest.fixture(params=["products", "fft"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to sum over orders is used at every degree."""
    monkeypatch.setattr(transform_module, "FOURIER_DEGREE", 0 if request.param == "fft" else 10**6)
    return str(request.param)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("dtype", "relative"), [("float64", 1e-12), ("float32", 1e-6)])
def test_the_surrogates_grid_is_ducc0s(dtype: str, relative: float) -> None:
    c, colatitudes = random_coefficients(1, 95, 2), ROWS["cell centres"](180)
    transform = Transform(Rows(95, colatitudes, dtype), Columns(95, turn(360), dtype))
    for i in (0, 1):
        due = ducc0_fields(c[..., i], colatitudes, 360)
        for found, peer in zip(synthesised(transform, c.astype(dtype)), due, strict=True):
            assert found.dtype == dtype
            close(found[i], peer, relative)


def test_it_is_pyshtools_too() -> None:
    """Synthesis, gradient and analysis, on the grids of Driscoll and Healy (1994), which have a row on the pole."""
    degree = 31
    c = random_coefficients(1, degree, 1)
    peer = pyshtools.SHCoeffs.from_zeros(degree, normalization="ortho", csphase=1)
    order = np.arange(degree + 1)
    twice = np.where(order == 0, 1.0, np.sqrt(2.0))  # real harmonics, of unit square each
    peer.coeffs[0], peer.coeffs[1] = c[:, :, 0, 0] * twice, -c[:, :, 1, 0] * twice
    grid = peer.expand(grid="DH2", extend=False)
    colatitudes = np.radians(90 - grid.lats())
    weights = np.ones(len(colatitudes))  # any that are positive are right for an exact fit
    transform = Transform(Rows(degree, colatitudes, weights=weights), Columns(degree, np.radians(grid.lons())))
    close(transform.values(c)[0], grid.data, 1e-6)
    close(transform.coefficients(grid.data[None]), c, 1e-6)
    gradient = peer.gradient(grid="DH2", radius=1.0, extend=False)
    close(transform.southward(c)[0][1:], gradient.theta.data[1:], 1e-6)  # the peer does not compute it on the pole
    close(transform.eastward(c)[0][1:], gradient.phi.data[1:], 1e-6)


@each_rows
@few
@given(degree=st.integers(1, 20), seed=seeds, data=st.data())
def test_a_part_is_a_part_of_the_whole(
    rows: Callable[[int], np.ndarray], degree: int, seed: int, data: st.DataObject
) -> None:
    """A part has consecutive rows of one or both hemispheres, and any columns in any order."""
    count, c = data.draw(st.integers(2, 30)), random_coefficients(seed, degree)
    first = data.draw(st.integers(0, count - 1))
    part, columns = range(first, data.draw(st.integers(first + 1, count))), turn(45)
    chosen = data.draw(st.lists(st.integers(0, 44), min_size=1, max_size=12))
    whole = Rows(degree, rows(count))
    fields = synthesised(Transform(whole, Columns(degree, columns)), c)
    cut = synthesised(Transform(whole.part(part), Columns(degree, columns[chosen])), c)
    for found, due in zip(cut, fields, strict=True):
        close(found, due[:, part.start : part.stop][..., chosen])


@each_rows
@few
@given(degree=degrees, seed=seeds, turned=st.floats(-7, 7), a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_it_is_linear_and_turns_with_the_globe(
    rows: Callable[[int], np.ndarray], degree: int, seed: int, turned: float, a: float, b: float
) -> None:
    c, other = random_coefficients(seed, degree, 1), random_coefficients(seed + 1, degree, 1)
    here, columns = Rows(degree, rows(9)), turn(2 * degree + 3)
    transform = Transform(here, Columns(degree, columns))
    for kind in KINDS:
        of = getattr(transform, kind)
        close(of(a * c + b * other), a * of(c) + b * of(other))
    z = (c[:, :, 0] + 1j * c[:, :, 1]) * np.exp(1j * np.arange(degree + 1) * turned)[:, None]
    elsewhere = Transform(here, Columns(degree, columns + turned))
    for found, due in zip(
        synthesised(transform, np.stack([z.real, z.imag], 2)), synthesised(elsewhere, c), strict=True
    ):
        close(found, due)


@pytest.mark.parametrize("kind", ["cell centres", "with poles", "Gauss", "nearer to one pole"])
@pytest.mark.parametrize("columns", ["turn", "turn from elsewhere", "any"])
@few
@given(degree=st.integers(0, 12), extra=st.integers(1, 9), seed=seeds)
def test_fields_give_their_coefficients(kind: str, columns: str, degree: int, extra: int, seed: int) -> None:
    """The fit by least squares is exact if there are enough rows. Fields may have any number of further axes."""
    c = random_coefficients(seed, degree, 6).reshape(degree + 1, degree + 1, 2, 2, 3)
    count = degree + 1 + extra
    longitudes = turn(2 * degree + extra, 0.0 if columns == "turn" else 0.3)
    if columns == "any":
        longitudes = longitudes + np.random.default_rng(seed).uniform(0, 1e-2, len(longitudes))
    transform = Transform(Rows(degree, ROWS[kind](count), weights=np.ones(count)), Columns(degree, longitudes))
    field = transform.values(c)
    assert field.shape == (2, 3, count, len(longitudes))
    close(transform.coefficients(field), c, 1e-6)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("dtype", "relative"), [("float64", 1e-13), ("float32", 2e-6)])
@pytest.mark.parametrize("degree", [0, 1, 21, 95])
def test_gauss_rows_there_and_back(degree: int, dtype: str, relative: float) -> None:
    transform = Transform.gauss(degree, degree + 1, 2 * degree + 2, dtype)
    c = random_coefficients(2, degree).astype(dtype)
    found = transform.coefficients(transform.values(c))
    assert found.dtype == dtype
    close(found, c, relative * (degree + 1))


def test_what_has_a_higher_degree_is_left_out() -> None:
    degree = 10
    finer = random_coefficients(0, degree + 1, 1, lowest=degree + 1)
    finer[:, degree + 1] = 0  # the columns cannot distinguish this order from another
    coarse = Transform.gauss(degree, degree + 1, 2 * degree + 2, "float64")
    fine = Transform(Rows(degree + 1, coarse.rows.colatitudes), Columns(degree + 1, turn(2 * degree + 2)))
    field = fine.values(finer)
    assert np.abs(field).max() > 0.1
    close(coarse.coefficients(field), np.zeros_like(finer[:-1, :-1]))


def test_a_constant_and_a_cartesian_coordinate() -> None:
    transform = Transform.gauss(4, 7, 11, "float64")
    theta, phi = transform.rows.colatitudes[:, None], transform.columns.longitudes
    constant = transform.coefficients(np.full((7, 11), 3.0))
    assert constant[0, 0, 0] == pytest.approx(3 * np.sqrt(4 * np.pi))
    constant[0, 0, 0] = 0
    assert np.abs(constant).max() < 1e-14
    c = transform.coefficients(np.sin(theta) * np.cos(phi) + 2 * np.cos(theta))
    close(transform.southward(c), np.cos(theta) * np.cos(phi) - 2 * np.sin(theta), 1e-14)
    close(transform.eastward(c), -np.sin(phi) * np.ones_like(theta), 1e-14)


def test_a_rigid_turn_is_toroidal() -> None:
    """W of degree 1 and order 0 alone flows eastwards as the sine of colatitude."""
    transform, w = Transform.gauss(2, 5, 9, "float64"), np.zeros((3, 3, 2, 1))
    w[1, 0, 0] = -np.sqrt(4 * np.pi / 3)
    nothing = np.zeros_like(w)
    due = np.broadcast_to(np.sin(transform.rows.colatitudes)[:, None], (5, 9))
    close(transform.eastward(nothing, w)[0], due, 1e-14)
    close(transform.southward(nothing, w), np.zeros((1, 5, 9)), 1e-14)


@pytest.mark.parametrize("degree", [1, 95, 300])
def test_poles_are_finite_and_have_one_value(degree: int) -> None:
    c = random_coefficients(3, degree, 1)
    poles = Transform(Rows(degree, [0.0, 1.0, np.pi]), Columns(degree, turn(7, 0.2)))
    for field in synthesised(poles, c):
        assert np.isfinite(field).all()
    values = poles.values(c)[0]
    close(values[[0, 2]], values[[0, 2], :1] * np.ones(7), 1e-10)


@pytest.mark.parametrize("rows", [8, 9])
@pytest.mark.parametrize("kind", ["values", "slopes", "eastward"])
def test_dense_functions_are_legendres(kind: str, rows: int) -> None:
    colatitudes = ROWS["with poles"](rows)
    dense, due = Rows(20, colatitudes).dense(kind), getattr(Legendre(20, colatitudes), kind)
    for m in range(21):
        close(dense[m, :, m:], due[m], 1e-12)
        assert not dense[m, :, :m].any()
    np.testing.assert_array_equal(Rows(20, colatitudes).part(range(2, 7)).dense(kind), dense[:, 2:7])


def test_least_squares_are_weighted() -> None:
    """If two rows contradict each other, the one with the larger weight counts more."""
    found = least_squares(np.ones((2, 1)), np.array([3.0, 1.0])) @ np.array([0.0, 4.0])
    np.testing.assert_allclose(found, [1.0])


def test_weights_need_not_be_alike_in_north_and_south() -> None:
    """The fit to a field that the harmonics cannot represent is best where the weights are large."""
    colatitudes, columns = ROWS["cell centres"](12), Columns(3, turn(9))
    field = np.random.default_rng(0).standard_normal((12, 9))
    misfits = []
    for weights in (np.linspace(1, 0.01, 12), np.linspace(0.01, 1, 12)):
        transform = Transform(Rows(3, colatitudes, weights=weights), columns)
        squares = (transform.values(transform.coefficients(field)) - columns_to_order_3(field)) ** 2
        misfits.append([squares[:6].mean(), squares[6:].mean()])
    assert misfits[0][0] < misfits[1][0]
    assert misfits[0][1] > misfits[1][1]


def columns_to_order_3(field: np.ndarray) -> np.ndarray:
    """A field `(row, column)` without waves of order 4 and higher. The weights of rows do not affect those."""
    spectrum = np.fft.rfft(field)
    spectrum[:, 4:] = 0
    return np.asarray(np.fft.irfft(spectrum, field.shape[1]))


def test_rows_without_weights_are_for_synthesis() -> None:
    transform = Transform(Rows(3, ROWS["Gauss"](4)), Columns(3, turn(8)))
    with pytest.raises(ValueError, match="synthesis only"):
        transform.coefficients(np.zeros((4, 8)))


@pytest.mark.parametrize("degree", [0, 5, 40])
def test_a_map_of_each_degree(degree: int) -> None:
    c = random_coefficients(4, degree, 3)
    maps = np.random.default_rng(2).standard_normal((degree + 1, 2, 3))
    np.testing.assert_allclose(per_degree(maps, c), np.einsum("ljk,lmpk->lmpj", maps, c), atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_function_is_too_small_to_be_computed_with_quickly(dtype: type) -> None:
    """Near the poles, functions of high orders are smaller than the smallest number with a normal exponent."""
    transform = Transform.gauss(250, 251, 502, dtype)
    smallest = np.sqrt(np.finfo(dtype).tiny)
    raw = transform.rows._functions.values[250]
    assert ((raw != 0) & (np.abs(raw) < smallest)).any()
    for kind in ("values", "slopes", "eastward"):
        for band in transform.rows._bands_of(kind):
            assert not ((band.matrix != 0) & (np.abs(band.matrix) < smallest)).any()
