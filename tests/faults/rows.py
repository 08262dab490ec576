"""The rows of the table of faults. Each test is one row: what happens, what is expected, and what was measured.

@fault("8", "the model server hangs", "503 at once, with Retry-After")
def test_…(measured: Measured) -> None:
    measured("200 of 200 refused within 12 ms")

`python -m faults.run` (`make faults`) runs them all and writes the table of docs/operations.md.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from places import ROOT

PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- faults: begin (make faults writes this) -->", "<!-- faults: end -->"

#: What a test calls with what it has measured. The last call counts.
Measured = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """A row of the table. `number` is that of the table in the notes, or a dash."""

    number: str
    what: str
    expected: str
    measured: str = ""
    verdict: str = ""

    @property
    def order(self) -> tuple[int, str]:
        return int(self.number) if self.number.isdigit() else 99, self.what

    @property
    def line(self) -> str:
        return f"| {self.number} | {self.what} | {self.expected} | {self.measured} | {self.verdict} |"


def fault(number: str, what: str, expected: str) -> pytest.MarkDecorator:
    """Mark a test as a row."""
    return pytest.mark.fault(number, what, expected)


def rows_of_tests(folder: Path = Path(__file__).parent) -> list[Row]:
    """The rows of all tests, from their sources."""
    rows = []
    for path in folder.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "fault":
                rows.append(Row(*(ast.literal_eval(each) for each in node.args)))
    return sorted(rows, key=lambda row: row.order)


def rows_of_page(page: Path = PAGE) -> list[Row]:
    """The rows that the page shows."""
    _, _, rest = page.read_text().partition(BEGIN)
    table, _, _ = rest.partition(END)
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    return [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]


def table(rows: list[Row]) -> str:
    head = ["| # | fault | expected | measured | verdict |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row.line for row in sorted(rows, key=lambda row: row.order))])


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """The old rows, with the new ones in the place of those of the same fault."""
    driven = {(row.number, row.what) for row in new}
    return [*(row for row in old if (row.number, row.what) not in driven), *new]


def write_page(rows: list[Row], page: Path = PAGE) -> None:
    """Replace the table of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")
