"""The soak waits until caches have settled, so it must see which have not."""

import pytest

from earthgan import bounded
from load.open_caches import sums, watched


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list:
    for name in ("__init__", "set"):  # what `watched` replaces, so that it is put back
        monkeypatch.setattr(bounded.Bounded, name, getattr(bounded.Bounded, name))
    return watched()


def test_a_cache_has_settled_when_it_has_forgotten_as_much_as_it_may_hold(made: list) -> None:
    cache, name = bounded.Bounded(100_000, len), "test_soak"
    assert sums(made) == {}, "an empty cache is not used"
    left = []
    for i in range(100):
        cache.set(f"{i:05}", bytes(5000))
        cache.set(f"{i:05}", bytes(5000))  # the same again is nothing new
        held, limit, to_forget = sums(made)[name]
        assert (held, limit) == (cache.bytes, 100_000)
        left.append(to_forget)
    full = next(i for i in range(100) if left[i] < 100_000)
    assert full == 18, "the first that does not fit beside the others"
    assert left == sorted(left, reverse=True)
    assert left.index(0) == pytest.approx(2 * full, abs=2), "by then, all has been replaced"


def test_the_caches_of_a_module_settle_when_each_has(made: list) -> None:
    rows, columns = bounded.Bounded(50_000, len), bounded.Bounded(50_000, len)
    for i in range(50):
        rows.set(f"{i:05}", bytes(5000))
    columns.set("0", bytes(5000))
    assert sums(made)["test_soak"][1:] == [100_000, 50_000]
