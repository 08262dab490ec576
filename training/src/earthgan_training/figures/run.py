"""Draws the requested figures, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from earthgan.backends.onnx import onnx_backend
from earthgan.errors import BadInput, UnknownVariable
from earthgan.files import write_whole
from earthgan.quantities import Quantity, quantities
from earthgan.sphere.grid import ShellGrid
from earthgan.surrogate import Surrogate
from earthgan_training.figures.animation import Animated, animate
from earthgan_training.figures.comparison import draw_comparison
from earthgan_training.figures.frame import Frame
from earthgan_training.figures.globe_map import GlobeMap
from earthgan_training.figures.page import notice
from earthgan_training.figures.preparation import draw_preparation, stages
from earthgan_training.figures.profiles import Profile, draw_profiles
from earthgan_training.figures.projection import Projection
from earthgan_training.figures.scale import Scale
from earthgan_training.figures.shells import write_shells
from earthgan_training.figures.size import PAPER_SIZES, Sizes, draw_sizes, surrogate_sizes
from earthgan_training.figures.sources import (
    Fields,
    Generated,
    Interpolated,
    OnGrid,
    Origin,
    Truth,
    fields,
    truth_of_dataset,
    truth_of_source,
)
from earthgan_training.simulations.labelled import Source
from earthgan_training.work.png import png

#: The default number of shells in maps.
RANDOM_SHELLS = 3


class Kind(StrEnum):
    """A kind of figure."""

    PREPARATION = "preparation"
    SIZE = "size"
    MAPS = "maps"
    PROFILES = "profiles"
    ANIMATION = "animation"
    SHELLS = "shells"


#: The kinds that show the ground truth if it is available, and otherwise the surrogate alone.
BESIDE_TRUTH = {Kind.MAPS, Kind.PROFILES, Kind.ANIMATION}
#: All kinds except the images of every shell, of which there are hundreds.
USUAL = (Kind.PREPARATION, Kind.SIZE, Kind.MAPS, Kind.PROFILES, Kind.ANIMATION)


@dataclass(frozen=True, kw_only=True)
class Request:
    """The figures to draw. `None` selects the default: all stored variables; three random shells that `seed`
    determines; the first time step. The kind `SHELLS` draws all shells by default, and preparation and animation draw
    the first of the three. An animation shows all time steps by default.

    `depths_km` adds the shells nearest to these depths. `centre_deg` is the longitude in the middle of maps.
    """

    kinds: tuple[Kind, ...] = USUAL
    variables: tuple[str, ...] | None = None
    shells: tuple[int, ...] | None = None
    depths_km: tuple[float, ...] = ()
    steps: tuple[int, ...] | None = None
    seed: int = 0
    projection: Projection = Projection.MOLLWEIDE
    centre_deg: float = 0.0
    per_shell_range: bool = False
    animated: Animated = Animated.GIF


@dataclass
class Report:
    """The result: the files that were written, what was left out and why, and the bytes that were counted."""

    files: list[Path] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    sizes: Sizes | None = None


def draw_figures(
    folder: Path,
    truth: Source | Path | None,
    out: Path,
    request: Request,
    watch: Callable[[int, int], None] = lambda done, of: None,
) -> Report:
    """Draw figures of the surrogate in `folder` and write them to `out`, each whole or not at all. `watch` is called
    for every picture.

    `truth` is a source, or the folder of a prepared data set. Raises DamagedSurrogate,
    UnknownVariable, UnknownStep, UnknownShell, BadInput.
    """
    surrogate = Surrogate(folder)
    opened, grid = None, surrogate.grid
    if truth is not None:
        opened, grid = (
            truth_of_dataset(truth, surrogate) if isinstance(truth, Path) else truth_of_source(truth, surrogate)
        )
    figures = _Figures(surrogate, opened, grid, out, request)
    if truth is None and BESIDE_TRUTH.intersection(request.kinds):
        figures.report.left_out["truth"] = "without --truth, maps, profiles and animations show the surrogate alone"
    for kind in dict.fromkeys(request.kinds):
        if reason := figures.cannot(kind):
            figures.report.left_out[kind.value] = reason
    kinds = [kind for kind in dict.fromkeys(request.kinds) if kind not in figures.report.left_out]
    total, done = sum(figures.count(kind) for kind in kinds), 0
    watch(0, total)
    for kind in kinds:
        for path in figures.draw(kind):
            done += 1
            watch(done, total)
            if path is not None:
                figures.report.files.append(path)
    return figures.report


class _Figures:
    """The surrogate, its sources, and the chosen quantities, shells and time steps. Each kind yields a path for each
    picture, or None for a picture that is only part of a file.
    """

    def __init__(self, surrogate: Surrogate, truth: Truth | None, grid: ShellGrid, out: Path, request: Request) -> None:
        self._surrogate, self._truth, self._out, self._request = surrogate, truth, out, request
        self._grid, self._planet = grid, surrogate.spec.planet
        self.report = Report()
        self._quantities = _chosen_quantities(surrogate, request.variables)
        self._generated = Generated(surrogate, onnx_backend(surrogate))
        self._sources = self._all_sources()
        self._steps = self._chosen_steps()
        self._shells = self._chosen_shells()
        self._about = notice(surrogate, truth.name if truth else None)

    def cannot(self, kind: Kind) -> str | None:
        """The reason why a kind cannot be drawn; None if it can."""
        if kind is Kind.PREPARATION and self._truth is None:
            return "it shows the ground truth, so it needs --truth"
        return None

    def count(self, kind: Kind) -> int:
        """The number of pictures of a kind."""
        steps, shells, named = len(self._still_steps), len(self._few_shells), len(self._quantities)
        match kind:
            case Kind.PREPARATION:
                return steps * shells * named
            case Kind.MAPS:
                return steps * named
            case Kind.PROFILES:
                return steps
            case Kind.SHELLS:
                return steps * len(self._every_shell) * named
            case Kind.ANIMATION:
                return len(self._steps) * shells * named
            case Kind.SIZE:
                return 1

    def draw(self, kind: Kind) -> Iterator[Path | None]:
        draw: dict[Kind, Callable[[], Iterator[Path | None]]] = {
            Kind.PREPARATION: self._preparation,
            Kind.SIZE: self._size,
            Kind.MAPS: self._maps,
            Kind.PROFILES: self._profiles,
            Kind.ANIMATION: self._animation,
            Kind.SHELLS: self._shell_images,
        }
        return draw[kind]()

    def _preparation(self) -> Iterator[Path]:
        assert self._truth is not None
        for t in self._still_steps:
            for shell in self._few_shells:
                for quantity in self._quantities:
                    found = stages(
                        self._truth, self._surrogate, self._compared(self._generated), self._grid, quantity, t, shell
                    )
                    figure = draw_preparation(found, quantity, self._planet, self._when(t), self._about, *self._view)
                    yield self._write(f"preparation-{quantity.name}-step{t:03d}-shell{shell:03d}.png", png(figure))

    def _size(self) -> Iterator[Path]:
        self.report.sizes = surrogate_sizes(self._surrogate)
        yield self._write("size.png", png(draw_sizes([self.report.sizes, PAPER_SIZES], notice(self._surrogate))))

    def _maps(self) -> Iterator[Path]:
        for t in self._still_steps:
            found = {source.label: self._fields(source, t, self._shells) for source in self._sources}
            for quantity in self._quantities:
                of = {label: each[quantity.name] for label, each in found.items()}
                figure = draw_comparison(
                    *(quantity, of, self._shells, self._grid, self._planet, self._when(t), self._about),
                    *self._view,
                    per_shell_range=self._request.per_shell_range,
                )
                yield self._write(f"maps-{quantity.name}-step{t:03d}.png", png(figure))

    def _profiles(self) -> Iterator[Path]:
        grid = self._grid
        for t in self._still_steps:
            profiles = {}
            for source in self._sources:
                found = self._fields(source, t, range(grid.shape[0]))
                profiles[source.label] = {name: Profile.of(each, grid) for name, each in found.items()}
            figure = draw_profiles(self._quantities, profiles, grid, self._planet, self._when(t), self._about)
            yield self._write(f"profiles-step{t:03d}.png", png(figure))

    def _shell_images(self) -> Iterator[Path]:
        grid, shells = self._surrogate.grid, self._every_shell
        globe = GlobeMap(grid, *self._view)
        about = notice(self._surrogate)
        for t in self._still_steps:
            found = fields(self._generated, self._quantities, t, shells, grid)
            for quantity in self._quantities:
                yield from write_shells(
                    *(
                        self._out,
                        quantity,
                        self._generated.label,
                        found[quantity.name],
                        shells,
                        grid,
                        self._planet,
                        globe,
                    ),
                    *(t, self._when(t), about, self._request.per_shell_range),
                )

    def _animation(self) -> Iterator[Path | None]:
        grid, shells, kind = self._grid, self._few_shells, self._request.animated
        decimals = self._planet.decimals(grid.radii_km)
        globe = GlobeMap(grid, *self._view)
        sources = [*([self._truth] if self._truth else []), self._compared(self._generated)]
        found = {t: {each.label: self._fields(each, t, shells) for each in sources} for t in self._steps}
        for quantity in self._quantities:
            for i, r in enumerate(shells):
                place = self._planet.place_in_words(grid.radii_km[r], decimals)
                of = {
                    t: {label: each[quantity.name][i] for label, each in labelled.items()}
                    for t, labelled in found.items()
                }
                scale = Scale.of(quantity, [shell for labelled in of.values() for shell in labelled.values()])
                frame, frames = Frame(globe, scale, of[self._steps[0]], self._about), []
                for t in self._steps:
                    title = f"{quantity.long_name}, {place} (shell {r}), {self._when(t)}"
                    frames.append(frame.png(of[t], title))
                    if t != self._steps[-1]:
                        yield None
                name = f"animation-{quantity.name}-shell{r:03d}.{kind.value}"
                yield self._write(name, animate(frames, kind, scale.colormap))

    @property
    def _view(self) -> tuple[Projection, float]:
        return self._request.projection, self._request.centre_deg

    @property
    def _still_steps(self) -> tuple[int, ...]:
        return self._steps if self._request.steps else self._steps[:1]

    @property
    def _chose_shells(self) -> bool:
        return self._request.shells is not None or bool(self._request.depths_km)

    @property
    def _few_shells(self) -> tuple[int, ...]:
        return self._shells if self._chose_shells else self._shells[:1]

    @property
    def _every_shell(self) -> tuple[int, ...]:
        return self._shells if self._chose_shells else tuple(range(self._surrogate.grid.shape[0]))

    def _fields(self, origin: Origin, t: int, shells: tuple[int, ...] | range) -> Fields:
        return fields(origin, self._quantities, t, shells, self._grid)

    def _compared(self, origin: Origin) -> Origin:
        """Fields on the surrogate's grid, on the grid of the comparison."""
        return OnGrid(origin, self._surrogate.grid, self._grid)

    def _write(self, name: str, content: bytes) -> Path:
        return write_whole(self._out / name, content)

    def _when(self, t: int) -> str:
        step = self._surrogate.check_step(t)
        name = f"step {step.label or t}"
        return name if step.time_myr is None else f"{name}, {step.time_myr:.0f} Myr"

    def _all_sources(self) -> list[Origin]:
        """The ground truth, the surrogate and the interpolation, as far as they are available and differ."""
        found: list[Origin] = [*([self._truth] if self._truth else []), self._compared(self._generated)]
        if not self._generated.interpolates:
            try:
                found.append(self._compared(Interpolated(self._surrogate)))
            except ValueError as error:
                self.report.left_out["interpolation"] = str(error)
        return found

    def _chosen_steps(self) -> tuple[int, ...]:
        for t in self._request.steps or ():
            self._surrogate.check_step(t)
        steps = tuple(self._request.steps or (step.t for step in self._surrogate.steps))
        if self._truth is None:
            return steps
        there = tuple(t for t in steps if t in self._truth.steps)
        if self._request.steps and there != steps:
            raise BadInput(f"{self._truth.name}: holds no step {next(t for t in steps if t not in there)}")
        if not there:
            raise BadInput(f"{self._truth.name}: holds none of the surrogate's steps")
        return there

    def _chosen_shells(self) -> tuple[int, ...]:
        radii_km = np.array(self._surrogate.grid.radii_km)
        if not self._chose_shells:
            count = min(RANDOM_SHELLS, len(radii_km))
            return tuple(sorted(np.random.default_rng(self._request.seed).choice(len(radii_km), count, False).tolist()))
        chosen = list(self._request.shells or ())
        for r in chosen:
            self._surrogate.check_shell(r)
        chosen += [int(np.abs(self._planet.radius_km - depth - radii_km).argmin()) for depth in self._request.depths_km]
        return tuple(sorted(set(chosen)))


def _chosen_quantities(surrogate: Surrogate, names: tuple[str, ...] | None) -> list[Quantity]:
    known = quantities(surrogate)
    for name in names or ():
        if name not in known:
            raise UnknownVariable(name, tuple(known))
    return [known[name] for name in dict.fromkeys(names or surrogate.variables)]
