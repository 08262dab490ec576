"""The table of archives that a user gives: where each lies, and its checksum. No address is built in.

[[archives]]
name = "spherical001.nc"                 # where it is written, below --out
address = "https://example.org/spherical001.nc"
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from earthgan.errors import BadInput, what_is_wrong

SCHEMES = ("http", "https")


class Archive(BaseModel):
    """An archive to fetch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    address: str
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$")

    @field_validator("name")
    @classmethod
    def _stays_in_the_folder(cls, name: str) -> str:
        parts = name.split("/")
        if not name.isprintable() or set(name) & set("\\:") or any(p.startswith(".") or not p.strip() for p in parts):
            raise ValueError(f"{name!r} is not a plain name or a path below the folder")
        return name

    @field_validator("address")
    @classmethod
    def _is_http(cls, address: str) -> str:
        try:
            parts = urlsplit(address)
            whole = parts.scheme in SCHEMES and parts.hostname and parts.port != 0
        except ValueError:
            whole = False
        if not whole or not address.isascii() or not address.isprintable() or " " in address:
            raise ValueError(f"{address!r} is not an address that begins with http:// or https://")
        return address

    @field_validator("sha256")
    @classmethod
    def _lower(cls, sha256: str) -> str:
        return sha256.lower()


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    archives: tuple[Archive, ...] = Field(min_length=1)


def read_table(path: Path) -> tuple[Archive, ...]:
    """The archives of a table. Raises BadInput if it cannot be read, or if two archives have one name."""
    try:
        table = _Table.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValidationError as error:
        raise BadInput(f"{path}: {what_is_wrong(error)}") from error
    except ValueError as error:  # from TOML or Unicode
        raise BadInput(f"{path}: is not TOML ({error})") from error
    if twice := _twice(archive.name.lower() for archive in table.archives):
        raise BadInput(f"{path}: two archives have the name {twice}")
    return table.archives


def _twice(names: Iterable[str]) -> str | None:
    """The first name that came before. Some file systems do not tell case apart, so the names are in lower case."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
