"""The Open Inference Protocol: what a gateway answers to its clients, in JSON and in binary, and what it refuses."""

import io
import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest

from earthgan_gateway import Settings, create_app, inference
from earthgan_gateway.edge import BODY_BYTES
from gateway_server import serving
from places import BASELINE_SURROGATE

INFER = "/v2/models/earthgan/infer"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(create_app(Settings(surrogate=BASELINE_SURROGATE, prefetch=False))) as url:
        yield url


@pytest.fixture(scope="module")
def server(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def tensor(name: str, *values: Any, datatype: str = "INT64") -> dict[str, Any]:
    return {"name": name, "shape": [len(values)], "datatype": datatype, "data": list(values)}


def question(*more: dict[str, Any], t: int = 120, shells: tuple[int, ...] = (30,), **others: Any) -> dict[str, Any]:
    names = tensor("variables", "vz", "temperature", datatype="BYTES")
    return {"inputs": [names, tensor("step", t), tensor("shells", *shells), *more], **others}


BOX = (tensor("rows", 10, 13), tensor("columns", -2, 2))
BINARY = {"outputs": [{"name": "field", "parameters": {"binary_data": True}}]}


def field_of(answer: httpx.Response) -> np.ndarray:
    """The output of a binary answer."""
    assert answer.status_code == 200, answer.text
    length = int(answer.headers["inference-header-content-length"])
    (output,) = json.loads(answer.content[:length])["outputs"]
    assert output["parameters"]["binary_data_size"] == len(answer.content) - length
    return np.frombuffer(answer.content[length:], "<f4").reshape(output["shape"])


def test_the_server_says_what_it_is(server: httpx.Client) -> None:
    assert server.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert server.get("/v2/health/live").json() == {"live": True}
    assert server.get("/v2/health/ready").json()["ready"]
    assert server.get("/v2/models/earthgan/ready").json() == {"name": "earthgan", "ready": True}
    model = server.get("/v2/models/earthgan").json()
    assert [each["name"] for each in model["inputs"]] == list(inference.INPUTS)
    assert model["outputs"] == [{"name": "field", "datatype": "FP32", "shape": [-1, -1, -1, -1]}]


def test_json_and_binary_say_the_same_as_the_shell(server: httpx.Client) -> None:
    whole = field_of(server.post(INFER, json=question(**BINARY)))
    shell = np.load(io.BytesIO(server.get("/shells/temperature/120/30.npy").content))
    assert whole.shape == (2, 1, *shell.shape)
    np.testing.assert_allclose(whole[1, 0], shell, rtol=0, atol=2e-5 * np.ptp(shell))  # a kept shell has 16 bits
    answer = server.post(INFER, json=question(*BOX, id="7")).json()
    assert (answer["model_name"], answer["id"]) == ("earthgan", "7")
    (output,) = answer["outputs"]
    assert (output["datatype"], output["shape"]) == ("FP32", [2, 1, 3, 4])
    part = np.array(output["data"], np.float32).reshape(output["shape"])
    np.testing.assert_array_equal(part, whole[:, :, 10:13, [-2, -1, 0, 1]])


def test_inputs_may_be_binary_too(server: httpx.Client) -> None:
    texts = b"".join(struct.pack("<I", len(name)) + name for name in (b"vz", b"temperature"))
    parts = {
        "variables": ("BYTES", [2], texts),
        "step": ("INT64", [1], struct.pack("<q", 120)),
        "shells": ("INT64", [1], struct.pack("<q", 30)),
    }
    inputs = [
        {"name": name, "datatype": kind, "shape": shape, "parameters": {"binary_data_size": len(raw)}}
        for name, (kind, shape, raw) in parts.items()
    ]
    text = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    body = text + b"".join(raw for *_, raw in parts.values())
    answer = server.post(INFER, content=body, headers={"Inference-Header-Content-Length": str(len(text))})
    np.testing.assert_array_equal(field_of(answer), field_of(server.post(INFER, json=question(**BINARY))))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (question(t=9999), 404),
        (question(shells=(9999,)), 404),
        (question(shells=(-1,)), 404),
        ({"inputs": [tensor("step", 120)]}, 422),
        ({"inputs": 3}, 422),
        ([], 422),
        (question(tensor("lanes", 1)), 422),
        (question(tensor("step", 120)), 422),
        (question(tensor("rows", 0, 3)), 422),
        (question(tensor("rows", 3, 0), tensor("columns", 0, 2)), 422),
        (question(tensor("seed", -1)), 422),
        (question(tensor("seed", 1.5)), 422),
        (question(tensor("seed", 10**30)), 422),
        (question(*BOX, shells=(3, 5)), 422),
        (question(outputs=[{"name": "other"}]), 422),
        (question(parameters={"timeout": -1}), 422),
        (question(shells=tuple(range(100))), 422),  # too much for JSON
        ({"inputs": [{**tensor("step", 120), "shape": [2]}]}, 422),
        ({"inputs": [{**tensor("step", 120), "parameters": {"binary_data_size": 8}}]}, 422),
    ],
)
def test_what_cannot_be_answered_has_the_error_of_the_protocol(server: httpx.Client, asked: Any, status: int) -> None:
    answer = server.post(INFER, json=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["error"] == answer.json()["detail"]
    assert len(answer.json()["error"]) < 300


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b'{"inputs": []}\xff'])
def test_a_body_that_is_no_inference_is_refused(server: httpx.Client, body: bytes) -> None:
    assert server.post(INFER, content=body).status_code == 422
    assert server.post(INFER, content=body, headers={"Inference-Header-Content-Length": "-1"}).status_code == 422


def test_a_body_that_is_too_long_is_refused(server: httpx.Client) -> None:
    assert server.post(INFER, content=b" " * (BODY_BYTES + 1)).status_code == 413


def test_a_time_limit_of_the_client_holds(server: httpx.Client) -> None:
    answer = server.post(INFER, json=question(parameters={"timeout": 1, "lane": "map"}))
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


def test_an_answer_that_is_too_large_is_refused(server: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "MOST_VALUES", 1000)
    answer = server.post(INFER, json=question(**BINARY))
    assert answer.status_code == 422
    assert "at most 1000 values" in answer.json()["error"]


def test_a_gateway_may_be_the_model_server_of_another(url: str) -> None:
    settings = Settings(surrogate=BASELINE_SURROGATE, prefetch=False, engine="oip", oip_url=url)
    with serving(create_app(settings)) as near, httpx.Client(base_url=near, trust_env=False) as client:
        assert client.get("/readyz").status_code == 200
        for path in ("/shells/speed/119/30.npy", "/profiles/temperature/119?lat=1&lon=2", "/statistics/vz/119/30"):
            answer, there = client.get(path), httpx.get(url + path, trust_env=False)
            assert answer.status_code == 200, answer.text
            assert answer.content == there.content
