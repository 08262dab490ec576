"""Where tiles go. Everything is whole or not there: a temporary name first, then a rename."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput
from earthgan.sphere.tiles import Tile, bounds_deg

Tiles = Mapping[Tile, bytes]

#: Says what a folder's tiles are of: no other surrogate, style or zoom is mixed with them.
MANIFEST = "seed.json"


def write_whole(path: Path, content: bytes) -> None:
    """A file with this content, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def write_json(path: Path, content: Any) -> None:
    """A JSON file, or none."""
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n")


def claim(folder: Path, manifest: dict[str, Any]) -> None:
    """Make the folder one for these tiles. Raises BadInput where it holds others."""
    file = folder / MANIFEST
    try:
        held = json.loads(file.read_text())
    except FileNotFoundError:
        if folder.exists() and any(folder.iterdir()):
            raise BadInput(f"{folder} is not empty, and not of an earlier seed") from None
        write_json(file, manifest)
        return
    except (OSError, ValueError) as error:
        raise BadInput(f"{file}: {error}") from error
    if held != manifest:
        different = sorted(name for name in manifest if held.get(name) != manifest[name])
        raise BadInput(f"{folder} holds tiles of another {', '.join(different)}: choose another folder")


def value_file(folder: Path, variable: str, t: int, r: int) -> Path:
    """Where a shell's own numbers are, in units."""
    return folder / "shells" / variable / str(t) / f"{r}.npy"


class Pyramid:
    """`tiles/{variable}/{t}/{r}/{z}/{x}/{y}.png`, as the gateway's own addresses; a shell's folder is the unit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _shell(self, variable: str, t: int, r: int) -> Path:
        return self._folder / "tiles" / variable / str(t) / str(r)

    def has(self, variable: str, t: int, r: int) -> bool:
        """Whether the shell is there, which means that it is whole."""
        return self._shell(variable, t, r).is_dir()

    def write(self, variable: str, t: int, r: int, tiles: Tiles) -> None:
        shell = self._shell(variable, t, r)
        part = shell.with_name(f".{r}.part")
        shutil.rmtree(part, ignore_errors=True)  # of one who was killed
        for tile, png in tiles.items():
            file = part / str(tile.z) / str(tile.x) / f"{tile.y}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png)
        part.replace(shell)


class Archives:
    """One PMTiles archive (version 3) a shell: a web server that knows ranges serves it without a program."""

    def __init__(self, folder: Path, about: dict[str, Any], metadata: dict[str, Any]) -> None:
        self._folder = folder
        self._metadata = metadata | about

    def path(self, variable: str, t: int, r: int) -> Path:
        return self._folder / "pmtiles" / variable / str(t) / f"{r}.pmtiles"

    def has(self, variable: str, t: int, r: int) -> bool:
        """Whether the archive is there, which means that it is whole."""
        return self.path(variable, t, r).is_file()

    def write(self, variable: str, t: int, r: int, tiles: Tiles) -> None:
        place = shell_place(variable, t, r)
        write_archive(self.path(variable, t, r), tiles, self._metadata | place | {"name": ", ".join(place.values())})


def shell_place(variable: str, t: int, r: int) -> dict[str, str]:
    """What an archive's metadata says about the shell in it."""
    return {"variable": variable, "step": f"step {t}", "shell": f"shell {r}"}


def is_archive_of(path: Path, about: dict[str, Any]) -> bool:
    """Whether a file is a PMTiles archive whose metadata says all of this."""
    from pmtiles.reader import MmapSource, Reader

    try:
        with path.open("rb") as file:
            metadata: dict[str, Any] = Reader(MmapSource(file)).metadata()  # type: ignore[no-untyped-call]
    except Exception:  # whatever the file is, it is not that
        return False
    return about.items() <= metadata.items()


def write_archive(path: Path, tiles: Tiles, metadata: dict[str, Any]) -> None:
    """A PMTiles archive of PNG tiles of Web Mercator, or none."""
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import Writer

    west, south, east, north = (round(degrees * 1e7) for degrees in bounds_deg(next(iter(tiles)).tms))
    header = {
        "tile_type": TileType.PNG,
        "tile_compression": Compression.NONE,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": min(tile.z for tile in tiles),
        "center_lon_e7": 0,
        "center_lat_e7": 0,
    }
    numbered = {zxy_to_tileid(tile.z, tile.x, tile.y): png for tile, png in tiles.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        writer = Writer(file)  # type: ignore[no-untyped-call]
        for number in sorted(numbered):  # tiles that lie together on the map lie together in the file
            writer.write_tile(number, numbered[number])  # type: ignore[no-untyped-call]
        writer.finalize(header, metadata)  # type: ignore[no-untyped-call]
    part.replace(path)
