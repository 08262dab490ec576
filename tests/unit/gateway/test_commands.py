"""`earthgan`: results, one clear line on failure, nothing half-written."""

import json
import shutil
import zipfile
from pathlib import Path

import onnx
import pytest

from contest_file import write_contest_file
from earthgan import Surrogate
from earthgan.cli import main
from places import DEFAULT_SURROGATE, ROOT


def test_info_says_what_is_inside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(DEFAULT_SURROGATE), "--json", str(tmp_path / "info.json")]) == 0
    assert "spectral" in capsys.readouterr().out
    facts = json.loads((tmp_path / "info.json").read_text())
    assert facts["grid"] == [199, 180, 359]  # the files' last longitude is their first
    assert facts["digest"] == Surrogate(DEFAULT_SURROGATE).digest


@pytest.mark.parametrize("command", [[], ["nonsense"], ["serve", "--port", "x"], ["export"]])
def test_wrong_usage_exits_with_2(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(command)
    assert exit_.value.code == 2


@pytest.mark.parametrize(
    "command",
    [
        ["info", "nowhere"],
        ["serve", "nowhere"],
        ["export", "nowhere"],
        ["figures", "--surrogate", "nowhere", "--out", "x"],
        ["archive", "nowhere", "--out", "x.mar"],
        ["import-published", "nowhere", "--out", "x"],
        ["baseline", "nowhere", "--out", "x"],
        ["prepare", "nowhere", "--out", "x"],
    ],
)
def test_failure_is_one_line_and_exit_1(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("earthgan: nowhere")
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        "info",
        "serve",
        "export",
        "archive",
        "import-published",
        "baseline",
        "figures",
        "prepare",
        "simulate",
        "spectral",
    ],
)
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert f"earthgan {command}" in capsys.readouterr().out.split("example:")[1]


def test_baseline_makes_a_surrogate_that_serves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for t in (1, 2):
        write_contest_file(raw / f"spherical00{t}.nc")
    out = tmp_path / "surrogate"
    assert main(["baseline", str(raw), "--steps", "2", "--out", str(out)]) == 0
    surrogate = Surrogate(out)
    assert [step.t for step in surrogate.steps] == [2]
    assert main(["baseline", str(raw), "--out", str(out)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main(["baseline", str(raw), "--out", str(out), "--overwrite"]) == 0
    assert [step.t for step in Surrogate(out).steps] == [1, 2]
    assert main(["baseline", str(raw), "--steps", "9", "--out", str(tmp_path / "x")]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw", "surrogate"]


def test_export_writes_the_same_bytes_again(tmp_path: Path) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    before = Surrogate(folder).digest
    assert main(["export", str(folder)]) == 0
    assert Surrogate(folder).digest == before


def test_export_restores_a_generator_that_the_spec_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    spec = json.loads((folder / "spec.json").read_text())
    spec["generator"]["onnx"] = None
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "generator.onnx").unlink()
    assert main(["export", str(folder)]) == 0
    assert Surrogate(folder).onnx_path.is_file()


def test_the_exported_generator_takes_windows_of_any_size_and_noise(published_folder: Path) -> None:
    graph = onnx.load(published_folder / "generator.onnx").graph
    inputs = {item.name: [d.dim_param or d.dim_value for d in item.type.tensor_type.shape.dim] for item in graph.input}
    assert inputs["x"] == [1, 4, "d", "h", "w"]
    assert {f"noise_{layer}" for layer in range(6)} <= set(inputs)
    assert all(isinstance(size, str) for size in inputs["noise_5"][2:])


def test_onnx_equals_torch_within_1e_5(published_folder: Path) -> None:
    from earthgan.backends.onnx import onnx_backend
    from earthgan_training.surrogates.export import largest_difference

    for folder in (published_folder, DEFAULT_SURROGATE):
        surrogate = Surrogate(folder)
        assert largest_difference(surrogate, onnx_backend(surrogate)) <= 1e-5


def test_an_archive_carries_the_whole_surrogate(tmp_path: Path) -> None:
    out = tmp_path / "store" / "earthgan.mar"
    handler = str(ROOT / "services" / "torchserve" / "handler.py")
    assert main(["archive", str(DEFAULT_SURROGATE), "--out", str(out), "--handler", handler]) == 0
    assert [path.name for path in out.parent.iterdir()] == ["earthgan.mar"]
    with zipfile.ZipFile(out) as mar:
        mar.extractall(tmp_path / "unpacked")
    assert Surrogate(tmp_path / "unpacked").digest == Surrogate(DEFAULT_SURROGATE).digest
    packed, original = (folder / "inputs" / "120.bin" for folder in (tmp_path / "unpacked", DEFAULT_SURROGATE))
    assert packed.read_bytes() == original.read_bytes()


def test_a_damaged_surrogate_is_not_archived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "surrogate"
    shutil.copytree(DEFAULT_SURROGATE, folder)
    (folder / "inputs" / "128.bin").unlink()
    assert main(["archive", str(folder), "--out", str(tmp_path / "earthgan.mar")]) == 1
    assert "128.bin" in capsys.readouterr().err
    assert not (tmp_path / "earthgan.mar").exists()
