"""Use case: answer inferences of other gateways and programs, as a model of the Open Inference Protocol.

The model takes the names of variables, a time step and radial shells, and gives their values in units. Its inputs say
what the gateway's own engines are asked for, so a gateway may be the model server of others.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from earthgan.errors import InvalidRequest
from earthgan.sphere.grid import Window
from earthgan.surrogate import Field, Surrogate
from earthgan_gateway.engines import Admission, Engine, Lane
from earthgan_gateway.tensors import MODEL, OUTPUT, TEXT, Values

#: The most values of an answer, which are 64 MiB, and of an answer in JSON.
MOST_VALUES, MOST_JSON_VALUES = 2**24, 2**18
LARGEST_SEED = 2**32 - 1
#: The inputs by name, with their types and shapes. Those that may be left out are last.
INPUTS: dict[str, tuple[str, list[int]]] = {
    "variables": (TEXT, [-1]),
    "step": ("INT64", [1]),
    "shells": ("INT64", [-1]),
    "seed": ("INT64", [1]),
    "rows": ("INT64", [2]),
    "columns": ("INT64", [2]),
}
REQUIRED = ("variables", "step", "shells")


@dataclass(frozen=True)
class Question:
    """What an inference asks for. Without rows and columns, it is whole shells."""

    variables: tuple[str, ...]
    t: int
    shells: tuple[int, ...]
    seed: int | None
    window: Window | None


def metadata(surrogate: Surrogate) -> dict[str, Any]:
    """The metadata of the model. -1 stands for any length."""
    return {
        "name": MODEL,
        "platform": "earthgan",
        "inputs": [{"name": name, "datatype": kind, "shape": shape} for name, (kind, shape) in INPUTS.items()],
        "outputs": [{"name": OUTPUT, "datatype": "FP32", "shape": [-1, -1, -1, -1]}],
        "parameters": {"digest": surrogate.digest, "required": ",".join(REQUIRED)},
    }


class Inference:
    """Answers questions about one surrogate. Large ones are admitted by `reads`, as long reads are."""

    def __init__(self, surrogate: Surrogate, engine: Engine, timeout_s: float, reads: Admission) -> None:
        self.surrogate = surrogate
        self._engine = engine
        self._timeout_s = timeout_s
        self._reads = reads

    def question(self, inputs: dict[str, Values]) -> Question:
        """Read the inputs, and check them against the surrogate. Raises InvalidRequest and NotFound."""
        for name in inputs:
            if name not in INPUTS:
                raise InvalidRequest(f"there is no input {name[:40]!r}: the known ones are {', '.join(INPUTS)}")
        for name in REQUIRED:
            if name not in inputs:
                raise InvalidRequest(f"the input {name} is missing")
        variables = tuple(inputs["variables"])
        if not variables or not isinstance(inputs["variables"], list):
            raise InvalidRequest(f"variables must be texts (datatype {TEXT})")
        (t,), shells = _whole(inputs, "step", 1), _whole(inputs, "shells")
        seed = _whole(inputs, "seed", 1)[0] if "seed" in inputs else None
        if seed is not None and not 0 <= seed <= LARGEST_SEED:
            raise InvalidRequest(f"seed must be a number from 0 to {LARGEST_SEED}")
        if ("rows" in inputs) != ("columns" in inputs):
            raise InvalidRequest("rows and columns belong together")
        window = None
        if "rows" in inputs:
            if list(shells) != list(range(shells[0], shells[0] + len(shells))):
                raise InvalidRequest("with rows and columns, shells must follow one another")
            window = Window(
                range(shells[0], shells[0] + len(shells)),
                range(*_whole(inputs, "rows", 2)),
                range(*_whole(inputs, "columns", 2)),
            )
        found = Question(variables, t, shells, seed, window)
        self._check(found)
        return found

    def values(self, question: Question) -> int:
        """The number of values of the answer."""
        _, rows, columns = self.surrogate.grid.shape
        if question.window is not None:
            rows, columns = len(question.window.rows), len(question.window.columns)
        return len(question.variables) * len(question.shells) * rows * columns

    async def answer(self, question: Question, lane: Lane = "long", timeout_s: float | None = None) -> Field:
        """Return the values `(variable, shell, row, column)` in units. Raises EngineError.

        Only what is as small as a map's question may be asked in the lane of maps. `timeout_s` may shorten the
        gateway's own time.
        """
        deadline = time.monotonic() + min(self._timeout_s, self._timeout_s if timeout_s is None else timeout_s)
        _, rows, columns = self.surrogate.grid.shape
        if self.values(question) > len(self.surrogate.variables) * rows * columns:
            lane = "long"
        with self._reads.place("inference") if lane == "long" else nullcontext():
            if question.window is not None:
                return await self._engine.window(
                    question.variables, question.t, question.window, question.seed, deadline, lane
                )
            return await self._engine.shells(
                question.variables, question.t, question.shells, question.seed, deadline, lane
            )

    def _check(self, question: Question) -> None:
        for name in question.variables:
            self.surrogate.check_variable(name)
        self.surrogate.check_step(question.t)
        for r in question.shells:
            self.surrogate.check_shell(r)
        if question.window is not None:
            self.surrogate.check_box(question.window.rows, question.window.columns)
        if self.values(question) > MOST_VALUES:
            raise InvalidRequest(f"an answer has at most {MOST_VALUES} values, and this one {self.values(question)}")


def _whole(inputs: dict[str, Values], name: str, count: int | None = None) -> tuple[int, ...]:
    values = inputs[name]
    if isinstance(values, list) or values.dtype.kind != "i" or values.size != (count or max(1, values.size)):
        raise InvalidRequest(f"{name} must be {count or 'at least one'} whole number(s) (datatype {INPUTS[name][0]})")
    return tuple(int(each) for each in values.ravel())
