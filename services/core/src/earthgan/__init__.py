"""EarthGAN's domain: what a surrogate of mantle convection is and how any part of its globe is computed."""

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from earthgan.errors import EarthGANError
from earthgan.spec import SurrogateSpec
from earthgan.sphere.grid import PolarRule, ShellGrid, Window
from earthgan.surrogate import Surrogate

__all__ = ["EarthGANError", "PolarRule", "ShellGrid", "Surrogate", "SurrogateSpec", "Window", "__version__"]

#: The version of all of EarthGAN's packages. The file is also what their builds read.
__version__ = Path(__file__).with_name("VERSION").read_text(encoding="ascii").strip()

#: What is imported when it is first used, and its module.
_LAZY = {"open": "earthgan.run.run", "Run": "earthgan.run.run"}

#: The functions that other packages add under their own names, and the packages. The entry-point group
#: `earthgan.functions` says where each is.
_ADDED = {"make": "earthgan-training", "map_of": "earthgan-gateway[notebook]"}


def __getattr__(name: str) -> Any:
    """Find what is imported late, or a function that another installed package adds, such as `earthgan.make`."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in _ADDED:
        for entry_point in entry_points(group="earthgan.functions", name=name):
            return entry_point.load()
        raise AttributeError(f"earthgan.{name} needs the package {_ADDED[name]}: pip install '{_ADDED[name]}'")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
