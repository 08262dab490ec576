"""The rivals of a surrogate: codecs with the Stokes maps, surrogates without their network, and numbers
without a unit.
"""

import numpy as np
import pytest

from earthgan import ShellGrid
from earthgan.quantities import VELOCITY
from earthgan.surrogate import Surrogate
from earthgan_training.evaluate.codecs import Codec
from earthgan_training.evaluate.footprint import footprint
from earthgan_training.evaluate.inputs import without_network
from earthgan_training.evaluate.results import ALL_BYTES
from earthgan_training.evaluate.rivals import Rivals, nearest
from places import ROOT
from spectral_surrogate import PROFILE, RADII_KM, evaluated, truth

STORE = ROOT / "model_store"
GRID = ShellGrid.cell_centred(tuple(RADII_KM[1:-1].tolist()), 34, 72)
VERBATIM = Codec(
    "verbatim",
    encode=lambda field, quality: field.tobytes(),
    decode=lambda data, shape: np.frombuffer(data, np.float32).reshape(shape),
    coarsest=0,
    finest=1,
    resolution=1,
)


@pytest.fixture(scope="module")
def fields() -> dict[str, np.ndarray]:
    found = truth(3, np.array(GRID.radii_km), GRID.latitudes_deg, GRID.longitudes_deg)
    return {name: field.astype(np.float32) for name, field in found.items()}


def test_a_codec_of_temperature_has_velocity_for_nothing(fields: dict[str, np.ndarray]) -> None:
    found = Rivals(fields, GRID, [VERBATIM], PROFILE, lambda _: None).at(1e6, None, 1000)["verbatim" + ALL_BYTES]
    assert set(found) == {"temperature", *VELOCITY}
    assert {rival.bytes for rival in found.values()} == {fields["temperature"].nbytes + 8}
    for name in VELOCITY:
        assert found[name].psnr_global_db > 40, name


def test_without_a_profile_it_has_temperature_alone(fields: dict[str, np.ndarray]) -> None:
    rivals = Rivals(fields, GRID, [VERBATIM], None, lambda _: None)
    assert set(rivals.at(1e6, None, 1000)["verbatim" + ALL_BYTES]) == {"temperature"}
    assert set(rivals.curves([1000])) == {"verbatim"}


def test_numbers_without_a_unit_are_taken_at_their_best(fields: dict[str, np.ndarray]) -> None:
    field = fields["temperature"]
    np.testing.assert_allclose(nearest(field * 1e-3 - 7, field), field, atol=0.05)
    noisy = field + np.random.default_rng(0).normal(0, 300, field.shape).astype(np.float32)
    best = np.mean((nearest(noisy, field) - field) ** 2)
    for slope, offset in ((1, 0), (0, field.mean()), (0.9, 0.1 * field.mean())):
        assert best < np.mean((slope * noisy + offset - field) ** 2)


def test_a_surrogate_without_its_network_is_its_code_alone() -> None:
    refined = Surrogate(STORE / "default")
    t, names = refined.steps[0].t, ["temperature"]
    with without_network(refined) as bare:
        assert bare is not None
        assert footprint(refined).model - footprint(bare).model > 5_000
        with_it, alone = (evaluated(each, names, t, [100])[0, 0] / 3310 for each in (refined, bare))
        assert 1e-4 < np.sqrt(np.mean((with_it - alone) ** 2)) < 1e-2
    assert not bare.folder.exists()
    with without_network(Surrogate(STORE / "baseline")) as nothing:
        assert nothing is None
