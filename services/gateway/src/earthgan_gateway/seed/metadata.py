"""The documents that describe a folder of tiles. They are the gateway's own, reduced to what was drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from earthgan.surrogate import Surrogate
from earthgan_gateway import catalog
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Style
from earthgan_gateway.seed.plan import Plan


def offered(plan: Plan, earlier: dict[str, Any], has: Callable[[str, int, int], bool]) -> Plan:
    """Return the plan extended by what the catalog of an earlier run offers, if every shell of both exists.

    Otherwise return the plan itself, because a catalog offers each variable at each step and shell.
    """
    both = replace(
        plan,
        quantities=tuple(dict.fromkeys([*earlier["variables"], *plan.quantities])),
        steps=tuple(sorted({*(step["t"] for step in earlier["steps"]), *plan.steps})),
        shells=tuple(sorted({*(shell["r"] for shell in earlier["shells"]), *plan.shells})),
    )
    return both if all(has(name, *piece) for name in both.quantities for piece in both.pieces) else plan


def metadata(surrogate: Surrogate, plan: Plan, *, values: bool) -> dict[str, Any]:
    """Return the documents by file name. `values` says that the folder also holds the values of the shells."""
    offer = Offer.of(surrogate)
    whole = catalog.catalog(offer)
    native = whole["tile_matrix_sets"][plan.tms]["max_native_zoom"]
    first = whole["default"]
    chosen = {
        **whole,
        "variables": list(plan.quantities),
        "steps": [step for step in whole["steps"] if step["t"] in plan.steps],
        "shells": [shell for shell in whole["shells"] if shell["r"] in plan.shells],
        "values": values,
        "draws": None,  # every picture is of the surrogate's own draw
        "tile_matrix_sets": {plan.tms: {"max_native_zoom": min(native, max(plan.zooms))}},
        "default": {
            "variable": plan.quantities[0],
            "t": plan.steps[0],
            "r": min(plan.shells, key=lambda r: abs(r - first["r"])),
        },
    }
    variables = [each for each in catalog.variables(offer)["variables"] if each["name"] in plan.quantities]
    legends = {
        f"legends/{name}.json": catalog.legend(surrogate, quantity, Style.of(quantity))
        for name, quantity in offer.quantities.items()
        if name in plan.quantities
    }
    return {"catalog.json": chosen, "variables.json": {"variables": variables}, **legends}
