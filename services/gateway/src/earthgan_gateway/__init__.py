"""The gateway serves a surrogate's map tiles and radial shells over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from earthgan_gateway.app import create_app
    from earthgan_gateway.settings import Settings

__all__ = ["Settings", "create_app"]


def __getattr__(name: str) -> Any:
    """Import the application when it is first asked for: `earthgan info` needs no web framework."""
    if name == "create_app":
        from earthgan_gateway.app import create_app

        return create_app
    if name == "Settings":
        from earthgan_gateway.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
