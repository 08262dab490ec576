"""Engines, which run the generator. All have one interface."""

from __future__ import annotations

from earthgan.errors import BadInput
from earthgan.surrogate import Backend, Surrogate
from earthgan.verify import probe
from earthgan_gateway.engines.admission import Admission
from earthgan_gateway.engines.base import BareEngine, Engine, Lane
from earthgan_gateway.engines.guard import GuardedEngine
from earthgan_gateway.engines.local import LocalEngine
from earthgan_gateway.settings import Settings

__all__ = ["Admission", "BareEngine", "Engine", "GuardedEngine", "Lane", "LocalEngine", "make_engine"]


def make_engine(settings: Settings, surrogate: Surrogate) -> BareEngine:
    """Make the engine that the settings name.

    Raises BadInput if the generator cannot be loaded, and EngineAnswerInvalid if it gives no numbers.
    """
    if settings.engine == "torchserve":
        assert settings.torchserve_url is not None  # Settings has checked it
        from earthgan_gateway.engines.torchserve import TorchServeEngine  # only this engine needs an HTTP client

        return TorchServeEngine(surrogate, str(settings.torchserve_url))
    if settings.engine == "oip":
        assert settings.oip_url is not None  # Settings has checked it
        from earthgan_gateway.engines.oip import OipEngine

        return OipEngine(surrogate, str(settings.oip_url))
    if settings.engine == "torch":
        try:
            from earthgan.backends.torch import default_precision, torch_backend  # only this engine needs torch
        except ModuleNotFoundError as error:
            raise BadInput(f"the torch engine needs the package {error.name}: pip install 'earthgan[torch]'") from error

        return _local(surrogate, torch_backend(surrogate), f"torch/{default_precision()}")
    if surrogate.kind.evaluates:
        return _local(surrogate, None, "numpy/float32")
    from earthgan.backends.onnx import onnx_backend

    return _local(surrogate, onnx_backend(surrogate), "onnx/float32")


def _local(surrogate: Surrogate, backend: Backend | None, numerics: str) -> LocalEngine:
    probe(surrogate, backend)
    return LocalEngine(surrogate, backend, numerics)
