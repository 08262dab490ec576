"""Divides a safetensors file into two, byte for byte, so that a reader of some of its arrays does not wait for all."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

_LENGTH = struct.Struct("<Q")


def divided(data: bytes, is_first: Callable[[str], bool]) -> tuple[bytes, bytes]:
    """Return two safetensors files: the arrays whose names are `first`, and all others, in the order of the file.

    The header of a safetensors file is JSON, and its length comes before it. Raises ValueError if `data` is not such a
    file.
    """
    if len(data) < _LENGTH.size:
        raise ValueError("this is not a safetensors file")
    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    entries = {name: entry for name, entry in json.loads(data[_LENGTH.size : end]).items() if name != "__metadata__"}
    first = {name: entry for name, entry in entries.items() if is_first(name)}
    rest = {name: entry for name, entry in entries.items() if name not in first}
    return _file(first, data[end:]), _file(rest, data[end:])


def _file(entries: dict[str, Any], arrays: bytes) -> bytes:
    header, parts, at = {}, [], 0
    for name, entry in sorted(entries.items(), key=lambda item: int(item[1]["data_offsets"][0])):
        first, end = entry["data_offsets"]
        parts.append(arrays[first:end])
        header[name] = {**entry, "data_offsets": [at, at + end - first]}
        at += end - first
    text = json.dumps(header, separators=(",", ":")).encode()
    return _LENGTH.pack(len(text)) + text + b"".join(parts)
