"""What Lighthouse says of the page on a phone. npm brings it."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

LIGHTHOUSE = "lighthouse@12.8.2"  # the last one for Node 20
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


def scores(url: str, chromium: str) -> dict[str, float]:
    """The four scores of a page, 0 to 100, by name. There are none without npm.

    Lighthouse computes what its phone would need from what it measures here, so performance falls on a busy machine.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder]
        subprocess.run([*install, LIGHTHOUSE], check=True)
        program = Path(folder, "node_modules", "lighthouse", "cli", "index.js")
        command = [node, str(program), url, "--quiet", "--output=json", f"--only-categories={','.join(CATEGORIES)}"]
        flags = ["--chrome-flags=--headless=new --no-sandbox", f"--chrome-path={chromium}"]
        done = subprocess.run([*command, *flags], capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(done.stdout)["categories"]
    return {f"lighthouse_{name.replace('-', '_')}": 100 * found[name]["score"] for name in CATEGORIES}
