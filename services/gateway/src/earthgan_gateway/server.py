"""The server of one process: uvicorn with our edge, and an end that cuts nobody off."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import struct
import threading
import time

from fastapi import FastAPI
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from earthgan_gateway.edge import HEADERS, EdgeConfig, EdgeProtocol
from earthgan_gateway.settings import Settings

#: After SIGTERM, how long the server goes on taking requests. Each answer says `Connection: close`, so that clients and
#: load balancers turn to other gateways. It ends earlier if nobody is connected any more.
NOTICE_S = 5.0
#: How long the answers that are under way then may take.
GRACE_S = 15.0
#: How long a client may be silent then that has connected and not asked for anything yet.
SILENT_S = 1.0
#: How long the server goes on accepting after it has stopped others from connecting.
ACCEPT_S = 0.3
#: How long the process may live after the signal, whatever it does.
HARD_S = 26.0
#: How often connections are looked at, in ticks of uvicorn's main loop, which are 0.1 s.
SWEEP_TICKS = 10


def make_config(app: FastAPI | str, settings: Settings) -> Config:
    """Return uvicorn's configuration. `app` is an application, or the import name of a function that makes one."""
    return EdgeConfig(
        app,
        factory=isinstance(app, str),
        workers=settings.workers,
        most_connections=settings.max_connections,
        log_config=None,
        access_log=False,
        server_header=False,
        headers=HEADERS,
        proxy_headers=False,  # routes/public_address.py reads them
    )


class GatewayServer(Server):
    """Serves until a signal comes, and then ends in three steps: notice, grace, and a hard end."""

    #: The seconds of the first two steps.
    notice_s, grace_s = NOTICE_S, GRACE_S

    async def on_tick(self, counter: int) -> bool:
        if counter % SWEEP_TICKS == 0:
            self._sweep()
        return await super().on_tick(counter)

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            if isinstance(connection, EdgeProtocol):
                connection.sweep(now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if threading.current_thread() is threading.main_thread():  # otherwise it is a part of somebody's program
            _end_within(HARD_S)
        self.lifespan.state["draining"] = True
        for connection in self.server_state.connections:
            if isinstance(connection, EdgeProtocol) and connection.cycle is not None:
                connection.cycle.keep_alive = False
        if signal.SIGINT not in self._captured_signals:  # a person who presses Ctrl+C does not wait
            await self._wait(self.notice_s)
        await self._turn_away(sockets or [])
        self.config.timeout_graceful_shutdown = self.grace_s  # type: ignore[assignment]
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(SILENT_S, self._close_silent), loop.call_later(self.grace_s, self._cut)]
        await super().shutdown(sockets)
        for timer in timers:
            timer.cancel()

    async def _wait(self, seconds: float) -> None:
        """Return when nobody is connected, or after some seconds."""
        until = time.monotonic() + seconds
        while self.server_state.connections and time.monotonic() < until and not self.force_exit:
            await asyncio.sleep(0.1)
            self._sweep()

    async def _turn_away(self, sockets: list[socket.socket]) -> None:
        """Let nobody connect any more, and accept all who have.

        A connection that waits to be accepted would be reset when its socket is closed. So the kernel drops the first
        packet of any further one, which its client repeats after a second, and is then refused.
        """
        for listener in sockets:
            with contextlib.suppress(OSError):  # another system than Linux
                drop_new_connections(listener)
        await asyncio.sleep(ACCEPT_S)

    def _close_silent(self) -> None:
        """Close the connections of clients that have connected and not asked for anything."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, EdgeProtocol) and connection.cycle is None:
                connection.transport.close()

    def _cut(self) -> None:
        """Cut the connections of clients that do not read their answers."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


#: A program of the classic packet filter: drop TCP packets with SYN and without ACK, and let all others pass.
_NO_SYN = ((0x30, 0, 0, 13), (0x54, 0, 0, 0x12), (0x15, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
_SO_ATTACH_FILTER = 26


def drop_new_connections(listener: socket.socket) -> None:
    """Make the kernel ignore whoever wants to connect, for all processes that share the socket (Linux).

    Raises OSError.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _NO_SYN))
    filter_ = struct.pack("HP", len(_NO_SYN), ctypes.addressof(program))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)


def _end_within(seconds: float) -> None:
    """End this process after some seconds, also if a thread of it does not end."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()


class _Worker(multiprocess.Process):
    """A worker process. It ends when its supervisor has gone."""

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = GatewayServer(config=self.config)
        return self._server

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
        super().target(sockets)


def _end_with(parent: int) -> None:
    """Ask this process to end when its parent is another one, because the first has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


class Supervisor(multiprocess.Multiprocess):
    """Keeps workers running. They end with it, also if it is killed, and none outlives the hard end."""

    def init_processes(self) -> None:
        self.processes.extend(self._started() for _ in range(self.processes_num))

    def _started(self) -> _Worker:
        worker = _Worker(self.config, self.sockets)
        worker.start()
        return worker

    def keep_subprocess_alive(self) -> None:
        for at, worker in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if worker.is_alive(timeout=self.config.timeout_worker_healthcheck):
                continue
            worker.kill()
            worker.join()
            if worker.exitcode == STARTUP_FAILURE:  # it would fail again
                self.should_exit.set()
                return
            self.processes[at] = self._started()

    def restart_all(self) -> None:
        """Replace each worker by a new one, after the new one serves."""
        for at, old in enumerate(self.processes):
            new = self._started()
            if not new.wait_until_ready(HARD_S, self.should_exit):
                new.kill()
                new.join()
                return
            old.terminate()
            old.join()
            self.processes[at] = new

    def handle_ttin(self) -> None:
        self.processes_num += 1
        self.processes.append(self._started())

    def terminate_all(self) -> None:
        for listener in self.sockets:  # the workers have it too; a connection that nobody accepts would wait here
            listener.close()
        _end_within(HARD_S + 2)
        super().terminate_all()

    def join_all(self) -> None:
        until = time.monotonic() + HARD_S
        for worker in self.processes:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.kill()
                worker.join()
