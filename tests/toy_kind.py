"""A kind of surrogate that this package does not know: the sine of latitude, and a folder that holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.registry import Feeds, Kind, KindArguments, StepInputs, register
from earthgan.records import Affine, FileSpec, GridSpec, StepSpec, VariableSpec
from earthgan.spec import GeneratorSpec, Provenance, SurrogateSpec
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.verified import file_sha256

Array = NDArray[np.float32]
GRID = ShellGrid.cell_centred((4000.0, 5000.0), 12, 24)


class SineArguments(KindArguments):
    preset: Literal["sine"] = "sine"
    warmest: float


class SineInputs(StepInputs):
    """Inputs whose steps are JSON files with one number, which multiplies the sine."""

    text: Literal["json"] = "json"


class _Inputs:
    grid = None
    stored_as = "json"

    def check(self, path: Path) -> None: ...

    def read(self, path: Path) -> Array:
        return np.array([json.loads(path.read_text())], np.float32)

    def has(self, path: Path) -> bool:
        return True

    def read_ahead(self, path: Path) -> bool:
        return False

    def keep(self, max_bytes: int) -> None: ...

    def cut(self, conditional_input: Array, window: Window) -> Array:
        return conditional_input

    def look(self, conditional_input: Array) -> tuple[ShellGrid, Array]:
        return GRID, _sine(GRID.whole, conditional_input)[None]


class _Planner:
    def feeds(self, window: Window, seed: int | None) -> Feeds:
        return {}

    def multiply_adds(self, window: Window, variables: int) -> int:
        return int(np.prod(window.shape))


def _sine(window: Window, factor: Array) -> Array:
    rows = np.sin(np.radians(np.asarray(GRID.latitudes_deg)[window.rows.start : window.rows.stop]))
    return np.broadcast_to(factor * rows[:, None], window.shape).astype(np.float32)


@register
class SineKind(Kind):
    name = "sine"
    Arguments = SineArguments
    StepInputs = SineInputs
    evaluates = True

    @classmethod
    def open(
        cls, arguments: Any, inputs: Any, variables: Sequence[VariableSpec], grid: ShellGrid, weights: Path
    ) -> Kind:
        if grid != GRID:
            raise ValueError("the sine has a grid of its own")
        return cls(_Planner(), _Inputs())

    @classmethod
    def torch_module(cls, arguments: Any, variables: int) -> Any:
        raise NotImplementedError

    @classmethod
    def onnx_graph(cls, arguments: Any, variables: int, state: Mapping[str, Array]) -> Any:
        raise NotImplementedError

    def evaluate(self, conditional_input: Array, window: Window, variables: Sequence[int]) -> Array:
        return np.stack([_sine(window, conditional_input) for _ in variables])


def write_sine(folder: Path, warmest: float = 4000.0) -> Path:
    """Write a surrogate of this kind with two steps. The second step is half as warm."""
    (folder / "inputs").mkdir(parents=True)
    (folder / "weights").write_bytes(b"")
    steps = []
    for t, factor in ((1, 1.0), (2, 0.5)):
        path = folder / "inputs" / f"{t}.json"
        path.write_text(json.dumps(factor))
        steps.append(StepSpec(t=t, file=f"inputs/{t}.json", sha256=file_sha256(path)))
    spec = SurrogateSpec(
        title="A sine",
        description="The sine of latitude.",
        variables=(
            VariableSpec(
                name="temperature",
                long_name="Temperature",
                unit="K",
                colormap="crameri:batlow",
                range=(0, warmest),
                normalisation=Affine(offset=warmest / 2, scale=warmest / 2),
            ),
        ),
        grid=GridSpec.of(GRID),
        generator=GeneratorSpec(
            arguments=SineArguments(warmest=warmest),
            weights=FileSpec(file="weights", sha256=file_sha256(folder / "weights")),
        ),
        inputs=SineInputs(steps=tuple(steps)),
        provenance=Provenance(source="none", licence="CC0-1.0", notice="Not a mantle.", simulated=True),
    )
    (folder / "spec.json").write_text(spec.to_json())
    return folder
