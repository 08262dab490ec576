"""Kinds of surrogate: each plans the windows of its globe and reads its conditional inputs."""
