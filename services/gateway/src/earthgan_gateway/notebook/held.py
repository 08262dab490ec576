"""What a page in a notebook is made of: its HTML, and the files of a surrogate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from earthgan.errors import InvalidRequest
from earthgan.surrogate import Surrogate
from earthgan_gateway.offer import Offer
from earthgan_gateway.page.bundle import Bundle
from earthgan_gateway.page.html import Entry, held_page
from earthgan_gateway.page.manifest import Manifest, served_files, why_not

#: How the addresses of files begin that a page asks for by messages: `clients/web/held.js`.
_HELD = "held:/"
#: Files up to so many bytes in all are sent before they are needed.
_AT_ONCE_BYTES = 16_000_000


class Held:
    """A surrogate as a page in a notebook shows it. Raises InvalidRequest if browsers do not compute the surrogate."""

    def __init__(self, surrogate: Surrogate, page: Path) -> None:
        reason = why_not(surrogate)
        if reason is not None:
            raise InvalidRequest(f"no map of {surrogate.folder}: {reason}")
        self._surrogate, self._page = surrogate, page
        self._manifest = Manifest.of(Offer.of(surrogate))
        scale = 10 ** self._manifest.document["catalog"]["length_decimals"]
        depths_km = [surrogate.depth_km(r) for r in range(surrogate.grid.shape[0])]
        #: The depth of each shell as the page knows it: without decimals that say nothing.
        self.depths_km = [round(depth * scale) / scale for depth in depths_km]
        self._names = frozenset(served_files(surrogate))

    @property
    def default(self) -> Mapping[str, Any]:
        """The variable, the step `t` and the shell `r` that the page shows first."""
        found: Mapping[str, Any] = self._manifest.document["catalog"]["default"]
        return found

    @property
    def predicts(self) -> bool:
        """Whether there are times between the steps."""
        return self._surrogate.spec.generator.arguments.model_dump().get("prediction") is not None

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables that the page shows."""
        return tuple(self._manifest.document["catalog"]["variables"])

    def html(self, controls: Sequence[str]) -> str:
        """The page, with these controls. It holds its own modules. Raises BadInput if the page is not built."""
        title = self._surrogate.spec.title
        entry = Entry("surrogate", title, _HELD, self._manifest.document)
        start = (self._page / "notebook" / "start.js").read_text(encoding="utf-8")
        return held_page(Bundle.required(self._page), start, entry, f"?embed={','.join(controls)}")

    def file(self, name: str) -> bytes:
        """A file of the surrogate, or a part of its weights. Raises InvalidRequest if there is none of that name."""
        if name in self._manifest.parts:
            return self._manifest.parts[name]
        if name not in self._names:
            raise InvalidRequest(f"the surrogate has no file {name}")
        return (self._surrogate.folder / name).read_bytes()

    def files_at_once(self) -> Mapping[str, bytes]:
        """The files that a browser computes with, if they are small. A kernel that is busy then holds up no map."""
        names = [*self._manifest.parts, *(step.file for step in self._surrogate.steps)]
        sizes = [(self._surrogate.folder / step.file).stat().st_size for step in self._surrogate.steps]
        return {name: self.file(name) for name in names} if sum(sizes) <= _AT_ONCE_BYTES else {}
