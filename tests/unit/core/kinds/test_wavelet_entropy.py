"""The adaptive entropy code gives back magnitudes and signs, takes about as many bytes as it estimates, and refuses
altered bytes.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.kinds.wavelet_entropy import Decoder, Encoder, Estimate, Model, read_varints, write_varints


def model() -> Model:
    return Model(np.array([0.01, 0.5, 4.0]))


def calls(
    random: np.random.Generator, counts: list[int], scale: float
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return [
        (
            random.integers(0, 3, count),
            random.integers(0, 4, count),
            np.floor(scale * random.exponential(size=count) ** 2).astype(np.int64),
        )
        for count in counts
    ]


def encoded(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], negative: np.ndarray) -> bytes:
    encoder = Encoder(model())
    for contexts, shifts, values in parts:
        encoder.code(contexts, shifts, values)
    return encoder.finish(negative)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 3000), max_size=5),
    scale=st.sampled_from([0.0, 0.01, 1.0, 300.0, 1e9]),
    signs=st.integers(0, 5000),
    seed=st.integers(0, 99),
)
def test_magnitudes_and_signs_come_back(counts: list[int], scale: float, signs: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    parts, negative = calls(random, counts, scale), random.random(signs) < 0.5
    data = encoded(parts, negative)
    decoder = Decoder(model(), data)
    for contexts, shifts, values in parts:
        np.testing.assert_array_equal(decoder.code(contexts, shifts), values)
    np.testing.assert_array_equal(decoder.finish(signs), negative)


def test_the_estimate_is_close_and_the_code_adapts() -> None:
    random = np.random.default_rng(0)
    parts = calls(random, [2000] * 40, 1.0)
    estimate = Estimate(model())
    for contexts, shifts, values in parts:
        estimate.code(contexts, np.minimum(shifts, 0), values)
    data = encoded([(c, np.minimum(s, 0), v) for c, s, v in parts], random.random(40_000) < 0.5)
    assert len(data) == pytest.approx((estimate.bits + 40_000) / 8, rel=0.02)
    values = np.concatenate([v for _, _, v in parts])
    share = np.bincount(values) / len(values)
    entropy = -(share[share > 0] * np.log2(share[share > 0])).sum()
    assert estimate.bits / len(values) < 1.05 * entropy


@pytest.mark.parametrize("seed", range(20))
def test_altered_bytes_are_refused_or_read_as_something_else(seed: int) -> None:
    """Damage never ends in another error or in endless work. A time step's digest detects it before."""
    random = np.random.default_rng(seed)
    parts, negative = calls(random, [500, 3000], 3.0), random.random(700) < 0.5
    data = bytearray(encoded(parts, negative))
    data[random.integers(len(data))] ^= 1 << random.integers(8)
    try:
        decoder = Decoder(model(), bytes(data[: random.integers(1, len(data) + 1)]))
        found = [decoder.code(contexts, shifts) for contexts, shifts, _ in parts]
        signs = decoder.finish(len(negative))
    except ValueError:
        return
    same = all((a == b[2]).all() for a, b in zip(found, parts, strict=True)) and (signs == negative).all()
    assert not same


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\xff" * 12, write_varints([1 << 40]), write_varints([2]) + b"1234567"]
)
def test_absurd_heads_are_refused_before_memory_is_taken(data: bytes) -> None:
    with pytest.raises(ValueError, match="too soon"):
        Decoder(model(), data)


@given(numbers=st.lists(st.integers(0, 2**60), max_size=9))
def test_varints_come_back(numbers: list[int]) -> None:
    data = write_varints(numbers)
    assert read_varints(data, len(numbers)) == (numbers, len(data))
