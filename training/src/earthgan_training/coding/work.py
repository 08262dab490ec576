"""Pieces of work that are reported one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Report = Callable[[str, int, int], None]  #: Gets the current task, the number of finished items, and the total number.


def counted(items: Sequence[Item], what: str, report: Report) -> Iterator[Item]:
    """The items. Each is reported before its work, and their end after the last. Nothing is reported if there are
    none.
    """
    for i, item in enumerate(items):
        report(what, i, len(items))
        yield item
    if items:
        report(what, len(items), len(items))
