"""The limit to one thread holds in every thread that asks for it, and is lifted when the last has left."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import current_thread, local

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.numerics import threads

MANY = 4


class Shared:
    """Linear algebra with one limit for the process, such as MKL or BLIS."""

    threading_layer = "pthreads"
    filepath = "shared.so"

    def __init__(self) -> None:
        self.num_threads = MANY

    def set_num_threads(self, count: int) -> None:
        self.num_threads = count


class Possessive(Shared):
    """OpenBLAS as threadpoolctl 3.8 has it: only the thread that sets a limit first is obeyed."""

    filepath = "possessive.so"
    _owner: object = None

    def set_num_threads(self, count: int) -> None:
        self._owner = self._owner or current_thread()
        if self._owner is current_thread():
            self.num_threads = count

    def clear_controlling_thread(self, force: bool = False) -> None:
        if force or self._owner is current_thread():
            self._owner = None


class OfEachThread:
    """OpenBLAS on OpenMP: every thread has a limit of its own."""

    threading_layer = "openmp"
    filepath = "openmp.so"

    def __init__(self) -> None:
        self._counts = local()

    @property
    def num_threads(self) -> int:
        return getattr(self._counts, "value", MANY)

    def set_num_threads(self, count: int) -> None:
        self._counts.value = count


@given(steps=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=24), main_first=st.booleans())
@settings(deadline=None)
@pytest.mark.parametrize("kind", [Shared, Possessive, OfEachThread])
def test_whoever_is_inside_is_limited_and_the_last_to_leave_lifts_it(
    kind: Callable[[], Shared | OfEachThread], steps: list[tuple[int, bool]], main_first: bool
) -> None:
    """Three threads enter and leave, nested and in any order."""
    library = kind()
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(threads, "_libraries", lambda _: [library])
        limit = threads._OneThread()
        workers = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(3)]

        def seen(worker: int) -> int:
            return workers[worker].submit(lambda: library.num_threads).result()

        if main_first:
            with limit:
                assert library.num_threads == 1
        inside = [0, 0, 0]
        for worker, enters in steps:
            if enters:
                workers[worker].submit(limit.__enter__).result()
                inside[worker] += 1
            elif inside[worker]:
                workers[worker].submit(limit.__exit__).result()
                inside[worker] -= 1
            for each in range(3):
                if inside[each]:
                    assert seen(each) == 1
            if not any(inside):
                assert [seen(each) for each in range(3)] == [MANY] * 3


def test_a_limited_function_that_fails_lifts_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Shared()
    monkeypatch.setattr(threads, "_libraries", lambda _: [library])

    @threads.one_thread
    def fails() -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fails()
    assert library.num_threads == MANY
