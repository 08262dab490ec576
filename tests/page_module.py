"""Programs that use the page's modules, run by Node.js."""

import json
import subprocess
from typing import Any

from places import ROOT


def said(program: str, of: Any) -> Any:
    """What a program prints as JSON, given JSON on its standard input. It imports from `./clients/web/`."""
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", program],
        cwd=ROOT,
        input=json.dumps(of),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
