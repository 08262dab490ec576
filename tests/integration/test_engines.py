"""The contract of an engine, on every engine: in process with ONNX Runtime and torch, in a real TorchServe, and by the
Open Inference Protocol in another gateway and in a real LitServe.
"""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx2 as httpx
import numpy as np
import pytest

from earthgan import Surrogate, Window
from earthgan.backends.onnx import onnx_backend
from earthgan.backends.torch import torch_backend
from earthgan.errors import (
    EngineAnswerInvalid,
    EngineTimeout,
    EngineUnavailable,
    InvalidRequest,
    UnknownShell,
    UnknownStep,
    UnknownVariable,
)
from earthgan.wire import encode
from earthgan_gateway import Settings, create_app
from earthgan_gateway.engines import Engine, LocalEngine
from earthgan_gateway.engines.oip import OipEngine
from earthgan_gateway.engines.remote import RemoteEngine
from earthgan_gateway.engines.torchserve import TorchServeEngine
from earthgan_gateway.tensors import OUTPUT, body_of, described
from earthgan_training.surrogates.archive import archive
from gateway_server import gateway
from integration.litserve_server import litserve
from integration.torchserve_server import torchserve
from places import DEFAULT_SURROGATE, ROOT

T = TypeVar("T")
HANDLER = ROOT / "services" / "torchserve" / "handler.py"


@pytest.fixture(scope="session", params=["shipped", "published"])
def surrogate(request: pytest.FixtureRequest) -> Surrogate:
    if request.param == "published":
        return Surrogate(request.getfixturevalue("published_folder"))
    return Surrogate(DEFAULT_SURROGATE)


