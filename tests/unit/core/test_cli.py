"""The parsers of the command line, and the messages and exit status of commands that fail."""

import argparse
import resource
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.cli import MOST_NUMBERS, WrongUsage, count, main, numbers, positive
from earthgan.errors import BadInput
from places import ROOT


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20, unique=True))
def test_a_list_of_numbers_is_read_in_any_order(wanted: list[int]) -> None:
    assert numbers(",".join(map(str, wanted))) == sorted(wanted)


@given(first=st.integers(0, 10**17), length=st.integers(0, 500))
def test_a_range_has_both_its_ends(first: int, length: int) -> None:
    assert numbers(f"{first}-{first + length}") == list(range(first, first + length + 1))


@given(st.text(alphabet=st.one_of(st.sampled_from("0123456789-, \u0664"), st.characters()), max_size=12))
def test_any_text_is_read_as_ascending_numbers_or_refused_in_one_line(text: str) -> None:
    try:
        found = numbers(text)
    except argparse.ArgumentTypeError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert found
        assert all(a < b for a, b in pairwise(found))
        assert found[0] >= 0


WRONG = {
    "5-3,1": "the range '5-3' ends before it begins",
    "": "'' is neither",
    "1,": "'' is neither",
    ",1": "'' is neither",
    "1,,2": "'' is neither",
    "1-": "'1-' is neither",
    "1-2-3": "'1-2-3' is neither",
    "1.5": "'1.5' is neither",
    "+1": "'+1' is neither",
    "0x10": "'0x10' is neither",
    "1_000": "'1_000' is neither",
    "\u0663": "'\u0663' is neither",
    "one": "'one' is neither",
    "3,3": "'3,3' names 3 twice",
    "1-5,4": "'1-5,4' names 4 twice",
    "1-99999999999": "stands for more than 100,000 numbers",
    "0-99999,100000-199999": "stands for more than 100,000 numbers",
    "1" * 5000: "a number of 5000 digits is too large",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:24])
def test_a_list_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        numbers(text)
    assert WRONG[text] in str(refused.value)


def test_a_list_may_be_as_long_as_the_limit() -> None:
    assert len(numbers(f"0-{MOST_NUMBERS - 1}")) == MOST_NUMBERS


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "--surrogate", "x", "--truth", "x", "--steps"],
        ["figures", "--surrogate", "x", "--out", "x", "--steps"],
        ["figures", "--surrogate", "x", "--out", "x", "--shells"],
        ["baseline", "x", "--out", "x", "--steps"],
        ["prepare", "x", "--steps"],
        ["prepare", "x", "--held-out"],
        ["fit-velocity", "x", "--out", "x", "--steps"],
        ["fit-velocity", "x", "--out", "x", "--held-out"],
        ["spectral", "x", "--out", "x", "--train"],
        ["spectral", "x", "--out", "x", "--steps"],
        ["add-steps", "x", "x", "--steps"],
        ["seed", "x", "--out", "x", "--steps"],
        ["seed", "x", "--out", "x", "--shells"],
        ["seed", "x", "--out", "x", "--zoom"],
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)
def test_every_list_of_numbers_is_read_by_the_same_parser(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main([*command, "5-3,1"])
    assert capsys.readouterr().err.splitlines()[-1].endswith("the range '5-3' ends before it begins")
    assert list(tmp_path.iterdir()) == []


def test_a_huge_range_takes_no_memory() -> None:
    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))

    command = [sys.executable, "-m", "earthgan.cli", "baseline", "raw", "--out", "x", "--steps", "1-99999999999"]
    done = subprocess.run(
        command, cwd=ROOT, preexec_fn=little_memory, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "earthgan baseline: error: argument --steps: '1-99999999999' stands for more than 100,000 numbers",
    )


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", "\u0663", " 1", "1" * 30])
def test_what_is_no_count_is_refused(text: str) -> None:
    for parse in (count, positive):
        with pytest.raises(argparse.ArgumentTypeError):
            parse(text)


def test_a_count_may_be_zero_and_a_positive_number_may_not() -> None:
    assert (count("0"), positive("1")) == (0, 1)
    with pytest.raises(argparse.ArgumentTypeError, match="'0' is not a whole number of at least 1"):
        positive("0")


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (BadInput("raw: no files"), 1, "earthgan: raw: no files"),
        (WrongUsage("--a needs --b"), 2, "earthgan: --a needs --b"),
        (PermissionError(13, "Permission denied", "/x"), 1, "earthgan: /x: Permission denied"),
        (OSError("nobody knows"), 1, "earthgan: nobody knows"),
    ],
)
def test_a_failure_is_one_line_and_its_status(
    error: Exception, status: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("earthgan.cli._info", fail)
    assert main(["info", "nowhere"]) == status
    assert capsys.readouterr().err == f"{line}\n"
