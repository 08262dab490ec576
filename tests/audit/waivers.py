"""Advisories that are waived: each by its name, with a reason, until a day."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

WAIVERS = Path(__file__).with_name("waivers.toml")
#: Nobody waives anything for longer: a waiver is a promise to look again.
LONGEST = timedelta(days=183)


@dataclass(frozen=True)
class Advisory:
    """A vulnerability that a service knows of a package, by all its names."""

    package: str
    version: str
    names: frozenset[str]
    summary: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}: {', '.join(sorted(self.names))}: {self.summary}"


@dataclass(frozen=True)
class Waiver:
    """Says that one advisory of one package is accepted until the end of a day, and why."""

    id: str
    package: str
    why: str
    until: date


def read(path: Path = WAIVERS) -> list[Waiver]:
    """The waivers of a file. Raises `ValueError` for one that lacks a part or a reason."""
    found = []
    for entry in tomllib.loads(path.read_text()).get("waiver", []):
        if set(entry) != {"id", "package", "why", "until"}:
            raise ValueError(f"a waiver has id, package, why and until, not {', '.join(entry)}")
        if type(entry["until"]) is not date or not all(str(part).strip() for part in entry.values()):
            raise ValueError(f"{entry['id'] or 'a waiver'}: `until` is a date such as 2026-12-31, and no part is empty")
        found.append(Waiver(**entry))
    return found


def judged(advisories: Iterable[Advisory], waivers: Iterable[Waiver], today: date) -> list[str]:
    """What is wrong: advisories that nobody waives, and waivers that ended, last too long or waive nothing."""
    advisories, wrong, valid = list(advisories), [], []
    for waiver in waivers:
        matching = [each for each in advisories if each.package == waiver.package and waiver.id in each.names]
        if waiver.until < today:
            wrong.append(f"the waiver of {waiver.id} for {waiver.package} ended on {waiver.until}")
        elif waiver.until > today + LONGEST:
            wrong.append(f"the waiver of {waiver.id} for {waiver.package} lasts longer than {LONGEST.days} days")
        elif not matching:
            wrong.append(f"the waiver of {waiver.id} for {waiver.package} waives nothing: remove it")
        else:
            valid += matching
    return wrong + [str(each) for each in advisories if each not in valid]
