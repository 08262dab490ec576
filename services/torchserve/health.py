"""Checks whether the model server is ready.

`python health.py [URL [ARCHIVE]]` exits with 0, or with 1 and one line that gives the reason. TorchServe's own `/ping`
says "Healthy" even while its worker crashes again and again. This program therefore asks for one shell, and checks that
the surrogate in the archive computed it.
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
    """Raise an exception unless the server answers with a shell of the archive's surrogate within ten seconds."""
    with zipfile.ZipFile(archive) as mar:
        text = mar.read("spec.json")
    spec = json.loads(text)
    question = ShellRequest(variables=(spec["variables"][0]["name"],), t=spec["inputs"]["steps"][0]["t"], shells=(0,))
    request = urllib.request.Request(url, question.model_dump_json().encode(), {"Content-Type": "application/json"})
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with directly.open(request, timeout=10) as answer:
        _, digest = decode(answer.read())
    if digest != hashlib.sha256(text).hexdigest():
        raise EngineAnswerInvalid(f"the server runs surrogate {digest[:12]}, which is not in the archive: restart it")


if __name__ == "__main__":
    try:
        check(*[*sys.argv[1:], *(URL, ARCHIVE)[len(sys.argv) - 1 :]])
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EngineAnswerInvalid) as error:
        sys.exit(f"not ready: {error}")
