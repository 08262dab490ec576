"""`earthgan capacity`: what it prints and writes, and one line for what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earthgan.cli import main
from places import BASELINE_SURROGATE

ASKED = ["capacity", str(BASELINE_SURROGATE), "--requests-per-second", "100"]


def test_it_names_the_bottleneck_and_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "capacity.json"
    assert main([*ASKED, "--gateways", "2", "--network-mbit", "1", "--json", str(file)]) == 0
    told, written = capsys.readouterr().out, json.loads(file.read_text())
    assert "First bottleneck: network." in told
    assert written["bottleneck"] == "network"
    assert written["suffices"] is False
    assert written["machines"]["gateways"] == 2
    assert {(each["cache_mb"], each["redis_mb"]) for each in written["by_size"]} >= {(64, 0), (256, 512), (1024, 4096)}
    assert written["memory"] + written["redis"] + written["drawn"] == pytest.approx(1)


def test_costs_that_were_measured_replace_those_of_the_program(tmp_path: Path) -> None:
    costs, file = tmp_path / "costs.json", tmp_path / "capacity.json"
    costs.write_text('{"tile_bytes": 1e6}')
    assert main([*ASKED, "--costs", str(costs), "--json", str(file)]) == 0
    assert json.loads(file.read_text())["costs"]["tile_bytes"] == 1e6


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not an object"),
        ('{"tile": 1}', "unknown cost 'tile'"),
        ('{"tile_bytes": -1}', "tile_bytes must be a positive number"),
        ('{"tile_bytes": NaN}', "tile_bytes must be a positive number"),
        ('{"tile_bytes": "many"}', "tile_bytes must be a positive number"),
    ],
)
def test_costs_that_cannot_be_used_are_one_line(
    text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = tmp_path / "costs.json"
    costs.write_text(text)
    assert main([*ASKED, "--costs", str(costs)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert reason in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("value", ["0", "-3", "nan", "inf", "many"])
def test_a_rate_that_is_none_is_wrong_usage(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["capacity", "--requests-per-second", value])
    assert end.value.code == 2
    assert "is not a number from" in capsys.readouterr().err.splitlines()[-1]


def test_more_variables_than_there_are_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED, "--variables", "99"]) == 1
    assert "--variables 99" in capsys.readouterr().err
