"""A figure as the content of a PNG file."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


def png(figure: Figure) -> bytes:
    """Encode a figure as PNG at the figure's own resolution. The same figure gives the same bytes."""
    content = BytesIO()
    figure.savefig(content, format="png", dpi="figure", metadata={"Software": "earthgan"})
    return content.getvalue()
