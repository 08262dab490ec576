"""Outputs for tiles. Every output is either complete or absent.

Nothing waits until the files of tiles are on the disk, because there are very many and each is cheap to draw again.
After a power cut, remove the folder and run `earthgan seed` again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earthgan.errors import BadInput
from earthgan.files import is_leftover, whole, write_json
from earthgan.sphere.tiles import Tile, bounds_deg

Tiles = Mapping[Tile, bytes]

#: The file that describes a folder's tiles. Tiles of another surrogate, style or zoom are not added to the folder.
MANIFEST = "seed.json"


def claim(folder: Path, manifest: dict[str, Any]) -> None:
    """Reserve the folder for these tiles. Raises BadInput if it holds anything else."""
    file = folder / MANIFEST
    try:
        held = json.loads(file.read_text())
    except FileNotFoundError:
        if folder.exists() and not all(map(is_leftover, folder.iterdir())):
            raise BadInput(f"{folder} is not empty, and `earthgan seed` did not write it") from None
        write_json(file, manifest)
        return
    except (OSError, ValueError) as error:
        raise BadInput(f"{file}: {error}") from error
    if held != manifest:
        different = sorted(name for name in manifest if held.get(name) != manifest[name])
        raise BadInput(f"{folder} holds tiles with another {', '.join(different)}: choose another folder")


def value_file(folder: Path, variable: str, t: int, r: int) -> Path:
    """Return the file for the values of a shell in the variable's unit."""
    return folder / "shells" / variable / str(t) / f"{r}.npy"


class Pyramid:
    """PNG files `tiles/{variable}/{t}/{r}/{z}/{x}/{y}.png`, as in the gateway's addresses.

    The folder of a shell is written as a whole.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _shell(self, variable: str, t: int, r: int) -> Path:
        return self._folder / "tiles" / variable / str(t) / str(r)

    def has(self, variable: str, t: int, r: int) -> bool:
        """Return whether the shell exists. If it does, it is complete."""
        return self._shell(variable, t, r).is_dir()

    def write(self, variable: str, t: int, r: int, tiles: Tiles) -> None:
        """Write the tiles of a shell. Raises BadInput."""
        try:
            with whole(self._shell(variable, t, r), durable=False) as part:
                for tile, png in tiles.items():
                    file = part / str(tile.z) / str(tile.x) / f"{tile.y}.png"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(png)
        except BadInput:
            if not self.has(variable, t, r):  # if it exists now, another process has drawn the same tiles
                raise


class Archives:
    """One PMTiles archive (version 3) for each shell. Any web server that supports ranges can serve it."""

    def __init__(self, folder: Path, about: dict[str, Any], metadata: dict[str, Any]) -> None:
        self._folder = folder
        self._metadata = metadata | about

    def path(self, variable: str, t: int, r: int) -> Path:
        return self._folder / "pmtiles" / variable / str(t) / f"{r}.pmtiles"

    def has(self, variable: str, t: int, r: int) -> bool:
        """Return whether the archive exists. If it does, it is complete."""
        return self.path(variable, t, r).is_file()

    def write(self, variable: str, t: int, r: int, tiles: Tiles) -> None:
        """Write the tiles of a shell. Raises BadInput."""
        place = shell_place(variable, t, r)
        write_archive(self.path(variable, t, r), tiles, self._metadata | place | {"name": ", ".join(place.values())})


def shell_place(variable: str, t: int, r: int) -> dict[str, str]:
    """Return the part of an archive's metadata that names its shell."""
    return {"variable": variable, "step": f"step {t}", "shell": f"shell {r}"}


def is_archive_of(path: Path, about: dict[str, Any]) -> bool:
    """Return whether a file is a PMTiles archive whose metadata contains `about`."""
    from pmtiles.reader import MmapSource, Reader

    try:
        with path.open("rb") as file:
            metadata: dict[str, Any] = Reader(MmapSource(file)).metadata()  # type: ignore[no-untyped-call]
    except Exception:  # the file is not a PMTiles archive
        return False
    return about.items() <= metadata.items()


def write_archive(path: Path, tiles: Tiles, metadata: dict[str, Any]) -> None:
    """Write a PMTiles archive of PNG tiles in Web Mercator, completely or not at all. Raises BadInput."""
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
    with whole(path, durable=False) as part, part.open("wb") as file:
        writer = Writer(file)  # type: ignore[no-untyped-call]
        for number in sorted(numbered):  # neighbouring tiles lie together in the file
            writer.write_tile(number, numbered[number])  # type: ignore[no-untyped-call]
        writer.finalize(header, metadata)  # type: ignore[no-untyped-call]
