"""Predicts hit rates, CPU time and bandwidth of gateways from the popularity of shells and the sizes of their caches.

Requests are independent of each other. A cache that drops the least recently used entry then holds, nearly, what was
asked for within one time span, its *window* (Che's approximation). The window is as long as the entries of that span
fit, and never longer than the time since the caches were empty. So one formula holds while caches fill and afterwards.

In this module `w` is a window in seconds, and arrays have one entry for each time step and radial shell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from earthgan.bounded import ENTRY_BYTES
from earthgan.kinds.coded_inputs import KEPT_EVERY, LATEST_SHARE
from earthgan.surrogate import Surrogate
from earthgan_gateway.cache import Budget
from earthgan_gateway.capacity.costs import Costs

Array = NDArray[np.float64]

#: The bytes of a key, and of an entry in Redis besides key and value.
KEY_BYTES, REDIS_ENTRY_BYTES = 250, 120
#: A process or a link that is busier than this keeps readers waiting.
USABLE = 0.7
MOST_GATEWAYS = 256
#: How often the windows of a gateway's caches are found in turns.
TURNS = 3


def popularity(steps: int, shells: int, exponent: float) -> Array:
    """Return the share of each time step and shell `(steps, shells)` in all requests. They add up to 1.

    The most popular one gets `k ** exponent` times as much as the k-th (Zipf). Which one is how popular is drawn at
    random, the same way each time.
    """
    shares = 1.0 / np.arange(1, steps * shells + 1) ** exponent
    order = np.random.default_rng(17).permutation(steps * shells)
    return np.asarray((shares / shares.sum())[order].reshape(steps, shells))


@dataclass(frozen=True)
class Sizes:
    """What a surrogate has: time steps, shells, variables, and grid points of a shell.

    `chains` has for each step the places of the steps that it is decoded from: itself first, and a key frame last.
    """

    chains: tuple[tuple[int, ...], ...]
    shells: int
    variables: int
    rows: int
    columns: int

    @classmethod
    def of(cls, surrogate: Surrogate) -> Sizes:
        """Read them from a surrogate."""
        before = {step.t: step.predicted_from for step in surrogate.steps}
        places = {step.t: place for place, step in enumerate(surrogate.steps)}
        chains: list[tuple[int, ...]] = []
        for step in surrogate.steps:
            chain = [places[step.t]]
            while (origin := before[surrogate.steps[chain[-1]].t]) is not None:
                chain.append(places[origin])
            chains.append(tuple(chain))
        return cls(tuple(chains), surrogate.grid.shape[0], len(surrogate.variables), *surrogate.grid.shape[1:])


@dataclass(frozen=True)
class Load:
    """What readers ask for.

    Each shell is asked for in `variables` variables and `tiles` tiles, all alike. `profiles` is the share of requests
    for a profile. The caches were empty `since_s` seconds ago.
    """

    per_s: float
    exponent: float
    variables: int
    tiles: int
    profiles: float
    since_s: float


@dataclass(frozen=True)
class Machines:
    """The gateway processes, their cores, the memory of the caches in 2**20 bytes, and the network."""

    gateways: int
    cores: int
    cache_mb: float
    redis_mb: float
    network_mbit: float


@dataclass(frozen=True)
class Forecast:
    """The share of tiles that each way answers, what happens in a second, and how busy each part is.

    `busy` is 1 where a part can do no more.
    """

    memory: float
    redis: float
    drawn: float
    engine_calls_per_s: float
    steps_per_s: float
    gateway_cores: float
    redis_cores: float
    mbit_per_s: float
    busy: dict[str, float]

    @property
    def bottleneck(self) -> str:
        """The part that is the busiest."""
        return max(self.busy, key=lambda name: self.busy[name])


class Model:
    """The caches of some gateways under a load."""

    def __init__(self, sizes: Sizes, load: Load, machines: Machines, costs: Costs) -> None:
        self._sizes, self._load, self._machines, self._costs = sizes, load, machines, costs
        tiles_per_s = load.per_s * (1 - load.profiles)
        self._alike = load.variables * load.tiles
        #: How often each picture of a shell is asked for in a second: of all gateways, and of one.
        self._rate = tiles_per_s * popularity(len(sizes.chains), sizes.shells, load.exponent) / self._alike
        self._own = self._rate / machines.gateways
        self._budget = Budget.of(int(machines.cache_mb * 2**20))
        self._since = load.since_s
        count = len(sizes.chains)
        #: 1 where the step of a row is decoded by way of the step of a column.
        self._by_way_of = np.zeros((count, count))
        for place, chain in enumerate(sizes.chains):
            self._by_way_of[place, list(chain)] = 1
        depths = np.array([len(chain) - 1 for chain in sizes.chains])
        #: Which steps stay in memory. All others are a prediction away from one of these.
        self._stay = depths % KEPT_EVERY == 0
        self._links = np.where(depths == 0, 1.0, KEPT_EVERY)
        self._bytes = np.where(depths == 0, costs.key_frame_bytes, costs.step_bytes)

    # The windows of the caches.

    def _window(self, bytes_at: Callable[[float], float], room: float) -> float:
        """Return the longest window whose entries fit."""
        if bytes_at(self._since) <= room:
            return self._since
        low, high = 0.0, self._since
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if bytes_at(middle) <= room else (low, middle)
        return low

    @cached_property
    def _redis_window(self) -> float:
        """The window of Redis. It drops what is read least, which is at least as good."""
        if not self._machines.redis_mb:
            return 0.0
        beside = KEY_BYTES + REDIS_ENTRY_BYTES
        picture, packed = self._costs.tile_bytes + beside, self._packed_bytes + beside

        def bytes_at(w: float) -> float:
            asked = _seen(self._rate * w)
            drawn = asked * np.exp(-self._rate * min(w, self._since - w))
            shells = 1 - (1 - drawn) ** self._alike
            return float((self._alike * picture * asked + self._sizes.variables * packed * shells).sum())

        return self._window(bytes_at, self._machines.redis_mb * 2**20)

    @cached_property
    def _own_windows(self) -> tuple[float, float]:
        """The windows of a gateway's pictures and packed shells, and of its shells that are ready to draw from.

        Each depends on the other: a picture that is kept needs no shell, and a shell that is ready need not be
        unpacked. They are found in turns.
        """
        beside = KEY_BYTES + ENTRY_BYTES
        picture, packed = self._costs.tile_bytes + beside, self._packed_bytes + beside
        padded = 4.0 * (self._sizes.rows + 2) * self._sizes.columns + 600 + ENTRY_BYTES
        looked_at, tiles = self._load.variables, self._load.tiles

        def ready_bytes(w: float) -> float:
            return float((looked_at * padded * (1 - (1 - self._drew(w, memory)) ** tiles)).sum())

        def bytes_at(w: float) -> float:
            unpacked = self._unpacked(w, w, ready)
            any_of_them = 1 - (1 - unpacked) ** looked_at
            # All variables of a shell that is generated are kept, and later those that are looked at.
            generated = any_of_them * (1 - self._unpacked(w, w, ready, self._since - w)) ** looked_at
            if self._redis_window:
                first = np.exp(-self._alike * self._rate * min(self._since - w, self._redis_window))
                generated = np.minimum(generated, _seen(self._alike * self._own * w) * first)
            later = 1 - generated / np.maximum(any_of_them, 1e-300)
            shells = self._sizes.variables * generated + looked_at * unpacked * later
            return float((self._alike * picture * _seen(self._own * w) + packed * shells).sum())

        memory = self._since
        for _ in range(TURNS):
            ready = self._window(ready_bytes, self._budget.shells_bytes)
            memory = self._window(bytes_at, self._budget.answers_bytes)
        return memory, ready

    @property
    def _memory_window(self) -> float:
        return self._own_windows[0]

    @property
    def _ready_window(self) -> float:
        return self._own_windows[1]

    @cached_property
    def _steps_room(self) -> tuple[float, float]:
        """The memory for the steps that stay, and for the others. A fifth of all is for what follows from a step."""
        whole = 0.8 * self._budget.steps_bytes
        latest = 0.0 if self._stay.all() else LATEST_SHARE * whole
        return whole - latest, latest

    @cached_property
    def _steps_window(self) -> float:
        each = self._bytes * self._stay
        return self._window(
            lambda w: float((each * _seen(-self._quiet(w) @ self._by_way_of)).sum()), self._steps_room[0]
        )

    @cached_property
    def _latest_window(self) -> float:
        each = self._bytes * ~self._stay
        return self._window(lambda w: float((each * _seen(-self._quiet(w))).sum()), self._steps_room[1])

    @property
    def _packed_bytes(self) -> float:
        return 2.0 * self._sizes.rows * self._sizes.columns

    # What is found where, with caches of a given age.

    def _not_kept(self, age: float, memory: float | None = None) -> Array:
        """The probability that a picture is in no cache."""
        window = self._memory_window if memory is None else memory
        own = min(age, window) / self._machines.gateways
        return np.exp(-self._rate * max(own, min(age, self._redis_window)))

    def _drew(self, w: float, memory: float | None = None, age: float | None = None) -> Array:
        """The probability that one gateway drew a picture within a window that ends now, or at that age."""
        age = self._since if age is None else age
        w = min(w, age)
        return _seen(self._own * w) * self._not_kept(age - w, memory)

    def _unpacked(self, w: float, memory: float, ready: float, age: float | None = None) -> Array:
        """The probability that one gateway unpacked a variable of a shell within a window, because it was not ready."""
        age = self._since if age is None else age
        w, tiles = min(w, age), self._load.tiles
        drew = self._drew(w, memory, age)
        before = 1 - (1 - self._drew(ready, memory, age - w)) ** tiles
        again = _seen(tiles * drew * (1 - self._drew(ready, memory, age)) ** tiles)
        return (1 - (1 - drew) ** tiles) * (1 - before * (1 - again))

    def _not_generated(self, age: float) -> Array:
        """The probability that no cache has a shell, seen by a request whose picture none has."""
        memory, ready = self._own_windows
        is_ready = 1 - (1 - self._drew(ready, None, age)) ** (self._alike - 1)
        others = self._load.variables * (self._alike - 1) / self._alike  # all but the picture itself
        is_packed = 1 - (1 - self._unpacked(memory, memory, ready, age)) ** others
        w = min(age, self._redis_window)
        shared = 1 - (1 - _seen(self._rate * w) * self._not_kept(age - w)) ** (self._alike - 1)
        return np.asarray(1 - np.maximum(np.maximum(is_ready, is_packed), shared))

    def _quiet_shells(self, w: float) -> Array:
        """The logarithm of the probability that one gateway did not generate a shell within a window that ends now."""
        age = self._since - w
        began = _seen(self._alike * self._own * w) * self._not_kept(age) * self._not_generated(age)
        return np.asarray(np.log1p(-np.minimum(began, 1 - 1e-12)))

    def _quiet(self, w: float) -> Array:
        """The same for all shells of each step together."""
        return np.asarray(self._quiet_shells(w).sum(axis=1))

    def _decodings(self) -> Array:
        """How many steps are decoded for each shell that is generated, on average. It was not generated before."""
        without_it = np.exp(-self._quiet_shells(self._steps_window))
        forgotten = np.exp(self._quiet(self._steps_window) @ self._by_way_of)
        on_the_way = (self._by_way_of @ (self._stay * self._links * forgotten))[:, None] * without_it
        if self._stay.all():
            return np.asarray(on_the_way)
        quiet = self._quiet_shells(self._latest_window)
        left = np.exp(quiet.sum(axis=1, keepdims=True) - quiet)
        return np.asarray(np.where(self._stay[:, None], on_the_way, left * (1 + on_the_way)))

    # The result.

    def forecast(self) -> Forecast:
        """Return what the gateways do now."""
        load, machines, costs = self._load, self._machines, self._costs
        tiles = self._alike * self._rate
        missed = self._not_kept(self._since)
        memory = float((tiles * _seen(self._own * self._memory_window)).sum())
        drawn_each = tiles * missed
        drawn = float(drawn_each.sum())
        redis = max(0.0, float(tiles.sum()) - memory - drawn)
        unready = (1 - self._drew(self._ready_window)) ** (load.tiles - 1)
        unpacked = float((drawn_each * unready).sum())
        generated = drawn_each * self._not_generated(self._since)
        steps = float((generated * self._decodings()).sum())
        calls, profiles = float(generated.sum()), load.per_s * load.profiles
        shells_s, steps_s = calls * costs.shell_cpu_ms / 1e3, steps * costs.step_cpu_ms / 1e3
        cores = (
            shells_s
            + steps_s
            + (
                (memory * costs.tile_memory_cpu_ms)
                + (redis * costs.tile_redis_cpu_ms)
                + (drawn * costs.tile_rendered_cpu_ms)
                + (unpacked * costs.unpack_cpu_ms)
                + (profiles * costs.profile_cpu_ms)
            )
            / 1e3
        )
        # A shell that is generated is a look for each variable, and writes them all.
        asked = (redis + 2 * drawn + 2 * self._sizes.variables * calls) if machines.redis_mb else 0.0
        redis_cores = asked * costs.redis_own_cpu_ms / 1e3
        mbit = 8e-6 * (tiles.sum() * costs.tile_bytes + profiles * costs.profile_bytes)
        busy = {
            "CPU of the gateways": cores / min(machines.gateways, machines.cores),
            "reading time steps": steps_s / machines.gateways,
            "generating shells": shells_s / machines.gateways,
            "CPU of Redis": redis_cores,
            "network": float(mbit) / machines.network_mbit,
        }
        total = max(float(tiles.sum()), 1e-12)
        return Forecast(
            *(memory / total, redis / total, drawn / total, calls, steps, cores, redis_cores, float(mbit), busy)
        )


def forecast(sizes: Sizes, load: Load, machines: Machines, costs: Costs) -> Forecast:
    """Predict what happens in a second."""
    return Model(sizes, load, machines, costs).forecast()


def gateways_for(sizes: Sizes, load: Load, machines: Machines, costs: Costs) -> int | None:
    """Return the fewest gateways of which no part is busier than `USABLE`, each with a core. None if there are none."""
    count = 1
    while count <= MOST_GATEWAYS:
        found = forecast(sizes, load, replace(machines, gateways=count, cores=count), costs)
        if max(found.busy.values()) <= USABLE:
            return count
        if max(found.busy["CPU of Redis"], found.busy["network"]) > USABLE:
            return None
        count += max(1, count // 8)
    return None


def most_per_s(sizes: Sizes, load: Load, machines: Machines, costs: Costs) -> float:
    """Return the largest number of requests a second that keeps every part at `USABLE` or below."""
    low, high = 0.0, load.per_s

    def fits(per_s: float) -> bool:
        return max(forecast(sizes, replace(load, per_s=per_s), machines, costs).busy.values()) <= USABLE

    while fits(high) and high < 1e9:
        low, high = high, 2 * high
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _seen(expected: Array) -> Array:
    """The probability that something happens at least once, if it happens this often on average."""
    return -np.expm1(-expected)
