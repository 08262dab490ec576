"""The gateway's settings. They are read from the environment once; every field is the variable `EARTHGAN_<FIELD>`."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, AnyUrl, Field, RedisDsn, UrlConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

#: The folder of the web page and the surrogate that the package contains. In a checkout, both are links.
SHIPPED = Path(__file__).with_name("shipped")

#: The address of any node of a Redis Cluster.
ClusterDsn = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["redis+cluster", "rediss+cluster"], host_required=True)]


class Settings(BaseSettings):
    """Everything that an operator can set. Raises ValidationError if a value cannot be used."""

    model_config = SettingsConfigDict(env_prefix="EARTHGAN_", frozen=True, env_ignore_empty=True)

    #: The surrogate folder to serve.
    surrogate: Path = (SHIPPED / "surrogate").resolve()
    #: What runs the generator: this process, with ONNX Runtime or PyTorch, or a model server.
    engine: Literal["onnx", "torch", "torchserve", "oip"] = "onnx"
    #: The model server's inference address, for the `torchserve` engine.
    torchserve_url: AnyHttpUrl | None = None
    #: The address of a model server that speaks the Open Inference Protocol, for the `oip` engine: another gateway.
    oip_url: AnyHttpUrl | None = None
    #: A Redis that several processes share. Without it, each process keeps its answers to itself.
    redis_url: RedisDsn | ClusterDsn | None = None
    #: The folder of the web page.
    client: Path = (SHIPPED / "client").resolve()
    #: The address to listen on.
    host: str = "127.0.0.1"
    #: The port to listen on.
    port: int = Field(default=8000, ge=1, le=65535)
    #: The number of server processes. They share what Redis holds.
    workers: int = Field(default=1, ge=1)
    #: How many seconds a request may wait for the generator.
    engine_timeout_s: float = Field(default=30, gt=0)
    #: How many seconds a tile may wait for its shell. If the queue is longer, the answer is a 503 at once.
    tile_wait_s: float = Field(default=0.5, gt=0)
    #: How many seconds a long read, such as a section, may take with the queue before it. Otherwise, 503 at once.
    read_wait_s: float = Field(default=10, gt=0)
    #: How many shells may be generated or queued at once. A request for another one is answered 503.
    max_pending_shells: int = Field(default=64, ge=1)
    #: How often one client address may ask, such as "50/second". All processes that share a Redis count together.
    rate_limit: str | None = None
    #: The addresses and networks of proxies, as a JSON list. Only they may say whose request they pass on, and under
    #: which address the client knows the gateway.
    trusted_proxies: tuple[str, ...] = ()
    #: The address under which clients know the gateway, such as https://maps.example.org/mantle, whatever proxies say.
    public_url: AnyHttpUrl | None = None
    #: How many connections one process may have. If there are more, those that are idle are closed first.
    max_connections: int = Field(default=512, ge=1)
    #: The memory of all caches of a process in 2**20 bytes: shells, tiles, decoded time steps, addresses and others.
    cache_mb: int = Field(default=256, ge=1)
    #: How many seconds Redis may take to answer. If it takes longer, the gateway does not ask it for a while.
    redis_timeout_s: float = Field(default=0.1, gt=0)
    #: Whether to generate the neighbours of the shell last looked at, and decode all steps, while no request waits.
    prefetch: bool = True
    #: The lowest level that is logged on stderr. The log consists of JSON lines, unless stderr is a terminal.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: Whether to log a line for each request.
    access_log: bool = False
    #: The OpenTelemetry collector (OTLP over HTTP) that gets traces. Without it, there are no traces.
    otlp_endpoint: AnyHttpUrl | None = None
    #: The other origins whose pages may ask this gateway, as a JSON list. ["*"] allows all origins.
    cors_origins: tuple[str, ...] = ()

    @field_validator("rate_limit")
    @classmethod
    def _rate_can_be_read(cls, text: str | None) -> str | None:
        if text is not None:
            import limits  # only needed if there is a limit

            limits.parse(text)
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ip_network(proxy)  # raises ValueError
        return proxies

    @model_validator(mode="after")
    def _workers_count_together(self) -> Settings:
        if self.rate_limit is not None and self.workers > 1 and self.redis_url is None:
            raise ValueError(
                "EARTHGAN_RATE_LIMIT with several workers needs EARTHGAN_REDIS_URL, where they count together"
            )
        return self

    @model_validator(mode="after")
    def _engine_has_its_address(self) -> Settings:
        if self.engine == "torchserve" and self.torchserve_url is None:
            raise ValueError("the torchserve engine needs EARTHGAN_TORCHSERVE_URL")
        if self.engine == "oip" and self.oip_url is None:
            raise ValueError("the oip engine needs EARTHGAN_OIP_URL")
        return self
