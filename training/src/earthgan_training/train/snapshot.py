"""What a run was trained with: the sources of our packages, their git revision, and the versions of all packages."""

from __future__ import annotations

import hashlib
import io
import platform
import re
import subprocess
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import earthgan
import earthgan_training

#: The earliest time that a zip file can state. All files get it, so that the same sources give the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


def sources() -> Iterator[tuple[str, Path]]:
    """The name and the path of every source file that a run depends on, in order."""
    for package in (earthgan, earthgan_training):
        folder = Path(package.__path__[0])
        for path in sorted((*folder.rglob("*.py"), *folder.rglob("configs/*.toml"))):
            yield f"{package.__name__}/{path.relative_to(folder).as_posix()}", path


def source_zip() -> bytes:
    """All source files as a zip file of 0.6 MB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sources():
            archive.writestr(zipfile.ZipInfo(name, _TIME), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def source_sha256() -> str:
    """The digest of all source files."""
    digest = hashlib.sha256()
    for name, path in sources():
        digest.update(f"{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def git_state(folder: Path) -> dict[str, Any] | None:
    """The revision of the git checkout that holds `folder`, and whether anything in that folder differs from it. None
    outside a checkout, and if git is missing or does not know the folder.
    """
    try:
        if not _git(folder, "ls-files", "--", "."):
            return None
        return {
            "revision": _git(folder, "rev-parse", "HEAD"),
            "dirty": bool(_git(folder, "status", "--porcelain", "--", ".")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def versions() -> dict[str, str]:
    """The version of Python, of our packages, and of each package that they require and that is installed."""
    ours = ("earthgan", "earthgan-training")
    found = {"python": platform.python_version()}
    for package in ours:
        try:
            stated = requires(package) or []
        except PackageNotFoundError:
            continue
        for name in (package, *(re.split(r"[^A-Za-z0-9_.-]", requirement)[0] for requirement in stated)):
            try:
                found[name] = version(name)
            except PackageNotFoundError:  # an extra that is not installed
                continue
    return found


def snapshot() -> dict[str, Any]:
    """Everything except the sources themselves, for a run's description."""
    states = [git_state(Path(package.__path__[0])) for package in (earthgan_training, earthgan)]
    known = [state for state in states if state]
    return {
        "source_sha256": source_sha256(),
        "git": {**known[0], "dirty": any(state["dirty"] for state in known)} if known else None,
        "packages": versions(),
    }
