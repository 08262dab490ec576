"""`earthgan seed`: the gateway's own bytes, in files and in Redis; whole or not there; taken up where it stopped."""

import argparse
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, Reader

from earthgan.cli import main
from earthgan.errors import BadInput
from earthgan.sphere.tiles import Tile
from earthgan_gateway.seed.metadata import offered
from earthgan_gateway.seed.outputs import Archives, Pyramid
from earthgan_gateway.seed.plan import Plan
from gateway_server import gateway
from integration.redis_server import redis_server
from places import DEFAULT_SURROGATE, ROOT

SEED = [sys.executable, "-m", "earthgan.cli", "seed", str(DEFAULT_SURROGATE)]


def seed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SEED, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_of_tiles_is_what_the_gateway_answers(tmp_path: Path, gateway_url: str) -> None:
    out = tmp_path / "out"
    chosen = ["--variables", "temperature,speed", "--steps", "120", "--shells", "150-151", "--tms", "WorldCRS84Quad"]
    done = seed(*chosen, "--values", "--out", str(out), "--json", str(tmp_path / "report.json"))
    assert done.returncode == 0, done.stderr
    found = files(out)
    tiles = [name for name in found if name.startswith("tiles/")]
    assert len(tiles) == 2 * 2 * (2 + 8)
    for name in tiles:
        answer = httpx.get(f"{gateway_url}/{name}?tms=WorldCRS84Quad", trust_env=False)
        assert found[name] == answer.content, name
    values = httpx.get(f"{gateway_url}/shells/speed/120/151.npy", trust_env=False, headers={"accept-encoding": ""})
    assert found["shells/speed/120/151.npy"] == values.content
    legend = httpx.get(f"{gateway_url}/legends/speed.json", trust_env=False).json()
    assert json.loads(found["legends/speed.json"]) == legend
    catalog = json.loads(found["catalog.json"])
    assert (catalog["variables"], [shell["r"] for shell in catalog["shells"]]) == (["temperature", "speed"], [150, 151])
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["shells_drawn"], report["tiles"], report["digest"]) == (4, 40, catalog["digest"])


