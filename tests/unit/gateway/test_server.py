"""A supervisor that is busy still hears that it is to end."""

import signal

from earthgan_gateway.server import _Ending


def test_a_signal_to_end_is_heard_before_it_is_handled() -> None:
    signals: list[int] = []
    ending = _Ending(signals)
    signals.append(signal.SIGUSR1)
    assert not ending.is_set()
    signals.append(signal.SIGTERM)
    assert ending.is_set()
    signals.clear()
    assert not ending.is_set()
    ending.set()
    assert ending.is_set()
