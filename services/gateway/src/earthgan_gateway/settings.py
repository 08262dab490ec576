"""Settings, read from the environment once and passed down. Every field is `EARTHGAN_<FIELD>`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AnyHttpUrl, Field, RedisDsn, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

#: What the package contains beside code. In a checkout these are links to `clients/web` and `model_store/default`.
SHIPPED = Path(__file__).with_name("shipped")


class Settings(BaseSettings):
    """What an operator can set. Raises ValidationError where a value cannot be used."""

    model_config = SettingsConfigDict(env_prefix="EARTHGAN_", frozen=True, env_ignore_empty=True)

    #: The surrogate folder to serve.
    surrogate: Path = (SHIPPED / "surrogate").resolve()
    #: What runs the generator: in this process (`onnx`, `torch`) or a model server.
    engine: Literal["onnx", "torch", "torchserve"] = "onnx"
    #: The model server's inference address, for the `torchserve` engine.
    torchserve_url: AnyHttpUrl | None = None
    #: A Redis that processes share; without it, answers are kept in this process alone.
    redis_url: RedisDsn | None = None
    #: The folder of the web page.
    client: Path = (SHIPPED / "client").resolve()
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    #: Processes that serve; they share what Redis holds.
    workers: int = Field(default=1, ge=1)
    #: How long a request may wait for the generator.
    engine_timeout_s: float = Field(default=30, gt=0)
    #: Shells that may be generated or waited for at once; whoever asks for one more is told to come back.
    max_pending_shells: int = Field(default=64, ge=1)
    #: How often one client address may ask, such as "50/second"; each process counts for itself.
    rate_limit: str | None = None
    #: Memory for everything that this process keeps: shells, tiles, decoded time steps, addresses and all other caches.
    cache_mb: int = Field(default=256, ge=1)
    #: How long Redis may take before it is left out.
    redis_timeout_s: float = Field(default=0.05, gt=0)
    #: Whether neighbours of what is looked at are generated, and all steps decoded, while nobody waits.
    prefetch: bool = True
    #: What is logged on stderr, from this level on; JSON lines, unless stderr is a terminal.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: A line for each request.
    access_log: bool = False
    #: An OpenTelemetry collector (OTLP over HTTP) for traces; none are made without it.
    otlp_endpoint: AnyHttpUrl | None = None
    #: Pages of other origins that may ask, as a JSON list; ["*"] for all.
    cors_origins: tuple[str, ...] = ()

    @field_validator("rate_limit")
    @classmethod
    def _rate_can_be_read(cls, text: str | None) -> str | None:
        if text is not None:
            import limits  # only where there is a limit

            limits.parse(text)
        return text

    @model_validator(mode="after")
    def _engine_has_its_address(self) -> Settings:
        if self.engine == "torchserve" and self.torchserve_url is None:
            raise ValueError("the torchserve engine needs EARTHGAN_TORCHSERVE_URL")
        return self
