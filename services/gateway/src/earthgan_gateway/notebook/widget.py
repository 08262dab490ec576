"""The map as a widget: what Python and the page in the cell know of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import numpy as np
from traitlets import Any as Anything
from traitlets import Bool, Float, Int, Tuple, Unicode, validate

from earthgan.errors import EarthGANError, InvalidRequest, UnknownVariable
from earthgan.run.run import Run
from earthgan_gateway.notebook.held import Held
from earthgan_gateway.settings import SHIPPED

_PAGE = (SHIPPED / "client").resolve()
#: The controls that a map may have, as the page's `?embed` names them.
CONTROLS = ("variable", "depth", "time", "zoom", "below")


class Map(anywidget.AnyWidget):
    """The page's map of a run in a cell's output. `Run.map` makes it.

    What can be set can be observed: `variable`, `step`, `depth_km`, `anomaly`, `globe`, `view` (latitude, longitude and
    zoom; None: the whole globe) and `place` (the latitude and the longitude whose profile and series are shown, or
    None). A depth becomes that of the nearest shell, whose index is `shell`. `value` is what was read last, under the
    pointer or under the cross, in `run.units[variable]`, and `value_at` its latitude and longitude. `caption` says what
    is on the screen, and `height` is in pixels.

    Raises InvalidRequest if browsers do not compute the surrogate, UnknownVariable and UnknownStep, in one line each.
    """

    _esm = (_PAGE / "notebook" / "widget.js").read_text(encoding="utf-8")

    variable = Unicode().tag(sync=True)
    step = Anything().tag(sync=True)  # a whole step is an int
    depth_km = Float().tag(sync=True)
    anomaly = Bool().tag(sync=True)
    globe = Bool().tag(sync=True)
    view = Tuple(Float(), Float(), Float(), allow_none=True, default_value=None).tag(sync=True)
    place = Tuple(Float(), Float(), allow_none=True, default_value=None).tag(sync=True)
    height = Int(540, min=1).tag(sync=True)
    value = Float(allow_none=True, default_value=None).tag(sync=True)
    value_at = Tuple(Float(), Float(), allow_none=True, default_value=None).tag(sync=True)
    caption = Unicode().tag(sync=True)

    def __init__(
        self,
        run: Run,
        variable: str | None = None,
        depth_km: float | None = None,
        step: float | None = None,
        controls: Sequence[str] = CONTROLS,
        **options: Any,
    ) -> None:
        unknown = [name for name in controls if name not in CONTROLS]
        if unknown:
            raise InvalidRequest(f"no control {unknown[0]}: a map has {', '.join(CONTROLS)}")
        self.run, self._held, self._controls = run, Held(run.surrogate, _PAGE), tuple(controls)
        first = self._held.default
        options |= {
            "variable": first["variable"] if variable is None else variable,
            "depth_km": self._held.depths_km[first["r"]] if depth_km is None else depth_km,
            "step": first["t"] if step is None else step,
        }
        unknown = [name for name in options if not self.has_trait(name)]
        if unknown:
            raise TypeError(f"a map takes no {unknown[0]}")
        super().__init__(**options)
        self.on_msg(self._asked)

    def __repr__(self) -> str:
        name = self.run.long_name(self.variable)
        return f"Map of {name}, {self.depth_km:,.0f} km deep, step {self.step:g}. Run this cell to see it."

    @property
    def shell(self) -> int:
        """The index `r` of the shell at this depth, for the run's methods."""
        return self._held.depths_km.index(self.depth_km)

    @validate("variable")
    def _known(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if name not in self._held.variables:
            raise UnknownVariable(name, self._held.variables)
        return name

    @validate("step")
    def _in_time(self, proposal: Any) -> float:
        step = float(proposal["value"])
        self.run.surrogate.check_time(step)
        if step.is_integer():
            return int(step)
        if not self._held.predicts:
            raise InvalidRequest(f"no step {step}: only surrogates whose steps are predicted have times between them")
        return step

    @validate("depth_km")
    def _of_a_shell(self, proposal: Any) -> float:
        depths: list[float] = self._held.depths_km
        depth = float(proposal["value"])
        radius_km = self.run.surrogate.spec.planet.radius_km
        if not min(0, *depths) <= depth <= radius_km:
            raise InvalidRequest(f"no depth of {depth:g} km: the planet's radius is {radius_km:g} km")
        return min(depths, key=lambda each: abs(each - depth))

    @validate("view", "place")
    def _on_the_globe(self, proposal: Any) -> tuple[float, ...] | None:
        place = proposal["value"]
        if place is not None and not (abs(place[0]) <= 90 and np.isfinite(place).all()):
            raise InvalidRequest("latitudes lie from -90 to 90 degrees, and longitudes are finite")
        return None if place is None else tuple(map(float, place))

    def _asked(self, _: object, question: dict[str, Any], __: object) -> None:
        """Answer the page in the cell: `clients/web/notebook/widget.js`."""
        if question.get("ask") == "page":
            files = self._held.files_at_once()
            html = self._held.html(self._controls).encode()
            self.send({"answers": "page", "files": list(files)}, [html, *files.values()])
        elif question.get("ask") == "file":
            answer, name = {"answers": "file", "file": question.get("file")}, str(question.get("file"))
            try:
                self.send(answer, [self._held.file(name)])
            except (EarthGANError, OSError) as error:
                self.send(answer | {"error": str(error)})
