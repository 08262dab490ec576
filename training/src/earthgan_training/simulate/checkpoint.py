"""A run's state on disk. It holds all that the run needs to continue to the same bits."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.files import whole
from earthgan_training.simulate.clock import Clock
from earthgan_training.simulate.model import Past, State
from earthgan_training.simulate.parameters import Setup

CHECKPOINT_FILE = "checkpoint.npz"
FORMAT = 2


@dataclass(frozen=True)
class Checkpoint:
    """A state in one of the set-up's stages, and the history up to this state as `(row, column)`."""

    stage: int
    state: State
    history: NDArray[np.float64]


def fingerprint(setup: Setup, seed: int) -> dict[str, Any]:
    """Describe a run. A run continues from a checkpoint only if both descriptions are equal."""
    described: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, "seed": seed, "setup": asdict(setup)}))
    return described


def save(folder: Path, checkpoint: Checkpoint, identity: dict[str, Any]) -> None:
    """Write a folder's checkpoint, whole or not at all. Raises BadInput."""
    state = checkpoint.state
    about = {
        "identity": identity,
        "stage": checkpoint.stage,
        "clock": asdict(state.clock),
        "step": state.step,
        "past_dt": [each.dt for each in state.past],
    }
    with whole(folder / CHECKPOINT_FILE) as part:
        np.savez(
            part,
            about=np.frombuffer(json.dumps(about).encode(), np.uint8),
            temperature=state.temperature,
            past_temperature=np.array([each.temperature for each in state.past]),
            past_advection=np.array([each.advection for each in state.past]),
            history=checkpoint.history,
        )


def load(folder: Path, identity: dict[str, Any]) -> Checkpoint | None:
    """Read a folder's checkpoint; None if there is none.

    Raises BadInput if it is damaged or belongs to another run.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(stored["about"].tobytes())
            found = about["identity"]
            if found != identity:
                raise BadInput(f"{path}: belongs to another run ({_difference(found, identity)}); choose another --out")
            state = State(
                temperature=stored["temperature"],
                past=tuple(map(Past, stored["past_temperature"], stored["past_advection"], about["past_dt"])),
                clock=Clock(**about["clock"]),
                step=about["step"],
            )
            return Checkpoint(about["stage"], state, stored["history"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path}: cannot be read as a checkpoint ({error}); delete it to start again") from error


def _difference(found: Any, wanted: Any, name: str = "") -> str:
    """Name the first entry that differs, such as `setup.physics.rayleigh is 5000 there and 7000 here`."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted({*found, *wanted}):
            if found.get(key) != wanted.get(key):
                return _difference(found.get(key), wanted.get(key), f"{name}.{key}" if name else key)
    return f"{name} is {found} there and {wanted} here"