def test_a_second_run_draws_what_is_missing_and_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    common = ["--variables", "temperature", "--steps", "121", "--zoom", "0", "--workers", "1", "--out", str(out)]
    assert seed(*common, "--shells", "10-12").returncode == 0
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    assert seed(*common, "--shells", "11-14", "--json", str(report)).returncode == 0
    assert json.loads(report.read_text())["shells_drawn"] == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert [shell["r"] for shell in json.loads((out / "catalog.json").read_text())["shells"]] == list(range(10, 15))
    other = [*common[:4], "--zoom", "0-1", "--shells", "10", "--out", str(out)]
    assert main(["seed", str(DEFAULT_SURROGATE), *other]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "another zooms" in said


STEP, SHELL, NAME = st.sampled_from([113, 120, 128]), st.sampled_from([0, 7, 198]), st.sampled_from(["vx", "speed"])


@given(
    names=st.lists(NAME, min_size=1, unique=True),
    steps=st.lists(STEP, min_size=1, unique=True),
    shells=st.lists(SHELL, min_size=1, unique=True),
    earlier=st.tuples(NAME, STEP, SHELL),
)
def test_a_catalog_offers_no_shell_that_is_not_there(
    names: list[str], steps: list[int], shells: list[int], earlier: tuple[str, int, int]
) -> None:
    plan = Plan(tuple(names), tuple(steps), tuple(shells), (0,), "WebMercatorQuad")
    drawn = {(name, *piece) for name in names for piece in plan.pieces} | {earlier}
    name, t, r = earlier
    found = offered(plan, {"variables": [name], "steps": [{"t": t}], "shells": [{"r": r}]}, lambda *s: s in drawn)
    both = {(name, *piece) for name in found.quantities for piece in found.pieces}
    assert both <= drawn
    assert both == drawn or found == plan


def test_one_who_is_killed_leaves_nothing_by_half_and_can_be_taken_up(tmp_path: Path) -> None:
    chosen = ["--variables", "temperature", "--steps", "113-114", "--shells", "0-9", "--zoom", "0-2"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([*SEED, *chosen, "--out", str(killed)], cwd=ROOT, start_new_session=True)
    deadline = time.monotonic() + 300
    while len(list(killed.glob("tiles/temperature/*/[0-9]*"))) < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    shells = list(killed.glob("tiles/temperature/*/[0-9]*"))
    assert 3 <= len(shells) < 20, "it was killed halfway"
    assert all(len(list(shell.rglob("*.png"))) == 1 + 4 + 16 for shell in shells)
    assert not (killed / "catalog.json").exists()
    assert seed(*chosen, "--out", str(killed)).returncode == 0
    assert seed(*chosen, "--out", str(whole)).returncode == 0
    assert files(killed) == files(whole)


def test_archives_hold_the_gateways_tiles(tmp_path: Path, gateway_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mantle.pmtiles"
    chosen = ["--variables", "temperature", "--steps", "121", "--shells", "150", "--zoom", "0-2", "--workers", "1"]
    assert seed(*chosen, "--out", str(file)).returncode == 0
    with file.open("rb") as opened:
        reader = Reader(MmapSource(opened))
        header = reader.header()
        assert (header["min_zoom"], header["max_zoom"], header["addressed_tiles_count"]) == (0, 2, 21)
        assert reader.metadata()["variable"] == "temperature"
        for z in range(3):
            for x in range(2**z):
                answer = httpx.get(f"{gateway_url}/tiles/temperature/121/150/{z}/{x}/0.png", trust_env=False)
                assert reader.get(z, x, 0) == answer.content
    assert os.listdir(tmp_path) == [file.name]  # noqa: PTH208
    assert main(["seed", str(DEFAULT_SURROGATE), *chosen, "--out", str(file)]) == 0
    assert capsys.readouterr().out.startswith("0 shells drawn, 1 already there")
    assert main(["seed", str(DEFAULT_SURROGATE), *chosen[:4], "--shells", "151", "--out", str(file)]) == 1
    assert capsys.readouterr().err == f"earthgan: {file} exists and is not an archive of these tiles\n"


def test_a_filled_redis_is_hit_by_the_gateway(tmp_path: Path) -> None:
    chosen = ["--variables", "vx,temperature_anomaly", "--steps", "121", "--shells", "150", "--workers", "1"]
    with redis_server(tmp_path) as (redis_url, _):
        assert seed(*chosen, "--redis", redis_url).returncode == 0
        again = seed(*chosen, "--redis", redis_url)
        assert again.stdout.startswith("0 shells drawn, 2 already there; 0 tiles")
        with gateway(redis_url=redis_url) as url:
            for path in ("vx/121/150/1/1/0.png", "temperature_anomaly/121/150/0/0/0"):
                answer = httpx.get(f"{url}/tiles/{path}", trust_env=False)
                assert "hit; detail=redis" in answer.headers["cache-status"]


def test_a_redis_that_is_away_is_one_line() -> None:
    done = seed("--steps", "121", "--shells", "150", "--redis", "redis://127.0.0.1:9/0", "--workers", "1")
    assert done.returncode == 1
    assert done.stderr.startswith("earthgan: Redis failed")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--steps", "1-200"], "no time step 129"),
        (["--shells", "198-199"], "no radial shell 199"),
        (["--zoom", "0-30"], "zoom 30 is beyond the limit of 12"),
        (["--variables", "temperature,colour"], "unknown variable 'colour'"),
        (["--tms", "UTM31WGS84Quad"], "unknown tile matrix set"),
        (["--scheduler", "nonsense://127.0.0.1:9"], "no Dask scheduler answers"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_drawn(tmp_path: Path, arguments: list[str], reason: str) -> None:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert main(["seed", str(DEFAULT_SURROGATE), "--out", str(tmp_path / "out"), *arguments]) == 1
    assert reason in said.getvalue()
    assert said.getvalue().count("\n") == 1
    assert not (tmp_path / "out" / "tiles").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--shells", "9-3"], "'9-3' ends before it begins"),
        (["--steps", "one"], "'one' is neither a whole number nor a range"),
        (["--zoom", "0-"], "'0-' is neither a whole number nor a range"),
        (["--workers", "0"], "'0' is not a whole number of at least 1"),
        (["--tms", "WorldCRS84Quad", "--format", "pmtiles"], "they can only hold WebMercatorQuad"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: list[str], reason: str) -> None:
    done = seed("--out", str(tmp_path / "out"), *arguments)
    assert done.returncode == 2
    assert reason in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").touch()
    assert main(["seed", str(DEFAULT_SURROGATE), "--out", str(tmp_path)]) == 1
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("tms", "count"), [("WebMercatorQuad", 1 + 4 + 16), ("WorldCRS84Quad", 2 + 8 + 32)])
def test_a_plan_has_every_tile_of_its_zooms(tms: str, count: int) -> None:
    tiles = Plan(("vx",), (1,), (2,), (0, 1, 2), tms).tiles()
    assert len(set(tiles)) == len(tiles) == count


@pytest.mark.parametrize("kind", ["pyramid", "archives"])
def test_a_write_that_fails_leaves_nothing_under_the_final_name(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = Pyramid(tmp_path) if kind == "pyramid" else Archives(tmp_path, {}, {})
    tiles = {Tile("WebMercatorQuad", 1, x, y): b"png" for x in range(2) for y in range(2)}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(BadInput, match="No space"):
            output.write("vx", 1, 2, tiles)
    assert not output.has("vx", 1, 2)
    output.write("vx", 1, 2, tiles)
    assert output.has("vx", 1, 2)


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    from earthgan_gateway.seed.commands import register

    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["seed", "--help"])
    assert "--redis" in capsys.readouterr().out
