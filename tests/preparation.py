"""Runs of `earthgan prepare` on small files."""

from pathlib import Path

from contest_file import write_contest_file
from earthgan.cli import main

SMALL = ["--truth", "14x28", "--inputs", "3x7x14", "--variables", "temperature,vx,vy,vz"]
MEDIUM = ["--truth", "112x224", "--variables", "temperature,vx,vy,vz"]


def raw_folder(folder: Path, steps: int = 3, factor: float = 1.0) -> Path:
    folder.mkdir(exist_ok=True)
    for t in range(1, steps + 1):
        write_contest_file(folder / f"spherical{t:03d}.nc", spoil=lambda values, t=t: values * t * factor)
    return folder


def prepare(*arguments: object) -> int:
    return main(["prepare", *map(str, arguments), "--workers", "0"])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
