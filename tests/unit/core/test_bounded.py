"""A map that is bounded in bytes."""

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.bounded import ENTRY_BYTES, Bounded, key_bytes


@given(
    max_bytes=st.integers(0, 5000),
    entries=st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=900)), max_size=60),
)
def test_it_never_holds_more_than_its_bound_and_what_it_holds_is_right(
    max_bytes: int, entries: list[tuple[str, bytes]]
) -> None:
    cache: Bounded[str, bytes] = Bounded(max_bytes, len)
    latest = {}
    for key, value in entries:
        cache.set(key, value)
        latest[key] = value
        assert cache.bytes <= max_bytes
        fits = ENTRY_BYTES + key_bytes(key) + len(value) <= max_bytes
        assert cache.get(key) == (value if fits else None)
    held = [key for key in latest if cache.get(key) is not None]
    assert cache.bytes == sum(ENTRY_BYTES + key_bytes(key) + len(latest[key]) for key in held)
    assert all(cache.get(key) == latest[key] for key in held)


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: Bounded[str, bytes] = Bounded(2 * (ENTRY_BYTES + 60), len)
    assert not cache.set("a", b"1")
    assert not cache.set("b", b"2")
    assert cache.get("a") == b"1"
    assert cache.set("c", b"3"), "something had to go"
    assert cache.get("b") is None
    assert cache.get("a") == b"1"


def test_a_computed_value_is_kept() -> None:
    calls = []
    cache: Bounded[int, int] = Bounded(10_000, lambda _: 28)
    for _ in range(3):
        assert cache.get_or(7, lambda: calls.append(1) or 49) == 49
    assert len(calls) == 1


KINDS: dict[str, tuple[Callable[[int], object], Callable[[int], bytes]]] = {
    "short keys, small values": (lambda i: f"key {i}", lambda i: b"%d" % i),
    "long keys": (lambda i: f"{i}" * 300, lambda i: b""),
    "tuples of text and bytes": (lambda i: (f"/tiles/{i}", b"v=%d" % i * 50), lambda i: b"x" * 10),
    "tuples of numbers": (lambda i: ("temperature", True, 10_000 + i, 20_000 + i), lambda i: bytes(100)),
    "large values": (lambda i: f"{i}", lambda i: bytes(20_000)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_holds_for_the_memory_that_python_takes(kind: str) -> None:
    import sys

    key, value = KINDS[kind]
    tracemalloc.start()
    try:
        cache: Bounded[object, bytes] = Bounded(1_000_000, sys.getsizeof)
        before = tracemalloc.get_traced_memory()[0]
        for i in range(5000):
            cache.set(key(i), value(i))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(cache) > 10
    assert taken <= 1_000_000, "keys and overhead are counted"
    assert taken >= 400_000, "and not counted many times"
