"""The network that refines coded cells: what it may not change, and what it gains on a real shell."""

import numpy as np
import pytest

from code_fields import real_shell, rough
from earthgan.kinds.refine import numpy_network
from earthgan.kinds.wavelet_refine import DILATIONS, layers, refined
from load.codes import SHELL_GAINS_DB, shell_in, shell_psnr_db, sperr_shell

SHELL = real_shell()
FIELD = 5 * rough((2, 40, 80), 2.0, 1)


def test_the_shipped_weights_are_small_and_fit_together() -> None:
    channels = [each.weights.shape[:2] for each in layers()]
    assert channels == [(16, 1), *[(16, 16)] * (len(DILATIONS) - 2), (1, 16)]
    assert sum(each.weights.size + each.bias.size for each in layers()) < 13_000


def test_units_do_not_matter() -> None:
    """The network sees quantisation steps, so a field in another unit gets the same correction."""
    one = refined(FIELD, 1.0, periodic=True)
    assert np.abs(one - FIELD).max() > 0.01
    np.testing.assert_allclose(refined(1e6 * FIELD, 1e6, periodic=True), 1e6 * one, rtol=1e-5, atol=1e3)


def test_a_globe_that_is_turned_about_its_axis_is_refined_alike() -> None:
    turned = refined(np.roll(FIELD, 7, axis=2), 1.0, periodic=True)
    np.testing.assert_allclose(turned, np.roll(refined(FIELD, 1.0, periodic=True), 7, axis=2), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (2, 9, 1), (1, 3, 200)])
@pytest.mark.parametrize("periodic", [True, False])
def test_boxes_may_be_smaller_than_what_the_network_sees(shape: tuple[int, int, int], periodic: bool) -> None:
    out = refined(np.zeros(shape), 2.0, periodic)
    assert out.shape == shape
    assert np.isfinite(out).all()


def test_numpy_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fastest = refined(FIELD, 1.0, periodic=True)
    monkeypatch.setattr("earthgan.kinds.wavelet_refine._network", lambda: numpy_network(layers()))
    np.testing.assert_allclose(refined(FIELD, 1.0, periodic=True), fastest, atol=1e-4)


@pytest.mark.skipif(SHELL is None, reason="the real shells are not here")
@pytest.mark.parametrize("size", [150, 500, 1200])
def test_a_real_shell_beats_two_dimensional_sperr(size: int) -> None:
    """No weight was trained on it. The bytes are those of the whole file."""
    assert SHELL is not None
    data, better, plain = shell_in(SHELL, size)
    assert len(data) <= size
    gain = shell_psnr_db(SHELL, better) - shell_psnr_db(SHELL, sperr_shell(SHELL, size))
    assert gain > SHELL_GAINS_DB[0]
    assert shell_psnr_db(SHELL, better) > shell_psnr_db(SHELL, plain) + 0.4
