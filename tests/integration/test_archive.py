"""`earthgan archive` refuses a surrogate that is not whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from earthgan.errors import DamagedSurrogate
from earthgan_training.surrogates.archive import archive
from integration.damages import DAMAGES, hide_a_pickle_in_a_step
from integration.torchserve_server import SERVICE
from places import BASELINE_SURROGATE, DEFAULT_SURROGATE


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_surrogate_is_not_archived(tmp_path: Path, damage: Callable[[Path], str]) -> None:
    assert_not_archived(DEFAULT_SURROGATE, tmp_path, damage)


def test_a_pickle_is_not_archived(tmp_path: Path) -> None:
    assert_not_archived(BASELINE_SURROGATE, tmp_path, hide_a_pickle_in_a_step)


def assert_not_archived(surrogate: Path, tmp_path: Path, damage: Callable[[Path], str]) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(surrogate, folder)
    file = damage(folder)
    earlier = tmp_path / "earthgan.mar"
    earlier.write_bytes(b"an earlier archive")

    with pytest.raises(DamagedSurrogate, match=file):
        archive(folder, earlier, SERVICE / "handler.py")
    assert earlier.read_bytes() == b"an earlier archive"
