"""Kills a writer at every operation on a file, to check what it leaves behind.

Each run is a fork, so that it costs no more than the writer itself. `killed_everywhere` therefore needs a process
without threads: a program of its own, in which every library is limited to one thread.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Audit events of operations that change a folder or begin to change a file.
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
#: The sizes that a file may reach before its writer is killed in the middle of a write.
_SIZES = (1, 100, 1000, 4000, 20_000)
#: Exit statuses of killed writers.
KILLED = {9, -signal.SIGXFSZ}


def killed_everywhere(
    root: Path, restore: Callable[[], None], write: Callable[[], None], check: Callable[[bool], None]
) -> int:
    """Run `restore` and `write` again and again, and kill `write` at another operation each time.

    It is killed at its first, second, third... operation below `root`, until a run is not killed any more. Then it is
    killed in the middle of writes of several sizes. `check(False)` must hold after each kill, and `check(True)` after
    one more complete run. Returns how often the writer was killed.
    """
    kills = 0
    while True:
        restore()
        status = _forked(write, root, kill_at=kills + 1)
        if not _checked(status, write, root, check):
            break
        kills += 1
    for size in _SIZES:
        restore()
        kills += _checked(_forked(write, root, most_bytes=size), write, root, check)
    return kills


def _checked(status: int, write: Callable[[], None], root: Path, check: Callable[[bool], None]) -> bool:
    """Return whether the writer was killed. Raises AssertionError if the writer or a check failed."""
    assert status == 0 or status in KILLED, f"the writer failed with {status}"
    if status:
        check(False)
        assert _forked(write, root) == 0, "the writer fails after it was killed"
    check(True)
    return status != 0


def _forked(write: Callable[[], None], root: Path, kill_at: int = 0, most_bytes: int | None = None) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        if kill_at:
            _kill(root, kill_at)
        if most_bytes is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        write()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def _kill(root: Path, kill_at: int) -> None:
    """Arrange that this process is killed before the operation with this number."""
    left = kill_at

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(9)  # buffers are lost, as they are when a process is killed

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING):
            path = os.fsdecode(arguments[0]) if isinstance(arguments[0], (str, bytes, os.PathLike)) else ""
            if path.startswith(str(root)) or (path and not path.startswith("/")):
                count()

    real = os.fsync

    def fsync(descriptor: int) -> None:
        count()
        real(descriptor)

    os.fsync = fsync
    sys.addaudithook(hook)
