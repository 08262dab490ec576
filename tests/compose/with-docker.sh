#!/bin/sh
# Run a command with a Docker engine: the machine's own where one answers, else the one that the project's shared tools start.
#   tests/compose/with-docker.sh pytest -m compose tests/compose
engine=$(dirname "$0")/../../../shared/tools/docker-engine.sh
if ! docker info >/dev/null 2>&1 && [ -x "$engine" ]; then
  exports=$("$engine" start) && eval "$exports"
fi
exec "$@"
