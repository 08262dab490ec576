"""Parts of an answer (RFC 9110, section 14): programs that read files over HTTP ask for the bytes that they need."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(Exception):
    """No byte of the answer, which has `size` bytes, lies in the range."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def asked_range(headers: list[tuple[bytes, bytes]], etag: bytes, size: int) -> slice | None:
    """The part of `size` bytes that a request's headers ask for; None means all of them.

    A range of another unit, several ranges and a range of an older version (`If-Range`) mean all bytes, as the standard
    allows. Raises Unsatisfiable.
    """
    found = dict(headers)
    match = _ONE_RANGE.fullmatch(found.get(b"range", b"").strip())
    if match is None or found.get(b"if-range", etag).strip() != etag:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:  # the last so many bytes
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return None  # it is no range
    if start >= stop:
        raise Unsatisfiable(size)
    return slice(start, stop)
