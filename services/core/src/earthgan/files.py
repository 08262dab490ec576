"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

from earthgan.errors import BadInput


def write_whole(path: Path, content: bytes | str) -> Path:
    """Write a file under a temporary name and give it its own when it is whole. Raises BadInput."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content.encode() if isinstance(content, str) else content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror or error})") from error
    return path
