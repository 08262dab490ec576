"""What a run tells: a line of JSON and TensorBoard's numbers for each step, and panels to look at.

TensorBoard's own writer is a thread, which a full disk kills unheard; its records are written here, one after another.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.files import write_whole

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


class Report:
    """Goes on after `step`; lines of later steps, of a run that was killed after its last checkpoint, are taken out.
    Everything raises OSError or BadInput where it cannot be written.
    """

    def __init__(self, run: Path, step: int) -> None:
        path = run / METRICS_FILE
        kept = [line for line in _lines(path) if line["step"] <= step]
        write_whole(path, "".join(json.dumps(line) + "\n" for line in kept))
        self._lines = path.open("a", encoding="utf-8")
        self._events = _Events(run / TENSORBOARD_FOLDER, step)

    def numbers(self, step: int, values: Mapping[str, float | str]) -> None:
        """Record numbers, and words, of a step."""
        self._lines.write(json.dumps({"step": step, **values}) + "\n")
        self._lines.flush()
        self._events.numbers(step, {name: value for name, value in values.items() if not isinstance(value, str)})

    def picture(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        """Record a picture `(row, column, colour)`."""
        self._events.picture(step, name, image)

    def close(self) -> None:
        self._lines.close()
        self._events.close()


class _Events:
    """TensorBoard's event file of one process's life; what earlier ones have of later steps is not shown."""

    def __init__(self, folder: Path, step: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what TensorBoard itself imports
            from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]
            from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]
            from torch.utils.tensorboard import summary
        self._event, self._summary = Event, summary
        folder.mkdir(exist_ok=True)
        self._file = (folder / f"events.out.tfevents.{time.time_ns()}").open("xb")
        self._records = RecordWriter(self._file)
        self._write(file_version="brain.Event:2")
        self._write(step=step + 1, session_log=SessionLog(status=SessionLog.START))

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._write(step=step, summary=self._summary.scalar(name, value))  # type: ignore[no-untyped-call]
        self._file.flush()

    def picture(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        shown = self._summary.image(name, image, dataformats="HWC")  # type: ignore[no-untyped-call]
        self._write(step=step, summary=shown)

    def close(self) -> None:
        self._file.close()

    def _write(self, **event: Any) -> None:
        self._records.write(self._event(wall_time=time.time(), **event).SerializeToString())


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of an earlier report; what a killed process left of one is dropped."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines
