"""The kinds of surrogate. Each kind plans the windows of its globe and reads its conditional inputs."""
