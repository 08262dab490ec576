"""The table of archives: what it may not say, and that no name leads out of the folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan.errors import BadInput
from earthgan_training.download.table import read_table

SHA256 = "ab" * 32
GOOD = {"name": "a.nc", "address": "https://example.org/a.nc", "sha256": SHA256}

BEGUN = "[[archives]]\nname = 'a'\naddress = 'https://a/'\n"


def table(folder: Path, *archives: dict[str, str]) -> Path:
    path = folder / "archives.toml"
    tables = ["\n".join(f"{key} = {json.dumps(value)}" for key, value in archive.items()) for archive in archives]
    path.write_text("".join(f"[[archives]]\n{each}\n" for each in tables), encoding="utf-8")
    return path


def test_a_table_is_read(tmp_path: Path) -> None:
    first, second = read_table(table(tmp_path, GOOD, {**GOOD, "name": "part/b.nc", "sha256": SHA256.upper()}))
    assert (first.name, first.address, first.sha256) == ("a.nc", "https://example.org/a.nc", SHA256)
    assert (second.name, second.sha256) == ("part/b.nc", SHA256)


@given(st.text(alphabet=st.sampled_from("a./\\:~ \0\n"), max_size=8))
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("table")
    try:
        (archive,) = read_table(table(folder, {**GOOD, "name": name}))
    except BadInput:
        return
    place = (folder / archive.name).resolve()
    assert place != folder.resolve()
    assert place.is_relative_to(folder.resolve())
    assert not any(part.startswith(".") for part in archive.name.split("/"))


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "C:a", "\\a", "..\\a", ".a", "a/", "", " "])
def test_such_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="is not a plain name or a path below the folder"):
        read_table(table(tmp_path, {**GOOD, "name": name}))


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://example.org/a",
        "example.org/a",
        "https://",
        "https://a b/",
        "https://a:x/",
        "http://[/",
    ],
)
def test_such_addresses_are_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadInput, match="is not an address that begins with http:// or https://"):
        read_table(table(tmp_path, {**GOOD, "address": address}))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "archives: Field required"),
        ("archives = []", "archives: Tuple should have at least 1 item"),
        ("x", "is not TOML"),
        (b"\xff", "is not TOML"),
        ("[[archives]]\nname = 'a'\naddress = 'https://a/'\n", "archives.0.sha256: Field required"),
        ("[[archives]]\nname = 'a'\naddress = 'https://a/'\nsha256 = '12'\n", "archives.0.sha256: String should match"),
        (
            f"[[archives]]\nname = 'a'\naddress = 'https://a/'\nsha256 = '{SHA256}'\nmd5 = '1'\n",
            "archives.0.md5: Extra",
        ),
    ],
)
def test_other_faults_are_one_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    path = tmp_path / "archives.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput) as refused:
        read_table(path)
    assert str(refused.value).startswith(f"{path}: {told}")
    assert "\n" not in str(refused.value)


def test_two_archives_cannot_have_one_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"two archives have the name a\.nc"):
        read_table(table(tmp_path, GOOD, {**GOOD, "name": "A.nc"}))


def test_an_absent_table_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be read \(No such file or directory\)"):
        read_table(tmp_path / "absent.toml")
