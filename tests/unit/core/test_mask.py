"""Which cells have no value: what is packed is what is read, on any part of a shell."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.mask import Mask
from earthgan.sphere.grid import ShellGrid


def grid_of(shells: int, rows: int, columns: int) -> ShellGrid:
    return ShellGrid.cell_centred(tuple(np.linspace(3500.0, 6371.0, shells).tolist()), rows, columns)


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(2, 4), st.integers(2, 5), st.integers(2, 20)),
    seed=st.integers(0, 2**32 - 1),
    shared=st.booleans(),
)
def test_a_mask_reads_back_as_it_was_packed(shape: tuple[int, int, int, int], seed: int, shared: bool) -> None:
    variables, shells, rows, columns = shape
    rng = np.random.default_rng(seed)
    hidden = rng.random((shells, rows, columns) if shared else shape) < 0.5
    mask = Mask.read(Mask.of(hidden).to_bytes(), variables, grid_of(shells, rows, columns))
    every = np.broadcast_to(hidden, shape)
    chosen = [int(v) for v in rng.permutation(variables)]
    west, width = int(rng.integers(-columns, columns)), int(rng.integers(1, columns + 1))
    part = mask.cut(chosen, [shells - 1, 0], range(1, rows), range(west, west + width))
    due = every[chosen][:, [shells - 1, 0]][:, :, 1:][..., np.arange(west, west + width) % columns]
    np.testing.assert_array_equal(part, due)


def test_another_grid_takes_the_nearest_cells() -> None:
    fine, coarse = grid_of(8, 18, 36), grid_of(4, 6, 12)
    hidden = np.zeros(fine.shape, bool)
    hidden[6:, :9, 30:] = hidden[6:, :9, :4] = True
    found = Mask.of(hidden).nearest([0], fine, coarse)[0]
    assert found.shape == coarse.shape
    assert found[3, 0, 0]
    assert found[3, 2, 11]
    assert not found[0].any()
    assert not found[3, 3:].any()
    assert not found[3, :, 2:10].any()


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", zlib.compress(b"\0" * 11), zlib.compress(b"\0" * 10**7), zlib.compress(b"\0" * 100)[:-9]],
    ids=["nothing", "nonsense", "short", "a bomb", "cut"],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"mask|bit"):
        Mask.read(data, 2, grid_of(2, 3, 5))
