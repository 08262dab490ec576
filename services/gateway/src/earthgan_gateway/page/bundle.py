"""The built page in `bundle/` of the page's folder. `make bundle` makes it from the sources beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from earthgan.errors import BadInput

FOLDER = "bundle"
#: A file's version in its address is so many digits of its digest.
VERSION_DIGITS = 16
#: Where index.html takes what it is told, in their order there: addresses to ask for early, what the page is about, its
#: modules, and the first words that it shows.
PLACES = ("<!--files-->", "<!--page-->", "<!--code-->", "<!--title-->", "<!--notice-->")

#: What a site's service worker computes the chunks of a Zarr store with. No page loads it.
ZARR = "zarr.js"
#: Where a file of the bundle names its source map. Copies of the file have none beside them.
SOURCE_MAP = re.compile(r"\n//# sourceMappingURL=\S+\s*\Z")


@dataclass(frozen=True)
class Bundle:
    """The built page: its HTML, the version of each of its files, which are the first digits of a digest, and its
    sources' names.
    """

    folder: Path
    html: str
    versions: Mapping[str, str]
    sources: frozenset[str]

    @classmethod
    def of(cls, page: Path) -> Bundle | None:
        """Read the bundle of a page's folder. None if there is none, or if it was made of other sources.

        So a page whose sources somebody changes is served from its sources, until it is built again.
        """
        folder = page / FOLDER
        try:
            stated = json.loads((folder / "bundle.json").read_bytes())
            html = (folder / "index.html").read_text(encoding="utf-8")
            fresh = all(_digest(page / name) == digest for name, digest in stated["sources"].items())
            whole = all(_digest(folder / name).startswith(version) for name, version in stated["versions"].items())
        except (OSError, ValueError, KeyError, AttributeError):
            return None
        return cls(folder, html, stated["versions"], frozenset(stated["sources"])) if fresh and whole else None

    @classmethod
    def required(cls, page: Path) -> Bundle:
        """Read the bundle of a page's folder. Raises BadInput if `of` finds none."""
        found = cls.of(page)
        if found is None:
            raise BadInput(f"{page} holds no built page of its sources: run `make bundle` in the repository")
        return found


def version_of(content: bytes) -> str:
    """The version of a file in its address."""
    return sha256(content).hexdigest()[:VERSION_DIGITS]


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
