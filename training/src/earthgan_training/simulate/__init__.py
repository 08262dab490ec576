"""Our own mantle convection: a thick spherical shell at infinite Prandtl number, by spherical harmonics and Chebyshev
polynomials. `docs/simulation.md` has the equations and the measured accuracy."""
