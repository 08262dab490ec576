"""Tests of the bench: it runs, and its numbers are reliable."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from load.bench import ENGINE, LABELS, TARGETS_CPU_MS, Bench, Plan, WrongWay, measure, table
from load.processes import cpu_s
from load.waves import Answer
from places import DEFAULT_SURROGATE, ROOT

pytestmark = pytest.mark.alone


def test_the_rows_of_a_gateway_are_positive() -> None:
    numbers = Bench(DEFAULT_SURROGATE, Plan.quick()).run(workers=1)
    assert numbers.keys() >= TARGETS_CPU_MS.keys() | {"shell_cpu_ms", "png_bytes", "floor_cpu_ms"}
    assert all(numbers[name] > 0 for name in (*TARGETS_CPU_MS, "shell_cpu_ms", "png_bytes", "floor_cpu_ms"))
    assert len(table({1: numbers}).splitlines()) == len(LABELS) + 2


@pytest.mark.slow
def test_a_quick_bench_gives_positive_numbers(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [sys.executable, "-m", "load.bench", "--quick", "--workers", "1", "--json", str(file)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    numbers = json.loads(file.read_text())
    assert numbers.keys() >= TARGETS_CPU_MS.keys() | {"shell_cpu_ms", "png_bytes", "floor_cpu_ms", "workers"}
    assert all(numbers[name] > 0 for name in (*TARGETS_CPU_MS, *ENGINE, "shell_cpu_ms", "png_bytes", "floor_cpu_ms"))
    assert numbers["workers"]["1"]["tile_memory_cpu_ms"] == numbers["tile_memory_cpu_ms"]
    assert not [*tmp_path.glob(".*")], "nothing is left beside the file"


def test_a_plan_chooses_distinct_tiles_and_the_same_ones_each_time() -> None:
    tiles = Plan().tiles()
    assert tiles == Plan().tiles()
    assert len(set(tiles)) == len(tiles) == 1 + 4 + 16 + 3 * 64
    assert all(0 <= x < 2**z and 0 <= y < 2**z for z, x, y in tiles)


def test_an_answer_that_took_another_way_is_not_measured() -> None:
    answers = [Answer(200, {"cache-status": random.choice(["a", "b"])}, 1) for _ in range(50)]
    with pytest.raises(WrongWay):
        measure(os.getpgrp(), iter(answers), lambda answer: answer.status == 304)


def test_cpu_time_is_the_groups() -> None:
    """A process in a group of its own adds CPU time to its group and not to the group of this process."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
    try:
        time.sleep(0.6)
        assert 0.1 < cpu_s(group=busy.pid) < 1.0
        assert cpu_s(pid=busy.pid) == pytest.approx(cpu_s(group=busy.pid), abs=0.1)
    finally:
        busy.kill()
        busy.wait()
