"""Numbers without a place: harmonics, radial nodes, splines, and the threads that linear algebra takes."""
