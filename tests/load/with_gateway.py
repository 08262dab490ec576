"""`make load`: starts a gateway, runs Locust against it, and exits with Locust's code. The options are Locust's.

PYTHONPATH=tests python -m load.with_gateway -u 16 -r 16 -t 60s --p95-pan-ms 200
"""

import os
import subprocess
import sys

from gateway_server import free_port
from load.processes import gateway_group
from places import DEFAULT_SURROGATE, ROOT

USUAL = ["-f", "tests/load/locustfile.py", "--headless", "--only-summary", "-u", "16", "-r", "16", "-t", "60s"]


def main() -> int:
    """Run Locust and return its exit code, which is 1 if a threshold was exceeded."""
    with gateway_group(DEFAULT_SURROGATE, workers=1) as (gateway_port, _):
        port = str(free_port())  # for Locust's master, which --processes starts
        options = ["--host", f"http://127.0.0.1:{gateway_port}", "--master-bind-port", port, "--master-port", port]
        command = [sys.executable, "-m", "locust", *USUAL, *options, *sys.argv[1:]]
        return subprocess.run(command, cwd=ROOT, env=os.environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
