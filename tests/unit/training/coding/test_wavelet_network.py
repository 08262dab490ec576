"""The training of the network that refines coded cells."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from code_fields import rough
from earthgan.kinds import wavelet_refine
from earthgan_training.coding.wavelet_network import BENDS, Network, Pair, bent, pairs_of, trained

SHELLS = [rough((24, 48), 2.0, seed) for seed in range(4)]


@pytest.mark.parametrize("strength", [*BENDS, -1.0, -2.5])
def test_bent_shells_keep_their_order_and_have_one_size(strength: float) -> None:
    out = bent(300 + 7 * SHELLS[0], strength)
    assert out.mean() == pytest.approx(0, abs=1e-4)
    assert out.std() == pytest.approx(1, rel=1e-4)
    before, after = SHELLS[0].ravel(), out.ravel()[np.argsort(SHELLS[0].ravel())]
    assert (np.diff(after) * (np.sign(strength) or 1) >= -1e-6).all(), before


def test_a_pair_is_a_decode_and_what_it_lacks() -> None:
    pair = Pair.of(np.asarray(SHELLS[1], np.float32), 2.0)
    whole = 2 * (pair.decoded + pair.lost)
    np.testing.assert_allclose(whole - whole.mean(), SHELLS[1] - SHELLS[1].mean(), atol=1e-4)
    assert pair.lost.std() < SHELLS[1].std()


def test_training_lowers_the_error_and_core_computes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [*pairs_of(SHELLS, np.random.default_rng(0))]
    network = trained(pairs, updates=12)
    halo = sum(wavelet_refine.DILATIONS)

    def found(net: Network, pair: Pair) -> np.ndarray:
        wide = np.pad(np.pad(pair.decoded, ((halo, halo), (0, 0)), "reflect"), ((0, 0), (halo, halo)), "wrap")
        with torch.no_grad():
            return net(torch.from_numpy(wide[None, None]))[0].numpy()

    before = [float(np.square(pair.lost).mean()) for pair in pairs]
    after = [float(np.square(pair.lost - found(network, pair)).mean()) for pair in pairs]
    assert np.mean(np.divide(after, before)) < 1
    save_file(network.arrays(), tmp_path / wavelet_refine.WEIGHTS)
    monkeypatch.setattr(wavelet_refine, "files", lambda package: tmp_path)
    wavelet_refine._network.cache_clear()
    try:
        box = 3.0 * pairs[0].decoded.astype(np.float64)[None]
        added = (wavelet_refine.refined(box, 3.0, periodic=True) - box) / 3
    finally:
        wavelet_refine._network.cache_clear()
    np.testing.assert_allclose(added[0], found(network, pairs[0]), atol=0.02 * np.abs(added).max() + 1e-4)
