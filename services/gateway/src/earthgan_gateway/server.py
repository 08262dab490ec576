"""The server of one process: uvicorn with our edge, and an end that cuts nobody off."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.synchronize import Event

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from earthgan_gateway.edge import HEADERS, EdgeConfig, EdgeProtocol
from earthgan_gateway.settings import Settings
from earthgan_gateway.switch import Switch

log = logging.getLogger(__name__)

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
#: How long a worker may take until it serves that is to replace another one.
START_S = 120.0
#: How often connections are looked at, in ticks of uvicorn's main loop, which are 0.1 s.
SWEEP_TICKS = 10


def make_config(app: ASGIApp | str, settings: Settings) -> Config:
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
    #: Whether no other process goes on serving at the same socket.
    is_last: Callable[[], bool] = staticmethod(lambda: True)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if isinstance(self.config.app, Switch) and threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.config.app.change)

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
        packet of any further one, which its client repeats after a second, and is then refused. Where other processes
        go on at the same socket, they accept all who come.
        """
        for listener in sockets if self.is_last() else ():
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
    """A worker process. It ends when its supervisor has gone. `all_end` is set when no worker is to go on."""

    def __init__(self, config: Config, sockets: list[socket.socket], all_end: Event) -> None:
        self._all_end = all_end
        super().__init__(config, sockets)

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = server = GatewayServer(config=self.config)
            supervisor = os.getppid()
            server.is_last = lambda: self._all_end.is_set() or os.getppid() != supervisor
        return self._server

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
        super().target(sockets)


def _end_with(parent: int) -> None:
    """Ask this process to end when its parent is another one, because the first has ended."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


class _Ending(threading.Event):
    """It is set as soon as a signal to end has come, although the supervisor may be busy and handles it later."""

    def __init__(self, signals: Sequence[int]) -> None:
        super().__init__()
        self._signals = signals

    def is_set(self) -> bool:
        return super().is_set() or not {signal.SIGINT, signal.SIGTERM}.isdisjoint(self._signals)


class Supervisor(multiprocess.Multiprocess):
    """Keeps workers running. They end with it, also if it is killed, and none outlives the hard end."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        self._all_end = get_context("spawn").Event()
        super().__init__(config, sockets)
        self.should_exit = _Ending(self.signal_queue)

    def init_processes(self) -> None:
        self.processes.extend(self._started() for _ in range(self.processes_num))

    def _started(self) -> _Worker:
        worker = _Worker(self.config, self.sockets, self._all_end)
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
        for at, old in enumerate(tuple(self.processes)):
            new = self._started()
            if not new.wait_until_ready(START_S, self.should_exit):
                log.error("a new worker does not serve; the others stay as they are")
                new.kill()
                new.join()
                return
            self.processes[at] = new
            old.terminate()
            while old.process.is_alive():
                if self.should_exit.is_set():
                    self.processes.append(old)  # it is to end with all others
                    return
                old.process.join(0.1)

    def handle_usr1(self) -> None:
        self.restart_all()

    def handle_ttin(self) -> None:
        self.processes_num += 1
        self.processes.append(self._started())

    def terminate_all(self) -> None:
        self._all_end.set()
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
