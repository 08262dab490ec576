"""Fetches a surrogate folder from a file server into the user's cache folder."""

from __future__ import annotations

import hashlib
import http.client
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from pydantic import ValidationError

from earthgan import __version__
from earthgan.errors import BadInput, what_is_wrong
from earthgan.files import whole
from earthgan.kept import cache_folder
from earthgan.records import FileSpec
from earthgan.spec import SPEC_FILE, SurrogateSpec
from earthgan.verified import LONGEST_SPEC_BYTES, files_of

#: How long a server may be silent.
SILENCE_S = 30
#: No file of a surrogate is longer.
LONGEST_FILE_BYTES = 2**31
#: So many files are fetched at once.
_TOGETHER = 8


def is_address(text: str) -> bool:
    """Whether this is the address of a folder, and not its path."""
    return text.startswith(("http://", "https://"))


def fetched(address: str) -> Path:
    """The local copy of the surrogate folder at an address. Its digest names it, so nothing is fetched twice.

    Raises BadInput, which names the file, if the server does not give every file with the digest that `spec.json`
    states.
    """
    base = address.removesuffix(SPEC_FILE).rstrip("/")
    text = _read(f"{base}/{SPEC_FILE}", LONGEST_SPEC_BYTES)
    folder = (cache_folder() or Path(tempfile.gettempdir())) / "surrogates" / hashlib.sha256(text).hexdigest()
    if folder.exists():
        return folder
    try:
        files = files_of(SurrogateSpec.model_validate_json(text))
    except ValidationError as error:
        raise BadInput(f"{base}/{SPEC_FILE}: {what_is_wrong(error)}") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    with whole(folder) as part:
        part.mkdir()
        (part / SPEC_FILE).write_bytes(text)
        with ThreadPoolExecutor(_TOGETHER) as pool:
            list(pool.map(lambda file: _fetch(base, file, part), files))
    return folder


def _fetch(base: str, file: FileSpec, folder: Path) -> None:
    address, path = f"{base}/{quote(file.file)}", folder / file.file
    content = _read(address, LONGEST_FILE_BYTES)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise BadInput(f"{address}: does not have the digest that {SPEC_FILE} states")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _read(address: str, longest: int) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": f"earthgan/{__version__}"})
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_S) as answer:  # http(s) by is_address  # nosec B310
            content: bytes = answer.read(longest + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise BadInput(f"{address}: the server answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadInput(f"{address}: {getattr(error, 'reason', None) or error}") from error
    if len(content) > longest:
        raise BadInput(f"{address}: is longer than {longest} bytes")
    return content
