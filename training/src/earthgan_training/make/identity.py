"""What identifies a source without opening it: its files, their sizes and when they changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from earthgan_training.simulations.labelled import Source


def identity_of(addresses: Sequence[str | Path], mapping: Path | None, missing: str | None) -> dict[str, Any] | None:
    """JSON that changes when a local source or the way to read it changes. None if an address is not a local path."""
    files = []
    for address in (*addresses, *([mapping] if mapping else [])):
        path = Path(address)
        try:
            found = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
            files += [(str(each.resolve()), each.stat().st_size, each.stat().st_mtime_ns) for each in found]
        except OSError:
            return None
    return {"files": files, "missing": missing}


def identity_by_digests(source: Source, missing: str | None) -> dict[str, Any]:
    """The same for a source that is not in local files, such as a Dataset. All of its steps are read.

    Raises BadInput.
    """
    return {"steps": [source.digest(step.t) for step in source.steps], "missing": missing}
