"""`make faults`: drives every fault, prints row, expected, measured and verdict, and writes the table of the page.

PYTHONPATH=tests python -m faults.run [pytest's options]

With options, such as `-k overload`, only those rows are driven. The page keeps its other rows.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from faults.rows import Row, merged, rows_of_page, table, write_page


class _Collector:
    """Makes a row of each test that has ended."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = dict(report.user_properties)
        if "row" not in said or (report.when != "call" and report.passed):
            return
        verdict = {"passed": "holds", "skipped": "not run"}.get(report.outcome, "**fails**")
        measured = str(said.get("measured", "")).replace("|", "/")
        self.rows[report.nodeid] = Row(*said["row"], measured, verdict)


def main(options: list[str]) -> int:
    """Run the rows and return pytest's exit code."""
    collector = _Collector()
    code = pytest.main([str(Path(__file__).parent), "-m", "fault", "-q", *options], plugins=[collector])
    rows = list(collector.rows.values())
    print(table(rows))
    write_page(rows if not options else merged(rows_of_page(), rows))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
