"""The JSON documents of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from earthgan_gateway.routes.models import Document
from earthgan_gateway.tensors import Tensor


class ServerMetadata(Document):
    """What this server is, and which extensions of the protocol it has."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(Document):
    """Whether the server takes requests."""

    live: bool


class ServerReady(ServerLive):
    """Whether the generator has just computed something."""

    ready: bool


class ModelReady(Document):
    """The same for the model."""

    name: str
    ready: bool


class TensorMetadata(Document):
    """An input or an output. -1 in a shape stands for any length."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Document):
    """The inputs and outputs of the model. The parameter `required` names the inputs that cannot be left out."""

    name: str
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: dict[str, str]


class RequestedOutput(Document):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] = Field({})


class InferenceRequest(Document):
    """An inference. The parameters `lane`, `timeout` (in microseconds) and `binary_data_output` are known."""

    id: str | None = None
    parameters: dict[str, Any] = Field({})
    inputs: list[Tensor]
    outputs: list[RequestedOutput] | None = None


class InferenceResponse(Document):
    """The values, in units. The parameter `digest` is that of the surrogate. null means "no value"."""

    model_name: str
    id: str | None = None
    parameters: dict[str, str]
    outputs: list[Tensor]
