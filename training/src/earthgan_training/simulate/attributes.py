"""The attributes that say how a file was made."""

from __future__ import annotations

from earthgan_training.simulate.parameters import Setup


def attributes(setup: Setup, seed: int, time_scale: float) -> dict[str, str | float | int]:
    """The global attributes of a run's files."""
    physics, resolution = setup.physics, setup.resolution
    layers = "; ".join(
        f"x {s.factor:g} above {s.depth_km:g} km (tanh, {s.width_km:g} km)" for s in physics.viscosity_steps
    )
    return {
        "source": "earthgan simulate: Boussinesq, infinite Prandtl number, spherical harmonics x Chebyshev",
        "comment": "Simulated by EarthGAN, without phase transitions. Conductivity, expansivity and the density of the "
        "spin transition are diagnostic curves of temperature at each depth, which the flow does not feel. Times are "
        "divided and speeds multiplied by "
        f"{time_scale:.4g}, so that the surface moves at 4 cm/yr (rms) as the Earth's plates do.",
        "time_scale": time_scale,
        "preset": setup.name,
        "seed": seed,
        "rayleigh_number": physics.rayleigh,
        "internal_heating": physics.heating,
        "boundaries": "free slip" if physics.free_slip else "no slip",
        "viscosity": layers or "constant",
        "chebyshev_nodes": resolution.nodes,
        "harmonic_degree": resolution.degree,
        "precision": resolution.dtype,
        "cfl_number": setup.cfl,
        "spin_up": "; ".join(
            f"Ra {stage.rayleigh:g}, {stage.resolution.nodes} nodes, degree {stage.resolution.degree}: "
            f"{stage.interval * stage.intervals:g}"
            for stage in setup.all_stages
        )
        + " diffusion times",
    }
