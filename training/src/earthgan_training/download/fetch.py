"""Fetches an archive over HTTP. The archive has its final name only after its checksum was verified.

What has arrived lies in a hidden file beside it, whose name contains the checksum. A later run continues this file if
the server answers a request for the rest (`Range`), and otherwise begins anew.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from earthgan import __version__
from earthgan.errors import BadInput
from earthgan.files import cannot_be_written, flush
from earthgan_training.download.table import SCHEMES, Archive

#: How long the server may be silent.
SILENCE_S = 60
_CHUNK = 2**20
#: Is told how many bytes have arrived, of how many if the server said so.
Watch = Callable[[int, int | None], None]


class _Broken(BadInput):
    """The connection ended before the whole archive had arrived."""


def fetch(archive: Archive, folder: Path, watch: Watch = lambda have, of: None) -> bool:
    """Fetch an archive to its place below `folder`. Returns False if it was there already.

    If the connection breaks, the rest is asked for again for as long as every try brings something. Raises BadInput if
    the archive does not arrive whole with its checksum. Nothing then has its name.
    """
    path = folder / archive.name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"{path}: leads out of the folder {folder}")
    try:
        if path.exists():
            _check_existing(path, archive)
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{archive.sha256[:16]}.partial")
        while True:
            before = _size(part)
            try:
                digest = _receive(archive.address, part, watch)
                break
            except _Broken:
                if _size(part) <= before:
                    raise
        if digest != archive.sha256:
            part.unlink()
            raise BadInput(f"{path}: has the checksum {digest}, but the table says {archive.sha256}: it is not kept")
        flush(part)
        part.replace(path)
    except OSError as error:
        raise cannot_be_written(path, error) from error
    return True


def _check_existing(path: Path, archive: Archive) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != archive.sha256:
        raise BadInput(
            f"{path}: exists already with the checksum {found}, but the table says {archive.sha256}: remove it first"
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _receive(address: str, part: Path, watch: Watch) -> str:
    """Receive what is missing in `part`, and return the checksum of the whole. Raises BadInput, and OSError if `part`
    cannot be written.
    """
    digest = hashlib.sha256()
    with part.open("a+b") as file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        with _Answer.of(address, file.tell()) as answer:
            if answer.first == 0:
                file.truncate(0)
                digest = hashlib.sha256()
            have = answer.first
            free = shutil.disk_usage(part.parent).free
            if answer.whole is not None and answer.whole - have > free:
                raise BadInput(
                    f"{part.parent}: {_in_words(answer.whole - have)} are to come, but only {_in_words(free)} are free"
                )
            watch(have, answer.whole)
            while chunk := answer.read():
                file.write(chunk)
                digest.update(chunk)
                have += len(chunk)
                watch(have, answer.whole)
        if answer.whole is not None and have != answer.whole:
            raise _Broken(
                f"{_shown(address)}: only {have:,} of {answer.whole:,} bytes arrived; the next run continues if the "
                "server can"
            )
    return digest.hexdigest()


@dataclass(frozen=True)
class _Answer:
    """A server's answer: its bytes begin at the byte `first` of the archive, which has `whole` bytes if the server says
    so.
    """

    address: str
    stream: Any
    first: int
    whole: int | None

    @classmethod
    def of(cls, address: str, have: int) -> _Answer:
        """The answer to a request for all bytes after the first `have`. Raises BadInput."""
        headers = {"User-Agent": f"earthgan/{__version__}", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with _asking(address):
            try:
                opener = urllib.request.build_opener(_Redirects)
                stream = opener.open(urllib.request.Request(address, headers=headers), timeout=SILENCE_S)
            except urllib.error.HTTPError as error:
                with error:
                    if have and error.code == 416:  # there is nothing after these bytes
                        return cls.of(address, 0) if _total(error.headers) != have else cls(address, None, have, have)
                    raise
        first, whole = 0, _number(stream.headers.get("Content-Length"))
        if stream.status == 206:
            match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", stream.headers.get("Content-Range", ""))
            if not match or int(match[1]) != have:
                stream.close()
                raise BadInput(f"{_shown(address)}: the server answers with a part that was not asked for")
            first, whole = have, _number(match[2])
        return cls(address, stream, first, whole)

    def read(self) -> bytes:
        if self.stream is None:
            return b""
        with _asking(self.address):
            data: bytes = self.stream.read(_CHUNK)
            return data

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_: object) -> None:
        if self.stream is not None:
            self.stream.close()


def _total(headers: Message) -> int | None:
    """The size of the whole archive, which an answer 416 states as `bytes */SIZE`."""
    return _number(headers.get("Content-Range", "").removeprefix("bytes */"))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


@contextmanager
def _asking(address: str) -> Iterator[None]:
    """Turn what goes wrong between us and a server into one line. No file may be written in this block."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise BadInput(f"{_shown(address)}: the server answers {error.code} {_reason(error.reason)}") from error
    except urllib.error.URLError as error:
        raise BadInput(f"{_shown(address)}: cannot be fetched ({_reason(error.reason)})") from error
    except http.client.IncompleteRead as error:
        raise _Broken(f"{_shown(address)}: the connection ended too early") from error
    except (ConnectionError, TimeoutError) as error:
        raise _Broken(f"{_shown(address)}: the connection broke ({_reason(error)})") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadInput(f"{_shown(address)}: cannot be fetched ({_reason(error)})") from error


def _reason(error: object) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _shown(address: str) -> str:
    """An address without its query and its user, which may hold a secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _in_words(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to the same scheme, or from http to https."""

    def redirect_request(
        self, request: urllib.request.Request, file: IO[bytes], code: int, message: str, headers: Any, address: str
    ) -> urllib.request.Request | None:
        scheme = urlsplit(address).scheme
        if scheme not in SCHEMES or (request.type == "https" and scheme == "http"):
            raise urllib.error.URLError(f"it redirects from {request.type} to {scheme}, which is not followed")
        return super().redirect_request(request, file, code, message, headers, address)
