"""A figure as the content of a PNG file."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG, as fine as the figure says; the same figure is the same bytes."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi="figure", metadata={"Software": "earthgan"})
    return content.getvalue()
