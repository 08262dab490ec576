"""The snapshot of what a run was trained with."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from earthgan_training.train import snapshot
from earthgan_training.train.snapshot import git_state, source_sha256, source_zip, sources, versions


def test_the_zip_holds_every_source_and_always_has_the_same_bytes() -> None:
    content = source_zip()

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held == {name: path.read_bytes() for name, path in sources()}
    assert {"earthgan/surrogate.py", "earthgan_training/train/loop.py", "earthgan_training/configs/paper.toml"} <= set(
        held
    )
    assert source_zip() == content


def test_the_digest_changes_with_any_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = list(sources())
    before = source_sha256()
    changed = tmp_path / "changed.py"
    changed.write_bytes(files[7][1].read_bytes() + b"\n")

    def altered() -> Iterator[tuple[str, Path]]:
        yield from [*files[:7], (files[7][0], changed), *files[8:]]

    monkeypatch.setattr(snapshot, "sources", altered)
    assert source_sha256() != before


def test_versions_are_those_of_the_installed_packages() -> None:
    found = versions()
    assert found["torch"] == torch.__version__
    assert {"python", "numpy", "safetensors"} <= set(found)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for command in (
        "init --quiet",
        "add package",
        "-c user.name=x -c user.email=x@example.org commit --quiet --message x",
    ):
        (tmp_path / "package").mkdir(exist_ok=True)
        (tmp_path / "package" / "module.py").touch()
        subprocess.run(["git", "-C", str(tmp_path), *command.split()], check=True)
    return tmp_path / "package"


def test_a_checkout_has_a_revision_and_is_dirty_after_a_change(checkout: Path) -> None:
    head = subprocess.run(["git", "-C", str(checkout), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    due = head.stdout.strip()

    assert git_state(checkout) == {"revision": due, "dirty": False}
    (checkout.parent / "elsewhere").touch()
    assert git_state(checkout) == {"revision": due, "dirty": False}
    (checkout / "module.py").write_text("changed")
    assert git_state(checkout) == {"revision": due, "dirty": True}


def test_a_package_that_is_only_installed_below_a_checkout_has_no_revision(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("venv\n")
    installed = tmp_path / "venv" / "package"
    installed.mkdir(parents=True)
    (installed / "module.py").touch()

    assert git_state(installed) is None


def test_without_git_there_is_no_revision(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_state(checkout) is None
