"""A surrogate folder can be opened at any moment of a change, and holds no unneeded files."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from contest_file import write_contest_file
from earthgan.backends.onnx import onnx_backend
from earthgan.cli import main
from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.files import locked
from earthgan.records import StepSpec
from earthgan.surrogate import Surrogate
from earthgan.verified import files_of
from earthgan_gateway.routes.problems import problem_of
from earthgan_training.surrogates.folder import changed_folder, new_folder, write_file, write_spec
from places import ROOT

HANDLER = ROOT / "services" / "torchserve" / "handler.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline of steps 1 and 2."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "raw").mkdir()
    for t in (1, 2, 3):
        write_contest_file(folder / "raw" / f"spherical{t:03d}.nc", spoil=lambda values, t=t: values * t)
    assert main(["baseline", str(folder / "raw"), "--steps", "1-2", "--out", str(folder / "surrogate")]) == 0
    return folder


@pytest.fixture
def surrogate(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "surrogate", tmp_path / "surrogate"))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def with_step(folder: Path, t: int, content: bytes) -> None:
    """Give a step of a surrogate another content."""
    with changed_folder(folder) as draft:
        spec = Surrogate(folder).spec
        written = write_file(draft, f"inputs/{t:03d}.npy", content)
        steps = {step.t: step for step in spec.inputs.steps} | {t: StepSpec(t=t, **written.model_dump())}
        inputs = spec.inputs.model_copy(update={"steps": tuple(steps[number] for number in sorted(steps))})
        write_spec(draft, spec.model_copy(update={"inputs": inputs}))


def other_step(folder: Path, t: int, more: int = 1) -> bytes:
    path = folder.parent / "step.npy"
    np.save(path, np.load(folder / Surrogate(folder).check_step(t).file) // 2 + np.uint16(more))
    return path.read_bytes()


def test_a_new_folder_has_plain_names_and_changed_files_have_their_digest(surrogate: Path) -> None:
    before = files(surrogate)
    assert set(before) == {
        *("spec.json", "generator.safetensors", "generator.onnx", "inputs/001.npy", "inputs/002.npy"),
    }
    content = other_step(surrogate, 2)
    with_step(surrogate, 2, content)
    opened = Surrogate(surrogate)
    step = opened.check_step(2)
    assert step.file == f"inputs/002-{step.sha256[:8]}.npy"
    after = files(surrogate)
    assert set(after) == set(before) - {"inputs/002.npy"} | {step.file}
    with_step(surrogate, 2, content)  # nothing changes
    assert files(surrogate) == after
    with_step(surrogate, 3, content)  # a file is kept once
    assert set(files(surrogate)) == set(after)
    np.testing.assert_array_equal(Surrogate(surrogate).conditional_input(3), opened.conditional_input(2))


def test_a_surrogate_that_was_opened_before_says_that_it_has_changed(surrogate: Path) -> None:
    opened = Surrogate(surrogate)
    with_step(surrogate, 2, other_step(surrogate, 2))
    opened.conditional_input(1)
    for ask in (opened.conditional_input, opened.read_ahead):
        with pytest.raises(DamagedSurrogate, match=r"002\.npy: has changed since it was opened: restart the program"):
            ask(2)
    Surrogate(surrogate).conditional_input(2)


def test_bytes_that_changed_under_an_open_surrogate_are_never_served(surrogate: Path) -> None:
    opened = Surrogate(surrogate)
    (surrogate / "inputs" / "002.npy").write_bytes(other_step(surrogate, 2))
    with pytest.raises(DamagedSurrogate, match="has changed since it was opened"):
        opened.conditional_input(2)


def test_a_server_says_that_its_surrogate_has_changed(surrogate: Path) -> None:
    opened = Surrogate(surrogate)
    with_step(surrogate, 2, other_step(surrogate, 2))
    with pytest.raises(DamagedSurrogate) as refused:
        opened.conditional_input(2)
    answer = problem_of(refused.value, "/tiles/temperature/2/2/0/0/0.png")
    assert answer.status_code == 503
    assert "has changed since it was opened: restart" in json.loads(bytes(answer.body))["detail"]


def test_it_can_be_opened_while_it_is_changed(surrogate: Path) -> None:
    program = """
import sys
from pathlib import Path
from unit.training.surrogates.test_folder import other_step, with_step
folder = Path(sys.argv[1])
stop, more = folder.parent / "stop", 0
while not stop.exists():
    with_step(folder, 2, other_step(folder, 1, more := (more + 1) % 40))
