"""EarthGAN's domain: what a surrogate of mantle convection is and how any part of its globe is computed."""

from pathlib import Path

from earthgan.errors import EarthGANError
from earthgan.spec import SurrogateSpec
from earthgan.sphere.grid import PolarRule, ShellGrid, Window
from earthgan.surrogate import Surrogate

__all__ = ["EarthGANError", "PolarRule", "ShellGrid", "Surrogate", "SurrogateSpec", "Window", "__version__"]

#: The version of all of EarthGAN's packages. The file is also what their builds read.
__version__ = Path(__file__).with_name("VERSION").read_text(encoding="ascii").strip()
