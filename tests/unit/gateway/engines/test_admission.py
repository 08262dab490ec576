"""The queue admits what can be done in time, by what it has measured."""

import time
from contextlib import ExitStack, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.errors import EngineBusy, EngineTimeout, EngineUnavailable
from earthgan_gateway.engines import admission
from earthgan_gateway.engines.admission import CALM_S, LEAST, Admission

pytestmark = pytest.mark.alone


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(admission.time, "monotonic", lambda: self.now)


#: More than this many are not asked for.
ENOUGH = 1000


def done(queue: Admission, clock: Clock, seconds: float, error: Exception | None = None, kind: str = "") -> None:
    """A piece of work that did not have to wait."""
    with suppress(EngineTimeout, EngineUnavailable), queue.place(kind):
        clock.now += seconds
        if error is not None:
            raise error


class Unmeasured(Exception):
    """It ends pieces of work without a measurement."""


def admitted(queue: Admission, kind: str = "", burst: int = LEAST) -> int:
    """How many come in at once, before the first is refused. Where ENOUGH come in, nobody knows how many more would."""
    count, refused = 0, None
    with suppress(Unmeasured), ExitStack() as places:
        while count < ENOUGH:
            try:
                places.enter_context(queue.place(kind, burst))
            except EngineBusy as error:
                refused = error
                break
            count += 1
        raise Unmeasured
    assert (refused is None) == (count == ENOUGH)
    assert refused is None or (refused.retry_after_s or 0) > 0
    return count


@settings(max_examples=30, deadline=None)
@given(each_s=st.floats(0.001, 20), within_s=st.floats(0.01, 20))
def test_as_many_are_admitted_as_can_be_done_in_time(each_s: float, within_s: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock, queue = Clock(patch), Admission(within_s)
        for _ in range(3):
            done(queue, clock, each_s)
            clock.now += 100
        fit = within_s / each_s
        come_in = admitted(queue)
        assert come_in >= min(ENOUGH, max(LEAST, int(fit) - 1))
        assert come_in <= max(LEAST, fit + 1)
        assert queue.waiting == 0


def test_a_thousand_that_fit_are_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, queue = Clock(monkeypatch), Admission(2.0)
    for _ in range(3):
        done(queue, clock, 2.0 / 1024)
        clock.now += 100
    assert admitted(queue) == ENOUGH


def test_dear_work_does_not_raise_the_price_of_cheap_work(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, queue = Clock(monkeypatch), Admission(0.5)
    for _ in range(5):
        done(queue, clock, 3.0, kind="step")
        done(queue, clock, 0.01, kind="shell")
    assert admitted(queue, "step") == LEAST
    assert 45 <= admitted(queue, "shell") <= 51


def test_cheap_work_behind_dear_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one queue: who comes later waits for all that were there before."""
    clock, queue = Clock(monkeypatch), Admission(0.5)
    done(queue, clock, 3.0, kind="step")
    done(queue, clock, 0.01, kind="shell")
    with suppress(Unmeasured), queue.place("step"):
        assert admitted(queue, "shell") == LEAST
        raise Unmeasured
    assert admitted(queue, "shell") > 40


def test_a_burst_is_admitted_however_slow_it_is_but_not_in_an_overload(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, queue = Clock(monkeypatch), Admission(0.5)
    for kind in ("step", "shell"):
        done(queue, clock, 30, kind=kind)
    assert admitted(queue, "step", burst=6) == 6
    for _ in range(10):
        clock.now += 0.9 * CALM_S  # somebody is refused again and again
        assert admitted(queue, "step", burst=6) == LEAST
    assert admitted(queue, "shell", burst=6) == 6, "only one kind is in overload"
    clock.now += 1.1 * CALM_S
    assert admitted(queue, "step", burst=6) == 6


def test_a_burst_that_is_not_exceeded_is_admitted_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, queue = Clock(monkeypatch), Admission(0.5)
    done(queue, clock, 30)
    for _ in range(20):
        with suppress(Unmeasured), ExitStack() as places:
            for _ in range(6):
                places.enter_context(queue.place(burst=6))
            raise Unmeasured


def test_before_anything_was_measured_all_come_in() -> None:
    assert admitted(Admission(0.1)) == ENOUGH


def test_what_ran_out_of_time_counts_and_what_was_away_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    timed_out, away = Admission(5), Admission(5)
    done(timed_out, clock, 30, EngineTimeout("slow"))
    done(away, clock, 0.001, EngineUnavailable("away"))
    assert admitted(timed_out) == LEAST
    assert admitted(away) == ENOUGH


def test_a_generator_that_is_quick_again_is_soon_asked_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, queue = Clock(monkeypatch), Admission(0.5)
    done(queue, clock, 30, EngineTimeout("slow"))
    pieces = 0
    while admitted(queue) <= 10:
        done(queue, clock, 0.02)
        pieces += 1
    assert pieces <= 40


def test_refusals_are_counted() -> None:
    refused = []
    queue = Admission(0.001, lambda: refused.append(time.monotonic()))
    with queue.place():
        time.sleep(0.01)
    admitted(queue)
    assert len(refused) == 1
