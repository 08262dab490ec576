"""Tables of text, for the terminal and for a document alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

NONE = "–"


@dataclass(frozen=True)
class Table:
    """A title, the heads of columns, and rows of as many cells."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table, without its title."""
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def show(self, console: Console, numbers: bool = True) -> None:
        """Print it; `numbers`: all columns but the first hold them."""
        from rich import table as rich

        shown = rich.Table(title=self.title, title_justify="left")
        for column, head in enumerate(self.head):
            shown.add_column(head, justify="right" if numbers and column else "left")
        for row in self.rows:
            shown.add_row(*(cell.replace("**", "") for cell in row))
        console.print(shown)
