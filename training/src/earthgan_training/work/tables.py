"""Tables of text for the terminal and for documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

NONE = "–"


@dataclass(frozen=True)
class Table:
    """A title, the column heads, and rows with one cell for each head. Raises ValueError for other rows."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError(f"{self.title}: a row has not {len(self.head)} cells")

    def markdown(self) -> str:
        """The table in Markdown, without its title."""
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def show(self, console: Console, numbers: bool = True) -> None:
        """Print the table. With `numbers`, all columns except the first hold numbers and are aligned to the right."""
        from rich import table as rich

        shown = rich.Table(title=self.title, title_justify="left")
        for column, head in enumerate(self.head):
            shown.add_column(head, justify="right" if numbers and column else "left")
        for row in self.rows:
            shown.add_row(*(cell.replace("**", "") for cell in row))
        console.print(shown)
