"""The licence of every dependency, and which licences are permitted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

RULES = Path(__file__).with_name("licences.toml")
#: A licence's text may stand where its name belongs. A name is shorter than this.
LONGEST_NAME = 60
CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Licensed:
    """A dependency, its licence as an SPDX expression (empty if nobody says it), and what it is part of."""

    name: str
    version: str
    licence: str
    part_of: str


@dataclass(frozen=True)
class Rules:
    """What licences.toml says: permitted licences, SPDX names of other spellings, and exceptions by package."""

    permissive: frozenset[str]
    spellings: dict[str, str]
    stated: dict[str, str]
    exceptions: dict[str, dict[str, str]]

    @classmethod
    def read(cls, path: Path = RULES) -> Rules:
        """The rules of a file."""
        said = tomllib.loads(path.read_text())
        return cls(frozenset(said["permissive"]), said["spellings"], said["stated"], said["exceptions"])

    def licence(self, name: str, metadata: dict[str, Any]) -> str:
        """The licence that a package's metadata name, as an SPDX expression; empty if they name none."""
        if name in self.stated:
            return self.stated[name]
        if expression := metadata.get("license_expression"):
            return str(expression)
        field = (metadata.get("license") or "").strip()
        if field and len(field) <= LONGEST_NAME and "\n" not in field:
            return self.spellings.get(field, field)
        classes = [each.removeprefix(CLASSIFIER) for each in metadata.get("classifier", []) if CLASSIFIER in each]
        return " AND ".join(self.spellings.get(each, each) for each in sorted(set(classes)))

    def exception(self, dependency: Licensed) -> str | None:
        """Why a licence that is not permissive is accepted, if it is that very licence of that very package."""
        for pattern, entry in self.exceptions.items():
            if fnmatch(dependency.name, pattern) and entry["licence"] == dependency.licence:
                return entry["why"]
        return None

    def permits(self, expression: str) -> bool:
        """Whether an SPDX expression leaves a choice of permissive licences alone."""
        words = re.findall(r"[()]|[^\s()]+", expression.replace(" WITH ", "\0"))
        value, rest = self._either([word.replace("\0", " WITH ") for word in words])
        return value and not rest

    def _either(self, words: list[str]) -> tuple[bool, list[str]]:
        value, words = self._both(words)
        while words[:1] == ["OR"]:
            other, words = self._both(words[1:])
            value = value or other
        return value, words

    def _both(self, words: list[str]) -> tuple[bool, list[str]]:
        value, words = self._one(words)
        while words[:1] == ["AND"]:
            other, words = self._one(words[1:])
            value = value and other
        return value, words

    def _one(self, words: list[str]) -> tuple[bool, list[str]]:
        if words[:1] == ["("]:
            value, words = self._either(words[1:])
            return value and words[:1] == [")"], words[1:]
        return bool(words) and words[0] in self.permissive, words[1:]


def judged(dependencies: Iterable[Licensed], rules: Rules) -> list[str]:
    """The dependencies whose licence is neither permissive nor excepted."""
    return [
        f"{each.name} {each.version} ({each.part_of}): {each.licence or 'no licence is stated'}"
        for each in dependencies
        if not rules.permits(each.licence) and rules.exception(each) is None
    ]


def table(dependencies: Iterable[Licensed], rules: Rules) -> str:
    """The dependencies as a Markdown table."""
    lines = ["| dependency | version | licence | part of | why, if not permissive |", "|---|---|---|---|---|"]
    for each in dependencies:
        why = "" if rules.permits(each.licence) else rules.exception(each) or "**not permitted**"
        lines.append(f"| {each.name} | {each.version} | {each.licence or '?'} | {each.part_of} | {why} |")
    return "\n".join(lines) + "\n"