"""
    path = [str(ROOT / "tests"), *sys.path]
    writer = subprocess.Popen([sys.executable, "-c", f"import sys; sys.path[:0] = {path}\n{program}", str(surrogate)])
    digests = set()
    try:
        while writer.poll() is None and len(digests) < 8:
            digests.add(Surrogate(surrogate).digest)
    finally:
        (surrogate.parent / "stop").touch()
    assert writer.wait() == 0


def test_one_unfit_source_leaves_the_folder_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from spectral_surrogate import write_raw

    raw, folder = write_raw(tmp_path / "raw", range(1, 4)), tmp_path / "surrogate"
    options = ["--degree", "6", "--nodes", "8", "--updates", "0", "--bytes", "500", "--train", "1-2", "--steps", "1-2"]
    assert main(["spectral", str(raw), *options, "--out", str(folder)]) == 0
    before = files(folder)
    other = write_raw(tmp_path / "other", range(1, 3), times=1.1)
    (other / "spherical003.nc").write_bytes(b"not NetCDF")
    assert main(["add-steps", str(folder), str(other)]) == 1
    assert "spherical003.nc" in capsys.readouterr().err
    assert files(folder) == before
    (other / "spherical003.nc").unlink()
    assert main(["add-steps", str(folder), str(other), "--steps", "1-2"]) == 0
    changed = Surrogate(folder)
    assert set(files(folder)) == {"spec.json", *(each.file for each in files_of(changed.spec))}
    assert len(set(files(folder).values()) - set(before.values())) == 3  # two steps and the spec


def test_what_a_killed_command_left_goes_and_what_somebody_put_there_stays(surrogate: Path, tmp_path: Path) -> None:
    ours = ["inputs/002-0123abcd.npy", "inputs/9.bin", "generator-0123abcd.onnx"]
    theirs = ["README.md", "inputs/notes.txt", "generator-new.onnx", "mine.npy"]
    for name in (*ours, *theirs):
        (surrogate / name).write_text("x")
    out = tmp_path / "earthgan.mar"
    assert main(["archive", str(surrogate), "--out", str(out), "--handler", str(HANDLER)]) == 0
    with zipfile.ZipFile(out) as archive:
        assert not {Path(name).name for name in archive.namelist()} & {Path(name).name for name in (*ours, *theirs)}
    named = {each.file for each in files_of(Surrogate(surrogate).spec)}
    assert main(["export", str(surrogate)]) == 0
    assert set(files(surrogate)) == {"spec.json", *named, *theirs}


def test_a_folder_that_is_no_surrogate_is_never_replaced(made: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    for out in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(BadInput, match="is not a surrogate folder and will not be replaced"), new_folder(out, True):
            pass
    assert files(tmp_path) == {"letter.txt": b"dear"}


def test_an_empty_or_a_damaged_folder_can_be_replaced(made: Path, surrogate: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (surrogate / "inputs" / "001.npy").write_bytes(b"damaged")
    broken = Path(shutil.copytree(surrogate, tmp_path / "broken"))
    (broken / "spec.json").write_text("{}")
    for out in (tmp_path / "empty", surrogate, broken):
        assert main(["baseline", str(made / "raw"), "--out", str(out), "--overwrite"]) == 0
        opened = Surrogate(out)
        assert [step.t for step in opened.steps] == [1, 2, 3]
        assert set(files(out)) == {"spec.json", *(each.file for each in files_of(opened.spec))}
        assert np.isfinite(opened.shells(onnx_backend(opened), ["temperature"], 1, [2])).all()


def test_two_commands_do_not_change_a_folder_at_once(surrogate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(surrogate)
    with locked(surrogate):
        assert main(["export", str(surrogate)]) == 1
    assert capsys.readouterr().err == f"earthgan: {surrogate}: another command is writing to it\n"
    assert files(surrogate) == before


def test_an_export_that_differs_changes_nothing(surrogate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from earthgan_training.surrogates import export

    spec = json.loads((surrogate / "spec.json").read_text())
    spec["generator"]["onnx"] = None
    (surrogate / "spec.json").write_text(json.dumps(spec))
    before = files(surrogate)
    monkeypatch.setattr(export, "largest_difference", lambda *_: 1.0)
    with pytest.raises(BadInput, match="differs from torch"):
        export.export(surrogate)
    assert files(surrogate) == before
