"""The keys of cached answers, and their entity tags. Everything that can change a byte of an answer is a part of them.

Gateways that share a Redis therefore share only entries for which all of this is equal.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from earthgan_gateway.cache import packing
from earthgan_gateway.draws import named
from earthgan_gateway.formats import png

#: Raise it when the same stored shells would yield other derived quantities, samples or values at places.
VERSION = 3


@dataclass(frozen=True)
class Keys:
    """Makes keys and entity tags.

    `digest` identifies the surrogate, and `numerics` how its engine computes, such as `onnx/float32`. The other fields
    are the versions of the code between an engine and an answer. The versions of drawing and of file formats are not
    here, because a picture's own name contains them.
    """

    digest: str
    numerics: str
    packing: str = packing.VERSION
    numbers: int = VERSION
    compressor: str = png.COMPRESS.__name__

    def shell(self, variable: str, t: int, r: int, seed: int | None = None) -> str:
        """Return the key of a stored shell of one draw. The variable `*` stands for all variables."""
        return f"{self.digest}/{self.numerics}/{self.packing}/shell/{variable}/{t}/{r}{named(seed)}"

    def picture(self, name: str) -> str:
        """Return the key of a picture's bytes from the picture's own name."""
        return f"{self._numbers}/{self.compressor}/picture/{name}"

    def places(self, name: str) -> str:
        """Return the key of the numbers at a place from the request's own name."""
        return f"{self._numbers}/places/{name}"

    @property
    def _numbers(self) -> str:
        return f"{self.digest}/{self.numerics}/{self.packing}/{self.numbers}"

    @staticmethod
    def tag(key: str) -> str:
        """Return the opaque part of the entity tag for a key."""
        return hashlib.sha256(key.encode()).hexdigest()[:32]
