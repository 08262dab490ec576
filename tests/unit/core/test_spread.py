"""Work that is spread over processes leaves the rest of the program alone."""

import os

import pytest

from earthgan.errors import BadInput
from earthgan.spread import spread

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")


def square(number: int) -> int:
    return number**2


def own_process() -> int:
    """Where this program's own Dask computes."""
    return int(dask.delayed(os.getpid)().compute())


def test_what_else_is_computed_with_dask_stays_in_this_process() -> None:
    with spread(1, None) as over:
        results = iter(over(square, range(9)))
        assert next(results) in {number**2 for number in range(9)}
        assert own_process() == os.getpid()
    assert own_process() == os.getpid(), "also if not all results were asked for"
    with spread(1, None) as over:
        assert sorted(over(square, range(5))) == [0, 1, 4, 9, 16]
    with pytest.raises(BadInput, match="no Dask scheduler answers"), spread(0, "tcp://127.0.0.1:9"):
        pass
    assert own_process() == os.getpid(), "also if no scheduler answers"
