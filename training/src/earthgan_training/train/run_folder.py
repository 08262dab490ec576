"""A run's folder: its configuration, its sources and its measurements.

config.json        the whole configuration
run.json           the seed; the digests of the sources, the data and the initial weights; git's revision; versions
source.zip         the sources that the run was started with
metrics.jsonl      one line of numbers for each step
figures/           a picture of each validation: the prediction beside interpolation and truth
tensorboard/       the same numbers and pictures
checkpoints/       last, best, and content, which is the end of the first stage
surrogate/         the surrogate, written at the end
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from earthgan.errors import BadInput, what_is_wrong
from earthgan.files import is_leftover, write_json, write_whole
from earthgan.verified import file_sha256
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.prepare.spec import DATASET_FILE
from earthgan_training.train.config import TrainConfig
from earthgan_training.train.snapshot import snapshot, source_zip

CONFIG_FILE = "config.json"
ABOUT_FILE = "run.json"
SOURCE_FILE = "source.zip"
SURROGATE_FOLDER = "surrogate"


def begin(run: Path, config: TrainConfig, data: Dataset, about: dict[str, Any]) -> None:
    """Make the folder of a run. Raises BadInput if it exists."""
    if run.exists() and not all(_begun(path) for path in run.iterdir()):
        raise BadInput(f"{run}: exists already (--resume continues it)")
    run.mkdir(parents=True, exist_ok=True)
    described = {
        "seed": config.seed,
        "data_sha256": data_sha256(data),
        **snapshot(),
        **about,
    }
    # The configuration is written last: a folder without it is not a run.
    write_whole(run / SOURCE_FILE, source_zip())
    write_json(run / ABOUT_FILE, described)
    write_json(run / CONFIG_FILE, config.model_dump(mode="json"))


def resumed(run: Path, data: Dataset) -> TrainConfig:
    """The configuration of a run to continue. Raises BadInput if the folder is not a run, or if the run was trained on
    other data.
    """
    try:
        config = TrainConfig.model_validate_json((run / CONFIG_FILE).read_text(encoding="utf-8"))
        about = json.loads((run / ABOUT_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(
            f"{run}: is not a run that can be continued ({error.strerror or error}: {CONFIG_FILE})"
        ) from error
    except ValidationError as error:
        raise BadInput(f"{run / CONFIG_FILE}: {what_is_wrong(error)}") from error
    except ValueError as error:
        raise BadInput(f"{run / ABOUT_FILE}: is damaged") from error
    if about.get("data_sha256") != data_sha256(data):
        raise BadInput(f"{run}: was trained on a data set other than {data.folder}")
    return config


def _begun(path: Path) -> bool:
    """Whether a path in the folder of a run was left by a process that was killed while it started the run."""
    return path.name in (ABOUT_FILE, SOURCE_FILE) or is_leftover(path)


def data_sha256(data: Dataset) -> str:
    """The digest of `dataset.json`, which contains the digests of all other files."""
    return file_sha256(data.folder / DATASET_FILE)
