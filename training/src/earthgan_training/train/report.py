"""The reports of a run: for each step, a line of JSON and numbers for TensorBoard; and now and then a picture, for
TensorBoard and as a file.

TensorBoard's own writer is a thread, and a full disk ends this thread silently. So the records are written here, one
after another.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from earthgan.files import write_whole

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"
FIGURES_FOLDER = "figures"


class Report:
    """Writes the reports after `step`. Lines of later steps, from a run that was killed after its last checkpoint, are
    removed. Every method raises OSError or BadInput if it cannot write.
    """

    def __init__(self, run: Path, step: int) -> None:
        path = run / METRICS_FILE
        self._run = run
        kept = [line for line in read_lines(path) if line["step"] <= step]
        write_whole(path, "".join(json.dumps(line) + "\n" for line in kept))
        self._lines = path.open("a", encoding="utf-8")
        self._events = _Events(run / TENSORBOARD_FOLDER, step)

    def numbers(self, step: int, values: Mapping[str, float | str]) -> None:
        """Record the numbers and the text of a step."""
        self._lines.write(json.dumps({"step": step, **values}) + "\n")
        self._lines.flush()
        self._events.numbers(step, {name: value for name, value in values.items() if not isinstance(value, str)})

    def picture(self, step: int, name: str, image: NDArray[np.uint8]) -> None:
        """Record a picture `(row, column, colour)`."""
        self._events.picture(step, name, image)
        content = BytesIO()
        Image.fromarray(image).quantize().save(content, "PNG", optimize=True)
        write_whole(self._run / FIGURES_FOLDER / f"{step:06d}.png", content.getvalue())

    def close(self) -> None:
        self._lines.close()
        self._events.close()


class _Events:
    """The TensorBoard event file of one process. TensorBoard does not show the later steps of earlier files."""

    def __init__(self, folder: Path, step: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # from modules that TensorBoard imports
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


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of an earlier report. A line that a killed process left incomplete is dropped."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines
