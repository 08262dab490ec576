"""The errors of the domain, each with one sentence that may be shown to whoever asked.

EarthGANError
├── NotFound                what was asked for does not exist
│   ├── UnknownVariable
│   ├── UnknownStep
│   ├── UnknownShell
│   └── TileOutsideMatrix
├── InvalidRequest          it could exist, but the request cannot be read
├── WrongUsage              options of a command that do not go together
├── BadInput                a file or folder given to a command cannot be used
│   └── DamagedSurrogate    a surrogate folder that is not whole; names the file
└── EngineError             the generator did not give an answer
    ├── EngineUnavailable   not reachable or not ready: try again later
    ├── EngineTimeout       no answer before the deadline
    └── EngineAnswerInvalid an answer of the wrong shape, type, digest, or not finite
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class EarthGANError(Exception):
    """Base of every error that EarthGAN raises on purpose."""


class NotFound(EarthGANError):
    """What was asked for does not exist."""


class UnknownVariable(NotFound):
    """The surrogate has no variable of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown variable {name!r}: this surrogate has {', '.join(known)}")


class UnknownStep(NotFound):
    """The surrogate has no conditional input for that time step."""

    def __init__(self, t: int, first: int, last: int) -> None:
        super().__init__(f"no time step {t}: this surrogate has steps between {first} and {last}")


class UnknownShell(NotFound):
    """There is no radial shell of that index."""

    def __init__(self, r: int, count: int) -> None:
        super().__init__(f"no radial shell {r}: this surrogate has shells 0 to {count - 1}, 0 next to the core")


class TileOutsideMatrix(NotFound):
    """The tile lies outside its tile matrix set."""

    def __init__(self, tms: str, z: int, x: int, y: int) -> None:
        super().__init__(f"tile {z}/{x}/{y} is outside {tms}")


class InvalidRequest(EarthGANError):
    """The request cannot be read."""


class WrongUsage(EarthGANError):
    """Options that argparse accepts one by one, but that do not go together."""


class BadInput(EarthGANError):
    """A file, folder or option given to a command cannot be used."""


class DamagedSurrogate(BadInput):
    """A surrogate folder (or archive) is not whole."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class EngineError(EarthGANError):
    """The generator did not give an answer."""


class EngineUnavailable(EngineError):
    """The engine cannot be reached, or is not ready."""


class EngineTimeout(EngineError):
    """The engine did not answer before the deadline."""


class EngineAnswerInvalid(EngineError):
    """The engine answered with something that is not the field asked for."""


def what_is_wrong(error: ValidationError) -> str:
    """The first thing that a model found wrong, with its place, on one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
