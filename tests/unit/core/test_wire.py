"""The protocol between the gateway and the model server."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from earthgan.errors import EngineAnswerInvalid
from earthgan.wire import ShellRequest, decode, encode

DIGEST = "ab" * 32


@given(array=hnp.arrays(np.float32, hnp.array_shapes(min_dims=4, max_dims=4), elements=st.floats(-2, 2, width=16)))
def test_arrays_come_back_as_they_went(array: np.ndarray) -> None:
    for dtype in ("float16", "float32"):
        back, digest = decode(encode(array, dtype, DIGEST))  # type: ignore[arg-type]
        np.testing.assert_array_equal(back, array)
        assert digest == DIGEST


@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_answer_are_refused(data: bytes) -> None:
    with pytest.raises(EngineAnswerInvalid):
        decode(data)


@given(cut=st.integers(0, 200), data=st.data())
def test_a_damaged_answer_is_never_another_array(cut: int, data: st.DataObject) -> None:
    answer = encode(np.ones((1, 1, 4, 4), np.float32), "float32", DIGEST)
    if cut < len(answer):
        with pytest.raises(EngineAnswerInvalid):
            decode(answer[:cut])
    with pytest.raises(EngineAnswerInvalid):
        decode(answer + data.draw(st.binary(min_size=1, max_size=9)))


@pytest.mark.parametrize(
    "body",
    [
        '{"variables": [], "t": 1, "shells": [0]}',
        '{"variables": ["vx"], "t": 1, "shells": []}',
        '{"variables": ["vx"], "t": 1.0, "shells": [0]}',
        '{"variables": ["vx"], "t": "1", "shells": [0]}',
        '{"variables": ["vx"], "t": -1, "shells": [0]}',
        '{"variables": ["vx"], "t": 1, "shells": [0], "seed": 4294967296}',
        '{"variables": ["vx"], "t": 1, "shells": [0], "dtype": "float64"}',
        '{"variables": ["vx"], "t": 1, "shells": [0], "else": 1}',
        "[]",
        "",
    ],
)
def test_requests_that_cannot_be_read_are_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        ShellRequest.model_validate_json(body)