@pytest.fixture(scope="session")
def torchserve_url(surrogate: Surrogate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    mar = tmp_path_factory.mktemp("store") / "earthgan.mar"
    archive(surrogate.folder, mar, HANDLER)
    with torchserve(mar) as url:
        yield url


@pytest.fixture(scope="session")
def litserve_url() -> Iterator[str]:
    with litserve(DEFAULT_SURROGATE) as url:
        yield url


@pytest.fixture(params=["onnx", "torch", "torchserve", "torchserve float32", "oip gateway", "oip litserve"])
def make(request: pytest.FixtureRequest, surrogate: Surrogate) -> Callable[[], Engine]:
    """Makes the engine: inside the event loop that will use it."""
    if request.param == "onnx":
        return lambda: LocalEngine(surrogate, onnx_backend(surrogate), "onnx/float32")
    if request.param == "torch":
        return lambda: LocalEngine(surrogate, torch_backend(surrogate, device="cpu"), "torch/cpu/float32")
    if request.param.startswith("oip"):
        if surrogate.folder != DEFAULT_SURROGATE:
            pytest.skip("the protocol is the same for every kind of surrogate, and this one is slow")
        there = request.getfixturevalue({"oip gateway": "gateway_url", "oip litserve": "litserve_url"}[request.param])
        return lambda: OipEngine(surrogate, there)
    url = request.getfixturevalue("torchserve_url")
    if request.param == "torchserve":
        return lambda: TorchServeEngine(surrogate, url)
    return lambda: TorchServeEngine(surrogate, url, dtype="float32")


def with_engine(make: Callable[[], Engine], use: Callable[[Engine], Awaitable[T]]) -> T:
    async def main() -> T:
        engine = make()
        try:
            return await use(engine)
        finally:
            await engine.close()

    return asyncio.run(main())


def soon() -> float:
    return time.monotonic() + 60


def test_all_engines_give_the_same_field(
    surrogate: Surrogate, make: Callable[[], Engine], request: pytest.FixtureRequest
) -> None:
    t, shells, variables = surrogate.steps[0].t, [10, 11, 120], surrogate.variables
    reference = surrogate.shells(onnx_backend(surrogate), variables, t, shells, seed=5)
    field = with_engine(make, lambda engine: engine.shells(variables, t, shells, 5, soon()))
    assert field.shape == (len(variables), 3, *surrogate.grid.shape[1:])
    assert field.dtype == np.float32
    tolerance = 2e-3 if request.node.callspec.params["make"] == "torchserve" else 1e-5
    for values, expected, variable in zip(field, surrogate.in_units(reference, variables), surrogate.spec.variables):
        span = variable.range[1] - variable.range[0]
        assert np.abs(values - expected).max() <= tolerance * span


def test_variables_and_shells_come_in_the_order_asked_for(surrogate: Surrogate, make: Callable[[], Engine]) -> None:
    t = surrogate.steps[0].t

    async def use(engine: Engine) -> tuple[np.ndarray, np.ndarray]:
        several = await engine.shells(["vz", "temperature"], t, [90, 20], None, soon())
        single = await engine.shells(["temperature"], t, [90], None, soon())
        return several[1, 0], single[0, 0]

    several, single = with_engine(make, use)
    np.testing.assert_allclose(several, single, rtol=0, atol=1e-5 * np.ptp(single))


def test_a_window_is_that_part_of_its_shells(surrogate: Surrogate, make: Callable[[], Engine]) -> None:
    t, names = surrogate.steps[0].t, ["vz", "temperature"]
    shells, height, width = surrogate.grid.shape
    windows = [
        Window(range(60, 63), range(40, 42), range(-5, 7)),
        Window(range(60, 63), range(height - 2, height), range(width - 3, width + 3)),
        Window(range(60, 63), range(1), range(width)),
        Window(range(61, 62), range(height), range(7, 8)),
    ]

    async def use(engine: Engine) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
        whole = await engine.shells(names, t, [60, 61, 62], 5, soon())
        parts = [await engine.window(names, t, window, 5, soon()) for window in windows]
        column = await engine.window(names, t, Window(range(shells), range(50, 52), range(-1, 1)), 5, soon())
        return whole, parts, column

    whole, parts, column = with_engine(make, use)
    tolerance = 1e-3 * np.ptp(whole, axis=(1, 2, 3), keepdims=True)  # float16 may round a last digit the other way
    for window, part in zip(windows, parts, strict=True):
        expected = whole[:, window.shells.start - 60 : window.shells.stop - 60, window.rows.start : window.rows.stop]
        expected = expected[..., np.arange(window.columns.start, window.columns.stop) % width]
        assert part.shape == (2, *window.shape)
        assert part.dtype == np.float32
        assert (np.abs(part - expected) <= tolerance).all()
        assert np.median(np.abs(part - expected) / tolerance) <= 0.01
    assert column.shape == (2, shells, 2, 2)
    assert (np.abs(column[:, 60:63] - whole[:, :, 50:52, [-1, 0]]) <= tolerance).all()


def test_a_window_that_the_surrogate_lacks_is_refused(surrogate: Surrogate, make: Callable[[], Engine]) -> None:
    t = surrogate.steps[0].t
    shells, height, width = surrogate.grid.shape
    one = range(1)
    for names, step, window, error in (
        (["density"], t, Window(one, one, one), UnknownVariable),
        (["vx"], 999, Window(one, one, one), UnknownStep),
        (["vx"], t, Window(range(shells - 1, shells + 1), one, one), UnknownShell),
        (["vx"], t, Window(range(-1, 1), one, one), UnknownShell),
        (["vx"], t, Window(one, range(-1, 1), one), InvalidRequest),
        (["vx"], t, Window(one, range(height, height + 1), one), InvalidRequest),
        (["vx"], t, Window(one, range(3, 3), one), InvalidRequest),
        (["vx"], t, Window(one, one, range(width + 1)), InvalidRequest),
        (["vx"], t, Window(one, one, range(3, 2)), InvalidRequest),
    ):
        with pytest.raises(error):
            with_engine(make, lambda e, v=names, s=step, w=window: e.window(v, s, w, None, soon()))  # type: ignore[misc]


def test_an_engine_is_ready_after_a_real_inference(make: Callable[[], Engine]) -> None:
    with_engine(make, lambda engine: engine.ready(soon()))


def test_what_the_surrogate_lacks_is_not_found(surrogate: Surrogate, make: Callable[[], Engine]) -> None:
    t = surrogate.steps[0].t
    for variables, step, shells, error in (
        (["density"], t, [0], UnknownVariable),
        (["vx"], 999, [0], UnknownStep),
        (["vx"], t, [999], UnknownShell),
    ):
        with pytest.raises(error):
            with_engine(make, lambda e, v=variables, s=step, r=shells: e.shells(v, s, r, None, soon()))  # type: ignore[misc]


def test_a_deadline_that_has_passed_is_a_timeout(surrogate: Surrogate, make: Callable[[], Engine]) -> None:
    t = surrogate.steps[0].t
    with pytest.raises(EngineTimeout):
        with_engine(make, lambda engine: engine.shells(["vx"], t, [0], None, time.monotonic() - 1))
    one = Window(range(1), range(1), range(1))
    with pytest.raises(EngineTimeout):
        with_engine(make, lambda engine: engine.window(["vx"], t, one, None, time.monotonic() - 1))


def test_gateways_over_all_engines_serve_the_same_shell(surrogate: Surrogate, torchserve_url: str) -> None:
    path = f"/shells/temperature/{surrogate.steps[0].t}/120.npy"

    def served(engine: str, **settings: str) -> np.ndarray:
        with gateway(surrogate.folder, engine=engine, **settings) as url:
            answer = httpx.get(url + path, trust_env=False, timeout=30)
            assert answer.status_code == 200
            field: np.ndarray = np.load(io.BytesIO(answer.content))
            return field

    onnx, torch, remote = served("onnx"), served("torch"), served("torchserve", torchserve_url=torchserve_url)
    low, high = surrogate.spec.variables[0].range
    assert np.abs(onnx - torch).max() <= 2e-5 * (high - low)  # a step of a kept shell's 16 bits
    assert np.abs(onnx - remote).max() <= 2e-3 * (high - low)
    assert np.ptp(onnx) > 0.1 * (high - low)


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


def answering(status: int, content: bytes = b"") -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, content=content)


