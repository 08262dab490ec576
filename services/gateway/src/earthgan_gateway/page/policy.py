"""The content security policy of the page."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

#: The page runs its own files, a worker of its own that compiles WebAssembly, and shows pictures that it has made.
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "base-uri 'self'; form-action 'none'; frame-ancestors {around}"
)
_WITHIN = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def page_policy(html: str, *, embedded: bool = False) -> str:
    """The policy of a page, which allows the scripts that stand in its HTML by their digests, and no others.

    `embedded` lets pages of other sites show it. It has nothing to press that changes anything but what it shows.
    """
    digests = (b64encode(sha256(script.encode()).digest()).decode() for script in _WITHIN.findall(html))
    scripts = "".join(f" 'sha256-{digest}'" for digest in digests)
    return _POLICY.format(scripts=scripts, around="*" if embedded else "'self'")
