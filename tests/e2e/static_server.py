"""Web servers that know files and nothing else."""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO


class Plain(SimpleHTTPRequestHandler):
    """As `python -m http.server`, without its log: it does not know ranges."""

    def log_message(self, *_: object) -> None:
        pass


class Ranges(Plain):
    """Answers `Range: bytes=first-last` as web servers do."""

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        file = Path(self.translate_path(self.path))
        if asked is None or not file.is_file():
            return super().send_head()
        whole = file.read_bytes()
        first, end = int(asked[1]), min(int(asked[2]) + 1, len(whole))
        if first >= end:
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return None
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("content-range", f"bytes {first}-{end - 1}/{len(whole)}")
        self.send_header("content-length", str(end - first))
        self.end_headers()
        return io.BytesIO(whole[first:end])


@contextmanager
def static_server(folder: Path, handler: type[Plain] = Plain) -> Iterator[str]:
    """Serve a folder, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
