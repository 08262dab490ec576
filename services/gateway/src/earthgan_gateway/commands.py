"""The gateway's subcommand of `earthgan`."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path
from typing import Any

from earthgan.cli import add_command


def register(subcommands: Any) -> None:
    """Add `serve`."""
    parser = add_command(
        subcommands,
        "serve",
        _serve,
        "serve a surrogate's map and tiles",
        "earthgan serve model_store/default --port 8000",
    )
    parser.add_argument("surrogate", type=Path, nargs="?", help="the surrogate folder (EARTHGAN_SURROGATE)")
    parser.add_argument("--engine", choices=["onnx", "torch", "torchserve"], help="what runs it (EARTHGAN_ENGINE)")
    parser.add_argument("--host", help="the address to listen on (EARTHGAN_HOST)")
    parser.add_argument("--port", type=int, help="the port to listen on (EARTHGAN_PORT)")
    parser.add_argument("--workers", type=int, metavar="N", help="how many processes serve (EARTHGAN_WORKERS)")


def _serve(arguments: argparse.Namespace) -> None:
    import uvicorn
    from fastapi import FastAPI
    from pydantic import ValidationError
    from uvicorn.supervisors import Multiprocess

    from earthgan.errors import BadInput
    from earthgan_gateway.app import create_app
    from earthgan_gateway.settings import Settings

    names = ("surrogate", "engine", "host", "port", "workers")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"settings: {place + ': ' if place else ''}{first['msg']}") from error
    address = f"http://{settings.host}:{settings.port}"
    app: str | FastAPI = create_app(settings)
    if settings.workers > 1:  # each makes its own; that the first could be made shows that they can
        app = "earthgan_gateway:create_app"
        os.environ |= {f"EARTHGAN_{name.upper()}": str(value) for name, value in given.items()}
    config = uvicorn.Config(
        app, factory=isinstance(app, str), workers=settings.workers, log_level="warning", access_log=False
    )
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(2048)  # who comes before the first worker is up waits
        except OSError as error:
            raise BadInput(f"{address}: {error.strerror or error}") from error
        listener.set_inheritable(True)
        print(f"EarthGAN serves {settings.surrogate} at {address}", flush=True)
        if settings.workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            uvicorn.Server(config).run(sockets=[listener])
