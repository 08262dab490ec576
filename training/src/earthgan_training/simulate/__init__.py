"""A solver for mantle convection in a thick spherical shell at infinite Prandtl number. It uses spherical harmonics
laterally and Chebyshev polynomials in radius. `docs/simulation.md` gives the equations and the measured accuracy.
"""
