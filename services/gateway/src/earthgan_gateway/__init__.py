"""The gateway: map tiles and radial shells of a surrogate over HTTP."""

from earthgan_gateway.app import create_app
from earthgan_gateway.settings import Settings

__all__ = ["Settings", "create_app"]
