"""The gateway's subcommands of `earthgan`."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earthgan.cli import add_command
from earthgan_gateway.allocator import give_memory_back
from earthgan_gateway.capacity import commands as capacity
from earthgan_gateway.seed import commands as seed
from earthgan_gateway.site import commands as site

if TYPE_CHECKING:
    from fastapi import FastAPI


def register(subcommands: Any) -> None:
    """Add `serve`, `seed`, `site` and `capacity`."""
    capacity.register(subcommands)
    seed.register(subcommands)
    site.register(subcommands)
    parser = add_command(
        subcommands,
        "serve",
        _serve,
        "serve a surrogate's map, tiles and values over HTTP",
        "earthgan serve model_store/default --port 8000",
    )
    parser.add_argument("surrogate", type=Path, nargs="?", help="surrogate folder to serve (EARTHGAN_SURROGATE)")
    parser.add_argument(
        "--engine", choices=["onnx", "torch", "torchserve", "oip"], help="what runs the generator (EARTHGAN_ENGINE)"
    )
    parser.add_argument("--host", help="address to listen on (EARTHGAN_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (EARTHGAN_PORT)")
    parser.add_argument("--workers", type=int, metavar="N", help="number of server processes (EARTHGAN_WORKERS)")


def make_worker() -> FastAPI:
    """Make the application of one worker process from the environment variables that `serve` has set."""
    from earthgan_gateway.app import create_app
    from earthgan_gateway.settings import Settings
    from earthgan_gateway.telemetry import set_up_logging

    settings = Settings()
    set_up_logging(settings.log_level)
    give_memory_back()
    return create_app(settings)


def _serve(arguments: argparse.Namespace) -> None:
    # What is made here lives as long as the process. To look through it for garbage again and again would take a fifth
    # of the time that a start takes, and later as much of each full collection.
    gc.disable()
    from pydantic import ValidationError

    from earthgan.errors import BadInput, what_is_wrong
    from earthgan_gateway.app import create_app
    from earthgan_gateway.server import GatewayServer, Supervisor, make_config
    from earthgan_gateway.settings import Settings
    from earthgan_gateway.switch import Switch
    from earthgan_gateway.telemetry import set_up_logging

    names = ("surrogate", "engine", "host", "port", "workers")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise BadInput(f"settings: {what_is_wrong(error)}") from error
    address = f"http://{settings.host}:{settings.port}"
    set_up_logging(settings.log_level)
    give_memory_back()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until somebody listens to it; it would end the process
    app: str | Switch = Switch(create_app(settings), lambda: create_app(Settings(**given)))
    if settings.workers > 1:  # each worker makes its own application; this one has shown that the settings work
        app = "earthgan_gateway.commands:make_worker"
        os.environ |= {f"EARTHGAN_{name.upper()}": str(value) for name, value in given.items()}
    gc.freeze()
    gc.enable()
    config = make_config(app, settings)
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(2048)  # a client that connects before a worker is ready waits
        except OSError as error:
            raise BadInput(f"{address}: {error.strerror or error}") from error
        listener.set_inheritable(True)
        print(f"EarthGAN serves {settings.surrogate} at {address}", flush=True)
        if settings.workers > 1:
            with tempfile.TemporaryDirectory(prefix="earthgan-metrics-") as shared:
                os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", shared)  # /metrics of any worker counts all workers
                Supervisor(config, sockets=[listener]).run()
        else:
            GatewayServer(config).run(sockets=[listener])
