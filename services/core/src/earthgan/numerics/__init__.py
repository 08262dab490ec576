"""Numerical methods: spherical harmonics, radial nodes, splines, small networks, and limits on threads."""
