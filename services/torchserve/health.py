"""Is the model server ready? `python health.py [URL [ARCHIVE]]` ends with 0, or with 1 and one line.

TorchServe's own `/ping` says "Healthy" while its worker crash-loops. So this asks for one shell, and looks whether it
was computed by the surrogate that the archive holds now.
"""

import hashlib
import json
import sys
import urllib.error
import urllib.request
import zipfile

from earthgan.errors import EngineAnswerInvalid
from earthgan.wire import ShellRequest, decode

URL = "http://127.0.0.1:8080/predictions/earthgan"
ARCHIVE = "/archive/earthgan.mar"


def check(url: str, archive: str) -> None:
    """Raises an exception unless a real inference of the archive's surrogate is answered within ten seconds."""
    with zipfile.ZipFile(archive) as mar:
        text = mar.read("spec.json")
    spec = json.loads(text)
    question = ShellRequest(variables=(spec["variables"][0]["name"],), t=spec["inputs"]["steps"][0]["t"], shells=(0,))
    request = urllib.request.Request(url, question.model_dump_json().encode(), {"Content-Type": "application/json"})
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with directly.open(request, timeout=10) as answer:
        _, digest = decode(answer.read())
    if digest != hashlib.sha256(text).hexdigest():
        raise EngineAnswerInvalid(f"the server runs surrogate {digest[:12]}, which is not the archive's: restart it")


if __name__ == "__main__":
    try:
        check(*[*sys.argv[1:], *(URL, ARCHIVE)[len(sys.argv) - 1 :]])
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EngineAnswerInvalid) as error:
        sys.exit(f"not ready: {error}")
