"""The errors of the domain. The message of each is one sentence that may be shown to the user.

EarthGANError
├── NotFound                the requested thing does not exist
│   ├── UnknownVariable
│   ├── UnknownStep
│   ├── UnknownShell
│   └── TileOutsideMatrix
├── InvalidRequest          the request cannot be read
├── WrongUsage              the options of a command do not go together
├── BadInput                a file, folder or option given to a command cannot be used
│   └── DamagedSurrogate    a surrogate folder is incomplete or altered; the message names the file
└── EngineError             the generator did not give an answer
    ├── EngineUnavailable   the engine cannot be reached or is not ready; a later try may succeed
    │   ├── EngineAway      it has not been asked, because it did not answer before
    │   └── EngineBusy      more is asked for than the engine can answer in time
    ├── EngineTimeout       the engine did not answer before the deadline
    └── EngineAnswerInvalid the answer has the wrong shape, type or digest, or is not finite
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class EarthGANError(Exception):
    """Base of every error that EarthGAN raises on purpose."""


class NotFound(EarthGANError):
    """The requested thing does not exist."""


class UnknownVariable(NotFound):
    """The surrogate has no variable of that name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown variable {name!r}: this surrogate has {', '.join(known)}")


class UnknownStep(NotFound):
    """The surrogate has no conditional input for that time step."""

    def __init__(self, t: float, first: int, last: int) -> None:
        super().__init__(f"no time step {t}: this surrogate has steps between {first} and {last}")


class UnknownShell(NotFound):
    """There is no radial shell of that index."""

    def __init__(self, r: int, count: int) -> None:
        super().__init__(f"no radial shell {r}: this surrogate has shells 0 (next to the core) to {count - 1}")


class TileOutsideMatrix(NotFound):
    """The tile lies outside its tile matrix set."""

    def __init__(self, tms: str, z: int, x: int, y: int) -> None:
        super().__init__(f"tile {z}/{x}/{y} is outside {tms}")


class InvalidRequest(EarthGANError):
    """The request cannot be read."""


class WrongUsage(EarthGANError):
    """argparse accepts each option, but the options do not go together."""


class BadInput(EarthGANError):
    """A file, folder or option given to a command cannot be used."""


class DamagedSurrogate(BadInput):
    """A surrogate folder or archive is incomplete or altered."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class EngineError(EarthGANError):
    """The generator did not give an answer."""


class EngineUnavailable(EngineError):
    """The engine cannot be reached or is not ready. `retry_after_s` says when it may be, if that is known."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EngineAway(EngineUnavailable):
    """The engine was not even asked, because it did not answer before and has not come back yet."""


class EngineBusy(EngineUnavailable):
    """More is asked for than the engine can answer in time."""


class EngineTimeout(EngineError):
    """The engine did not answer before the deadline."""


class EngineAnswerInvalid(EngineError):
    """The engine's answer is not the requested field."""


def what_is_wrong(error: ValidationError) -> str:
    """The first fault that a model found and the place of the fault, on one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    fault = first["msg"].removeprefix("Value error, ")
    return f"{place}: {fault}" if place else fault
