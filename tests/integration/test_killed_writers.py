"""A process that is killed while it writes leaves good data as they were or as they should become, and it can run
again.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from integration.killed_writers import WRITERS
from places import ROOT

#: A process that forks must have no threads.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


#: The writers that take longest. The others have the same kinds of operation: `baseline_overwrite` has all of
#: `baseline`, which takes five times as long, and `new_file` has nothing there before.
SLOW = {"seed_folder", "seed_archive", "run_folder", "baseline"}


@pytest.mark.parametrize("writer", [pytest.param(each, marks=[pytest.mark.slow] * (each in SLOW)) for each in WRITERS])
def test_killed_at_any_operation_it_leaves_what_was_good(writer: str, tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from integration.killed_writers import run_killed\n"
    program += "print(run_killed(sys.argv[1], Path(sys.argv[2])))"
    sources = os.pathsep.join([str(ROOT / "tests"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", program, writer, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": sources, **ONE_THREAD},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) >= 8
