"""The interface of an engine. One contract suite (`tests/integration/test_engines.py`) runs on each that implements
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from earthgan.sphere.grid import Window
from earthgan.surrogate import Field

#: Who waits for a call: a reader who looks at the map, or a read that takes many calls. The first never waits behind
#: the second, and readiness waits behind neither.
Lane = Literal["map", "long"]

#: A probe need not run where real work has succeeded so recently.
FRESH_S = 2.0


class Engine(Protocol):
    """Runs the generator of one surrogate.

    `numerics` identifies how it computes, such as `onnx/float32`. Engines whose numbers may differ in a single bit
    have different ones, for it is part of every key and entity tag.
    """

    numerics: str

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        """Radial shells `(variable, shell, latitude, longitude)` in the variables' units; without a seed, the
        surrogate's own.

        `deadline` is a moment of `time.monotonic()`. Raises NotFound for what the surrogate does not have,
        EngineTimeout past the deadline, EngineUnavailable where the generator cannot be reached, EngineAnswerInvalid
        where it answers with nonsense.
        """
        ...

    async def window(
        self,
        variables: Sequence[str],
        t: int,
        window: Window,
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        """A box `(variable, shell, row, column)` of shells, in units: the same numbers, for the work of the box alone.

        Rows and shells are the grid's; columns are at most one turn and may run over the date line. Raises as `shells`
        does, and InvalidRequest for another box.
        """
        ...

    async def ready(self, deadline: float) -> None:
        """Return after a small real inference by the right surrogate, or at once where one has just succeeded. Raises
        EngineError.
        """
        ...

    async def close(self) -> None:
        """Let go of threads and connections."""
        ...
