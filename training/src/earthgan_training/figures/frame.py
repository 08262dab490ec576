"""A picture that is drawn once and then shows other shells. This makes hundreds of images and animations fast."""

from __future__ import annotations

from collections.abc import Mapping

from earthgan_training.figures.globe_map import GlobeMap
from earthgan_training.figures.page import new_page
from earthgan_training.figures.scale import Scale
from earthgan_training.figures.sources import Array
from earthgan_training.work.png import png


class Frame:
    """One map for each source, side by side, with one scale. `png` gives the picture of other shells with the maps in
    the same place.
    """

    def __init__(self, globe: GlobeMap, scale: Scale, shells: Mapping[str, Array], about: str) -> None:
        self._globe = globe
        self._figure = new_page(5.6 * len(shells), 4.1, "Title", about)
        self._title = self._figure.texts[0]
        axes = self._figure.subplots(1, len(shells), squeeze=False)[0]
        self._images = {name: globe.draw(place, shells[name], scale) for name, place in zip(shells, axes, strict=True)}
        for name, place in zip(shells, axes, strict=True):
            place.set_title(name, size=8)
        scale.draw_bar(next(iter(self._images.values())), list(axes), shrink=0.6, aspect=40)
        self._figure.draw_without_rendering()
        self._figure.set_layout_engine("none")  # so that every picture has its maps in the same place

    def png(self, shells: Mapping[str, Array], title: str) -> bytes:
        """The picture of these shells `(latitude, longitude)`, given by the name of the source."""
        for name, image in self._images.items():
            image.set_data(self._globe.pixels(shells[name]))
        self._title.set_text(title)
        return png(self._figure)
