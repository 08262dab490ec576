"""`earthgan evaluate` answers what it is asked, on small files: in the JSON, in the document and in the terminal."""

import json
from pathlib import Path

import pytest

import spectral_surrogate
from earthgan.cli import main
from earthgan_training.evaluate.bounded import bounded_codecs

INSTALLED = {codec.name for codec in bounded_codecs()}
needs_sperr = pytest.mark.skipif("sperr" not in INSTALLED, reason="imagecodecs is not installed")


def run(*arguments: object) -> int:
    return main(["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spectral_surrogate.write_raw(tmp_path_factory.mktemp("truth") / "raw")


@pytest.fixture(scope="module")
def surrogate(truth: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spectral_surrogate.make(truth, tmp_path_factory.mktemp("surrogate") / "coded")


@needs_sperr
def test_every_question_has_an_answer(
    truth: Path, surrogate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earthgan_training.evaluate.run.bounded_codecs", lambda: bounded_codecs()[:2])  # EBCC is slow
    questions = ["--bounds", "5,1", "--tracers", "50", "--network", "3", "--series", "--features"]
    outputs = ["--json", tmp_path / "f.json", "--markdown", tmp_path / "f.md"]
    asked = ["--surrogate", surrogate, "--truth", truth, "--steps", "4-5", "--codecs", "none"]
    assert run(*asked, *questions, *outputs) == 0
    found = json.loads((tmp_path / "f.json").read_text())

    for name, largest in found["largest_errors"].items():
        assert 0 < largest["share"] < 1
        assert largest["t"] in (4, 5)
        assert found["variables"][name]["psnr_global_db"] > -20  # the variable is one that was measured
    assert [each["bound"] for each in found["bounded"]] == [0.05, 0.01]
    for each in found["bounded"]:
        assert set(each["ways"]) == {"surrogate", "surrogate_and_sperr", "sperr", "sz3"}
        for name, way in each["ways"]["sperr"].items():
            assert way["kept"], name
            assert way["largest"] <= each["bound"]
    assert found["tracers"]["count"] == 50
    assert found["tracers"]["median"] < found["tracers"]["ninetieth"] < found["tracers"]["moved"]
    features = found["features"]
    assert features["steps"] == 2
    for kind in ("slab", "plume"):
        assert set(features["overlaps"][kind]) == {"660", "1600"}
    assert (found["series"]["first"], found["series"]["last"]) == (4, 5)
    assert found["series"]["predicted"] is None
    assert set(found["series"]["same_bytes"]) == {"sperr", "sperr_in_time"}
    assert {"network", "network_all_bytes_on_temperature", "surrogates"} <= set(found["rates"])

    text, told = (tmp_path / "f.md").read_text(), capsys.readouterr().out
    assert "--bounds 5,1 --tracers 50 --network 3 --series --features --markdown" in text
    for title in (
        "Largest errors",
        "Within 1 % of the range",
        "Tracers after one overturn",
        "A series, steps 4 to 5",
        "Slabs and plumes",
    ):
        assert title in text
        assert title in told
    assert "coordinate network" in text


def test_nothing_is_asked_unless_somebody_asks(truth: Path, surrogate: Path, tmp_path: Path) -> None:
    asked = ["--surrogate", surrogate, "--truth", truth, "--steps", "4", "--codecs", "none"]
    assert run(*asked, "--json", tmp_path / "f.json") == 0
    found = json.loads((tmp_path / "f.json").read_text())
    assert found["tracers"] is found["series"] is found["features"] is None
    assert found["bounded"] == []
    assert found["rates"] == {}
    assert set(found["largest_errors"]) == set(found["variables"])


def test_a_surrogate_without_velocity_carries_no_tracers(
    truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scalar"
    made = ["spectral", truth, "--variables", "temperature", "--steps", "4", "--bytes", "600", "--updates", "0"]
    assert main([*map(str, made), "--out", str(out)]) == 0
    capsys.readouterr()
    assert run("--surrogate", out, "--truth", truth, "--steps", "4", "--codecs", "none", "--tracers", "10") == 1
    told = capsys.readouterr().err
    assert "tracers need a velocity" in told
    assert told.count("\n") == 1
    assert run("--surrogate", out, "--truth", truth, "--steps", "4", "--codecs", "none", "--features") == 1
    assert "slabs and plumes need temperature, vx" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--bounds", "0"], ["--bounds", "101"], ["--bounds", "x"], ["--tracers", "0"]])
def test_wrong_usage(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run("--surrogate", "x", "--truth", "y", *wrong)
    assert stopped.value.code == 2


def test_only_the_variables_that_are_asked_for_are_measured(truth: Path, surrogate: Path, tmp_path: Path) -> None:
    """With the same numbers, although the code of a step needs the temperature."""
    asked = ["--surrogate", surrogate, "--truth", truth, "--steps", "4", "--codecs", "none"]
    assert run(*asked, "--json", tmp_path / "all.json") == 0
    assert run(*asked, "--variables", "vy,vx", "--markdown", tmp_path / "f.md", "--json", tmp_path / "f.json") == 0
    every, found = (json.loads((tmp_path / name).read_text())["variables"] for name in ("all.json", "f.json"))
    assert list(found) == ["vx", "vy"]
    assert found == {name: every[name] for name in found}
    assert "--variables vy,vx" in (tmp_path / "f.md").read_text()


@needs_sperr
def test_codecs_get_only_the_variables_that_are_asked_for(truth: Path, surrogate: Path, tmp_path: Path) -> None:
    asked = ["--surrogate", surrogate, "--truth", truth, "--steps", "4", "--codecs", "sperr", "--rates", "300"]
    for names in (["temperature"], ["temperature", "vy"]):
        assert run(*asked, "--variables", ",".join(names), "--json", tmp_path / "f.json") == 0
        found = json.loads((tmp_path / "f.json").read_text())
        assert list(found["variables"]) == names
        assert list(found["rates"]["sperr"]) == names


def test_an_unknown_variable_is_one_line(truth: Path, surrogate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--surrogate", surrogate, "--truth", truth, "--variables", "salt", "--codecs", "none") == 1
    assert "no 'salt'" in capsys.readouterr().err