SURROGATE = Surrogate(DEFAULT_SURROGATE)
GOOD_DIGEST = SURROGATE.digest


def _shell(value: float, shape: tuple[int, ...] = (1, 1, *SURROGATE.grid.shape[1:])) -> np.ndarray:
    return np.full(shape, value, dtype=np.float32)


def oip(values: np.ndarray, digest: str = GOOD_DIGEST) -> Callable[[httpx.Request], httpx.Response]:
    output, following = described(OUTPUT, "FP32", values, True)
    body, headers = body_of({"parameters": {"digest": digest}, "outputs": [output]}, following)
    return lambda request: httpx.Response(200, content=body, headers=headers)


#: What may happen with any model server.
FAILURES = {
    "refused": (failing(httpx.ConnectError("refused")), EngineUnavailable),
    "reset": (failing(httpx.ReadError("reset")), EngineUnavailable),
    "closed": (failing(httpx.RemoteProtocolError("closed")), EngineUnavailable),
    "slow to connect": (failing(httpx.ConnectTimeout("slow")), EngineTimeout),
    "slow to answer": (failing(httpx.ReadTimeout("slow")), EngineTimeout),
    "no such model": (answering(404), EngineUnavailable),
    "overloaded": (answering(503), EngineUnavailable),
    "worker died": (answering(507), EngineUnavailable),
    "worker failed": (answering(500), EngineUnavailable),
    "refuses the question": (answering(400), EngineAnswerInvalid),
    "redirects": (answering(302), EngineAnswerInvalid),
    "nonsense": (answering(200, b"{}"), EngineAnswerInvalid),
}
#: What its answers may be, in the words of each protocol.
ANSWERS = {
    TorchServeEngine: {
        "another surrogate": (answering(200, encode(_shell(0.5), "float16", "0" * 64)), EngineUnavailable),
        "another shape": (
            answering(200, encode(_shell(0.5, (1, 1, 2, 2)), "float16", GOOD_DIGEST)),
            EngineAnswerInvalid,
        ),
        "not finite": (answering(200, encode(_shell(np.nan), "float16", GOOD_DIGEST)), EngineAnswerInvalid),
    },
    OipEngine: {
        "another surrogate": (oip(_shell(0.5), "0" * 64), EngineUnavailable),
        "another shape": (oip(_shell(0.5, (1, 1, 2, 2))), EngineAnswerInvalid),
        "not finite": (oip(_shell(np.nan)), EngineAnswerInvalid),
        "too long": (oip(_shell(0.5, (1, 2, *SURROGATE.grid.shape[1:]))), EngineAnswerInvalid),
        "no field": (answering(200, b'{"outputs": [], "parameters": {}}'), EngineAnswerInvalid),
        "no objects": (answering(200, b"[1]"), EngineAnswerInvalid),
    },
}
CASES = [(kind, name, *case) for kind, own in ANSWERS.items() for name, case in (FAILURES | own).items()]


@pytest.mark.parametrize(
    ("kind", "handler", "error"),
    [(kind, *case) for kind, _, *case in CASES],
    ids=[f"{kind.__name__} {name}" for kind, name, *_ in CASES],
)
def test_every_failure_of_the_model_server_has_its_error(
    kind: Callable[..., RemoteEngine],
    handler: Callable[[httpx.Request], httpx.Response],
    error: type[Exception],
    default_surrogate: Surrogate,
) -> None:
    transport = httpx.MockTransport(handler)
    with pytest.raises(error):
        with_engine(
            lambda: kind(default_surrogate, "http://model", transport=transport),
            lambda engine: engine.shells(["vx"], 120, [0], None, soon()),
        )


def test_every_way_that_httpx2_can_fail_is_known() -> None:
    """A new exception of httpx2 would slip through as a bare 500."""
    known = (httpx.TimeoutException, httpx.TransportError)
    raised = [e for e in vars(httpx).values() if isinstance(e, type) and issubclass(e, httpx.RequestError)]
    unknown = {e.__name__ for e in raised if not issubclass(e, known)}
    assert unknown == {"RequestError", "TooManyRedirects", "DecodingError"}, "only what cannot happen here"


def test_a_folder_is_served_whole_or_not_at_all(tmp_path: Path) -> None:
    from earthgan.errors import DamagedSurrogate

    with pytest.raises(DamagedSurrogate, match=r"spec\.json"):
        create_app(Settings(surrogate=tmp_path))
