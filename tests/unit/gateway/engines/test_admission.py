"""The queue admits what can be done in time, by what it has measured."""

import time
from contextlib import AbstractContextManager, nullcontext, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earthgan.errors import EngineBusy, EngineTimeout, EngineUnavailable
from earthgan_gateway.engines import admission
from earthgan_gateway.engines.admission import LEAST, Admission

pytestmark = pytest.mark.alone


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(admission.time, "monotonic", lambda: self.now)


def done(queue: Admission, clock: Clock, seconds: float, error: Exception | None = None) -> None:
    """A piece of work that did not have to wait."""
    with suppress(EngineTimeout, EngineUnavailable), queue.place():
        clock.now += seconds
        if error is not None:
            raise error


def admitted(queue: Admission) -> int:
    """How many come in at once, before the first is refused."""
    places: list[AbstractContextManager[None]] = []
    with pytest.raises(EngineBusy) if queue.queue_s else nullcontext() as refused:
        for _ in range(1000):
            place = queue.place()
            place.__enter__()
            places.append(place)
    if refused is not None:
        assert refused.value.retry_after_s is not None
        assert refused.value.retry_after_s > 0
    count = len(places)
    for place in places:
        place.gen.close()  # type: ignore[attr-defined]
    return count


@settings(max_examples=30, deadline=None)
@given(each_s=st.floats(0.001, 20), within_s=st.floats(0.01, 20))
def test_as_many_are_admitted_as_can_be_done_in_time(each_s: float, within_s: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock, queue = Clock(patch), Admission(within_s)
        for _ in range(3):
            done(queue, clock, each_s)
            clock.now += 100
        most = within_s / each_s
        assert LEAST <= admitted(queue) <= max(LEAST, min(1000, most + 1))
        assert admitted(queue) >= min(1000, int(most) - 1)
        assert queue.waiting == 0


def test_before_anything_was_measured_all_come_in() -> None:
    assert admitted(Admission(0.1)) == 1000


def test_what_ran_out_of_time_counts_and_what_was_away_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    timed_out, away = Admission(5), Admission(5)
    done(timed_out, clock, 30, EngineTimeout("slow"))
    done(away, clock, 0.001, EngineUnavailable("away"))
    assert admitted(timed_out) == LEAST
    assert admitted(away) == 1000


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
