"""The names under which answers are kept, and their entity tags. Whatever changes a byte of an answer is part of them.

Gateways that share a Redis share entries only where all of these are equal.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from earthgan_gateway.cache import packing
from earthgan_gateway.formats import png

#: Raise it when the same stored shells would give other derived quantities, samples or places.
VERSION = 1


@dataclass(frozen=True)
class Keys:
    """Makes keys and tags. `digest` identifies the surrogate, and `numerics` how its engine computes, such as
    `onnx/float32`; the others are the versions of what lies between an engine and an answer.

    The versions of drawing and of file formats are in a picture's own name.
    """

    digest: str
    numerics: str
    packing: str = packing.VERSION
    numbers: int = VERSION
    compressor: str = png.COMPRESS.__name__

    def shell(self, variable: str, t: int, r: int) -> str:
        """The key of a stored shell; `*` as the variable stands for all of them."""
        return f"{self.digest}/{self.numerics}/{self.packing}/shell/{variable}/{t}/{r}"

    def picture(self, name: str) -> str:
        """The key of a picture's bytes, by the picture's own name."""
        return f"{self._numbers}/{self.compressor}/picture/{name}"

    def places(self, name: str) -> str:
        """The key of the numbers at a place, by the question's own name."""
        return f"{self._numbers}/places/{name}"

    @property
    def _numbers(self) -> str:
        return f"{self.digest}/{self.numerics}/{self.packing}/{self.numbers}"

    @staticmethod
    def tag(key: str) -> str:
        """The opaque part of the entity tag of what a key names."""
        return hashlib.sha256(key.encode()).hexdigest()[:32]
