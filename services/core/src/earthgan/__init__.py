"""EarthGAN's domain: what a surrogate of mantle convection is and how any part of its globe is computed."""

from earthgan.errors import EarthGANError
from earthgan.spec import SurrogateSpec
from earthgan.sphere.grid import PolarRule, ShellGrid, Window
from earthgan.surrogate import Surrogate

__all__ = ["EarthGANError", "PolarRule", "ShellGrid", "Surrogate", "SurrogateSpec", "Window"]
