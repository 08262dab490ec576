"""`earthgan.make` and its like come from other packages."""

import tomllib
from importlib.metadata import EntryPoint, EntryPoints

import pytest

import earthgan
from places import ROOT

DECLARED = [
    tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]["entry-points"]
    for folder in ("training", "services/gateway")
]


def test_other_packages_offer_what_the_core_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {name: value for each in DECLARED for name, value in each["earthgan.functions"].items()}
    assert set(offered) == set(earthgan._ADDED)
    for name, value in offered.items():
        entry_point = EntryPoint(name, value, "earthgan.functions")
        monkeypatch.setattr(earthgan, "entry_points", lambda found=entry_point, **_: EntryPoints([found]))
        assert getattr(earthgan, name) is entry_point.load()


def test_without_the_package_one_line_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earthgan, "entry_points", lambda **_: EntryPoints())
    with pytest.raises(AttributeError, match=r"earthgan\.make needs the package earthgan-training"):
        earthgan.make  # noqa: B018
    assert not hasattr(earthgan, "make")
    with pytest.raises(AttributeError, match="has no attribute 'bake'"):
        earthgan.bake  # noqa: B018
