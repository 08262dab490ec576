"""`earthgan study`: every study runs to its end, gives the same result again, and fails with one line."""

import json
from pathlib import Path

import pytest

from earthgan.cli import main
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.study.command import NAMES
from earthgan_training.study.run import STUDIES
from training_data import make_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("study"), steps=3, shells=40)


def study(name: str, data: Path, out: Path, *more: object) -> int:
    return main(["study", name, "--data", str(data), "--out", str(out), "--updates", "1", *map(str, more)])


def test_the_command_names_every_study() -> None:
    assert tuple(STUDIES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_study_comes_to_verdicts(
    name: str, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = STUDIES[name].__module__
    monkeypatch.setattr(f"{module}.SEEDS", 1)
    assert study(name, data.folder, tmp_path) == 0
    found = json.loads((tmp_path / f"{name}.json").read_text())
    names = [row["name"] for row in found["rows"]]
    assert len(set(names)) == len(names) > 2
    assert found["verdicts"]
    assert {each["measure"] for each in found["verdicts"]} <= set(found["measures"])
    text = (tmp_path / f"{name}.md").read_text()
    assert all(f"| {each} |" in text for each in names)
    assert f"earthgan study {name} --data" in text


def test_it_says_the_same_again_and_with_another_seed_something_else(data: Dataset, tmp_path: Path) -> None:
    stored = []
    for number, seed in enumerate((0, 0, 7)):
        result = tmp_path / f"{number}.json"
        assert study("input-size", data.folder, tmp_path, "--seed", seed, "--json", result) == 0
        stored.append(json.loads(result.read_text()))
    assert stored[0] == stored[1] != stored[2]


def test_data_that_hold_nothing_out_are_refused(
    data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    spec = json.loads((data.folder / "dataset.json").read_text())
    spec["split"]["train"] += spec["split"].pop("held_out")
    (folder / "dataset.json").write_text(json.dumps(spec))
    assert study("stripes", folder, tmp_path / "out") == 1
    assert capsys.readouterr().err == f"earthgan: {folder}: holds out no time steps, but a study needs them\n"
    assert not (tmp_path / "out").exists()


def test_a_study_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        study("colour", tmp_path, tmp_path)
