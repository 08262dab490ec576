"""The real TorchServe, for tests: started as its container starts it, on ports and in a folder of its own.

with torchserve(Path("earthgan.mar")) as url:
    httpx.post(f"{url}/predictions/earthgan", json={"variables": ["temperature"], "t": 113, "shells": [0]})
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from gateway_server import free_port
from places import ROOT

SERVICE = ROOT / "services" / "torchserve"


class TorchServe:
    """One server of some archives, `{model name: archive}`.

    Entering starts it and does not wait; leaving stops every process of it.
    """

    def __init__(self, models: Mapping[str, Path]) -> None:
        self._models = {name: path.resolve() for name, path in models.items()}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            # Not pytest's folder: the path of a worker's socket must be shorter than 108 bytes.
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ts-")))
            self._log = self.folder / "log"
            self._start()
            self._undo = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._undo:
            self._stop()

    @property
    def log(self) -> str:
        """All that Java and the workers have written."""
        return self._log.read_text(errors="replace")

    def workers(self) -> list[int]:
        """The process ids of the Python workers."""
        return [process.pid for process in self._group() if process.pid != self._java.pid]

    def wait_until_ready(self, name: str, seconds: float = 300) -> None:
        """Until the container's own health check passes for that model. Raises TimeoutError with the end of the log."""
        check = [sys.executable, str(SERVICE / "health.py"), self.predictions(name), str(self._models[name])]
        give_up = time.monotonic() + seconds
        while (done := subprocess.run(check, capture_output=True, text=True, check=False)).returncode:
            if time.monotonic() > give_up or self._java.poll() is not None:
                raise TimeoutError(f"{name}: {done.stderr.strip()}\n{self.log[-3000:]}")
            time.sleep(0.1)

    def predictions(self, name: str) -> str:
        """Where that model is asked."""
        return f"{self.url}/predictions/{name}"

    def _start(self) -> None:
        for folder in ("store", "tmp"):
            (self.folder / folder).mkdir()
        for name, archive in self._models.items():
            (self.folder / "store" / f"{name}.mar").symlink_to(archive)
        inference, management, metrics, *grpc = _free_ports(5)
        self.url = f"http://127.0.0.1:{inference}"
        settings = {
            "inference_address": self.url,
            "management_address": f"http://127.0.0.1:{management}",
            "metrics_address": f"http://127.0.0.1:{metrics}",
            "grpc_inference_port": grpc[0],
            "grpc_management_port": grpc[1],
            "model_store": self.folder / "store",
            "load_models": ",".join(f"{name}={name}.mar" for name in self._models),
        }
        # The container's settings; of two lines for one setting, the later counts.
        lines = [(SERVICE / "config.properties").read_text(), *(f"{name}={value}" for name, value in settings.items())]
        config = self.folder / "config.properties"
        config.write_text("\n".join(lines) + "\n")
        with self._log.open("wb") as log:
            self._java = subprocess.Popen(
                [sys.executable, str(SERVICE / "launch.py"), str(config)],
                cwd=self.folder,
                env=_environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its process id names the group of all its processes
            )

    def _group(self) -> list[psutil.Process]:
        """Java and its workers, also those that Java has left behind."""
        return [process for process in psutil.process_iter() if _group_of(process) == self._java.pid]

    def _stop(self) -> None:
        self._java.terminate()
        try:
            self._java.wait(20)
        except subprocess.TimeoutExpired:
            self._java.kill()
            self._java.wait()
        left = self._group()
        for process in left:
            process.kill()
        _, alive = psutil.wait_procs(left, timeout=10)
        if alive:
            raise RuntimeError(f"TorchServe left processes behind: {alive}")


@contextmanager
def torchserve(archive: Path) -> Iterator[str]:
    """The address of a server that answers for the archive, as model `earthgan`."""
    with TorchServe({"earthgan": archive}) as server:
        server.wait_until_ready("earthgan")
        yield server.url


def _group_of(process: psutil.Process) -> int | None:
    """A process's group, unless it is gone or a zombie that nobody has waited for yet."""
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else os.getpgid(process.pid)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return None


def _environment(folder: Path) -> dict[str, str]:
    """Two servers of one machine must not share a folder for temporary files, nor for logs."""
    own = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "tmp"))
    return {**os.environ, **own, "LOG_LOCATION": str(folder), "METRICS_LOCATION": str(folder)}


def _free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, and that differ."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)
