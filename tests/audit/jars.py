"""What TorchServe's jar is made of. It holds some forty libraries, without the files that would say which."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

LIST = Path(__file__).with_name("jars.toml")
JAR = "ts/frontend/model-server.jar"


@dataclass(frozen=True)
class Library:
    """A Java library in the jar. `version` is empty where neither the jar nor TorchServe's build says it."""

    group: str
    artifact: str
    licence: str
    packages: tuple[str, ...]
    version: str = ""
    modules: tuple[str, ...] = field(default=())

    @property
    def purls(self) -> tuple[str, ...]:
        """The package URLs of the library, or of its modules where advisories name those."""
        version = f"@{self.version}" if self.version else ""
        return tuple(f"pkg:maven/{self.group}/{each}{version}" for each in self.modules or (self.artifact,))


@dataclass(frozen=True)
class JarList:
    """The libraries of the one jar that has this digest."""

    sha256: str
    libraries: tuple[Library, ...]

    @classmethod
    def read(cls, path: Path = LIST) -> JarList:
        """The list of a file."""
        said = tomllib.loads(path.read_text())
        rows: Iterator[dict[str, Any]] = (
            {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
            for row in said["library"]
        )
        return cls(said["sha256"], tuple(Library(**row) for row in rows))

    def judged(self, jar: Path) -> list[str]:
        """What is wrong: another jar, a class that belongs to no library, or a library without a class."""
        wrong = []
        if hashlib.sha256(jar.read_bytes()).hexdigest() != self.sha256:
            wrong.append(f"{JAR} is not the one that jars.toml describes: write down what the new one is made of")
        with ZipFile(jar) as archive:
            folders = {name.rpartition("/")[0] for name in archive.namelist() if name.endswith(".class")}
        folders = {each for each in folders if each and not each.startswith("META-INF")}
        known = [prefix for library in self.libraries for prefix in library.packages]
        for folder in sorted(folders):
            if not any(_within(folder, prefix) for prefix in known):
                wrong.append(f"{JAR}: no library of jars.toml has the classes in {folder}")
        for prefix in known:
            if not any(_within(folder, prefix) for folder in folders):
                wrong.append(f"{JAR}: has no classes in {prefix}")
        return wrong


def _within(folder: str, prefix: str) -> bool:
    return folder == prefix or folder.startswith(f"{prefix}/")
