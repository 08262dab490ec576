"""Packages of npm that tests use in pages or beside them."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest


def npm_package(request: pytest.FixtureRequest, name: str, sha512: str | None = None) -> Path:
    """The folder of a package such as `axe-core@4.14.1`, downloaded once into pytest's cache. Skips the test without
    npm, or where npm cannot download it. `sha512` is what the archive has to be, in base64.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = Path(request.config.cache.mkdir("npm"))
    archive = folder / (name.removeprefix("@").replace("/", "-").replace("@", "-") + ".tgz")  # as npm calls it
    if not archive.is_file():
        command = [npm, "pack", "--silent", name]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            pytest.skip(f"npm cannot download {name} here")
    body = archive.read_bytes()
    assert sha512 is None or base64.b64encode(hashlib.sha512(body).digest()).decode() == sha512
    place = folder / name
    if not place.is_dir():
        with tarfile.open(fileobj=io.BytesIO(body)) as files:
            # Debian's Python 3.11.2 has no filters.
            files.extractall(place, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return place / "package"
