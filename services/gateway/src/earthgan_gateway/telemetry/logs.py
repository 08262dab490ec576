"""Logs on stderr: one JSON object per line for machines, and plain lines for a person at a terminal."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextvars import ContextVar
from typing import TextIO

#: The identifier of the request that is being answered. It is in every log line about that request.
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
#: The attributes that every record has. All others were added by the caller (`extra=`).
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


def request_id() -> str | None:
    """Return the identifier of the request that is being answered here."""
    return _request_id.get()


def set_request_id(value: str) -> None:
    """Set the identifier of the request that is being answered.

    Nothing has to reset it, because the server runs each request in a context of its own.
    """
    _request_id.set(value)


class JsonFormatter(logging.Formatter):
    """Writes `time` (UTC), `level`, `logger`, `message`, `request_id`, `exception`, and what the caller added."""

    def format(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identifier := request_id():
            line["request_id"] = identifier
        line |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Writes lines such as `14:03:07 WARNING earthgan_gateway.cache: Redis failed... (request 1a2b)`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        identifier = request_id()
        return super().format(record) + (f" (request {identifier})" if identifier else "")


def set_up_logging(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log of this process to stderr. Only the command that owns the process should call this.

    `level` is a name that `logging` knows, in either case. The messages of libraries appear only from WARNING on,
    because httpx2 logs every request at INFO. uvicorn must be configured with `log_config=None`; otherwise it adds its
    own handlers.
    """
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(TextFormatter() if out.isatty() else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("earthgan", "earthgan_gateway"):
        logging.getLogger(name).setLevel(level.upper())
