"""A stack of `docker compose up` that tests ask, on a free port, under its own name."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import docker
import httpx2 as httpx
import pytest
from docker.models.containers import Container

from gateway_server import free_port
from places import ROOT

PROJECT = "earthgan-test"


@dataclass(frozen=True)
class Stack:
    """A stack: where it answers, the engine that runs it, and the settings of `docker compose`."""

    url: str
    engine: docker.DockerClient
    environment: dict[str, str]

    def compose(self, *arguments: str, status: int = 0) -> str:
        """What a command of `docker compose` prints. Fails if it exits with another status."""
        command = ["docker", "compose", "--project-name", PROJECT, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=1800, check=False
        )
        assert done.returncode == status, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-8000:]}"
        return done.stdout + done.stderr

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=60, trust_env=False)

    def container(self, service: str) -> Container:
        labels = [f"com.docker.compose.project={PROJECT}", f"com.docker.compose.service={service}"]
        (container,) = self.engine.containers.list(all=True, filters={"label": labels})
        return container

    def wait(self, path: str, status: int, seconds: float = 60) -> None:
        """Until that path is answered with that status."""
        give_up = time.monotonic() + seconds
        while (found := self._status(path)) != status:
            assert time.monotonic() < give_up, f"{path} is still answered {found}"
            time.sleep(0.5)

    def _status(self, path: str) -> int | str:
        try:
            return self.get(path).status_code
        except httpx.TransportError as error:
            return repr(error)


@contextmanager
def made_stack(**settings: str) -> Iterator[Stack]:
    """A stack with these settings that is not up yet. Afterwards nothing of it is left but its images. Skips the test
    if no Docker engine answers.
    """
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    for question, reason in (
        ("info", "no Docker engine answers"),
        ("compose version", "docker has no compose command"),
    ):
        if subprocess.run(["docker", *question.split()], capture_output=True, check=False).returncode:
            pytest.skip(reason)
    address = f"127.0.0.1:{free_port()}"
    with closing(docker.from_env(timeout=120)) as engine:
        stack = Stack(f"http://{address}", engine, {**os.environ, "EARTHGAN_PORT": address, **settings})
        try:
            yield stack
        finally:
            stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
