"""Predicted steps that stay in memory: the others are one prediction away, and threads share the work of a chain."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from earthgan.kinds.coded_inputs import Packed
from earthgan.kinds.prediction import Predictor
from earthgan.surrogate import Surrogate
from earthgan_training.coding.make import Recipe, make_spectral
from flowing import DEGREE, NODES, PROFILE, flowing

#: The steps of the chain, all of which are predicted forwards.
CHAIN = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key frame and seven steps that are predicted one from another."""
    out = tmp_path_factory.mktemp("chain") / "it"
    recipe = Recipe(step_bytes=400, degree=DEGREE, nodes=NODES, updates=0, profile=PROFILE, key_every=CHAIN + 1)
    make_spectral(flowing(12), range(1, 13), range(1, CHAIN + 1), out, recipe, lambda *_: None, True)
    return out


@pytest.fixture
def predictions(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The durations that were predicted."""
    made: list[float] = []
    whole = Predictor.predicted

    def counted(self: Predictor, coefficients: np.ndarray, duration: float, strength: float = 1.0) -> np.ndarray:
        made.append(duration)
        return whole(self, coefficients, duration, strength)

    monkeypatch.setattr(Predictor, "predicted", counted)
    return made


def test_after_the_last_step_of_a_chain_no_other_takes_more_than_one_prediction(
    folder: Path, predictions: list[float]
) -> None:
    surrogate = Surrogate(folder)
    surrogate.conditional_input(CHAIN)
    assert len(predictions) == CHAIN - 1
    assert [t for t in range(1, CHAIN + 1) if surrogate.has_step(t)] == [1, 3, 5, 7, 8]
    for t in (6, 2, 4):
        predictions.clear()
        assert not surrogate.has_step(t)
        surrogate.conditional_input(t)
        assert len(predictions) == 1
        assert surrogate.has_step(t)


def test_steps_that_were_asked_for_last_do_not_displace_those_that_stay(folder: Path) -> None:
    """In a memory that holds a step of the last ones, and all that stay."""
    step_bytes = Packed.of(Surrogate(folder).conditional_input(2)).bytes + 1000
    surrogate = Surrogate(folder, 20 * step_bytes)
    for t in (8, 2, 4, 6, 8, 2, 4, 6):
        surrogate.conditional_input(t)
    assert all(surrogate.inputs.has(folder / surrogate.check_step(t).file) for t in (1, 3, 5, 7, 6))


def test_reading_ahead_reads_the_steps_that_stay(folder: Path, predictions: list[float]) -> None:
    surrogate = Surrogate(folder)
    assert not any(surrogate.read_ahead(t) for t in range(1, CHAIN + 1))
    assert [t for t in range(1, CHAIN + 1) if surrogate.has_step(t)] == [1, 3, 5, 7]
    assert len(predictions) == 6


def test_threads_that_need_one_chain_share_its_work(folder: Path, predictions: list[float]) -> None:
    surrogate = Surrogate(folder)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(surrogate.conditional_input, [8, 7, 8, 7, 5, 8, 3, 7]))
    assert len(predictions) == CHAIN - 1
    alone = Surrogate(folder, 0)
    for t, each in zip([8, 7, 8, 7, 5, 8, 3, 7], found, strict=True):
        np.testing.assert_array_equal(each, alone.conditional_input(t))


def test_packed_coefficients_are_the_same_bits() -> None:
    rng = np.random.default_rng(7)
    coefficients = rng.standard_normal((6, 6, 2, 5)).astype(np.float32) * np.tri(6, dtype=np.float32)[:, :, None, None]
    coefficients[3:, :, :, 2:] = 0
    coefficients[:, 0, 1] = 0
    packed = Packed.of(coefficients)
    np.testing.assert_array_equal(packed.unpacked(), coefficients)
    assert packed.bytes < coefficients.nbytes
