"""Who may import whom, and what serving must not need."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

SOURCES = {
    "earthgan": ROOT / "services" / "core" / "src" / "earthgan",
    "earthgan_gateway": ROOT / "services" / "gateway" / "src" / "earthgan_gateway",
    "earthgan_training": ROOT / "training" / "src" / "earthgan_training",
    "torchserve": ROOT / "services" / "torchserve",
}
MAY_IMPORT = {
    "earthgan": set(),
    "earthgan_gateway": {"earthgan"},
    "earthgan_training": {"earthgan"},
    "torchserve": {"earthgan"},
}
#: The modules of the core that need more than NumPy, pydantic, safetensors and morecantile.
NEEDS_EXTRA = {
    *("kinds/networks.py", "kinds/graphs.py", "backends/torch.py", "numerics/runtime.py", "progress.py", "spread.py"),
    "run/dataset.py",
}
EXTRAS = {"xarray", "torch", "onnxruntime", "onnx", "rich", "dask", "distributed"}
#: What only one module does, so that there is one way to do it.
ONLY_IN = {"rich.progress": "progress.py", "distributed": "spread.py"}


def modules(package: str) -> list[Path]:
    found = sorted(SOURCES[package].rglob("*.py"))
    assert found
    return found


def imports(path: Path) -> set[str]:
    """The top-level packages that a module imports when it runs, anywhere in it."""
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("package", SOURCES)
def test_dependencies_point_one_way(package: str) -> None:
    for path in modules(package):
        foreign = imports(path) & set(SOURCES) - {package} - MAY_IMPORT[package]
        assert not foreign, f"{path} imports {foreign}"


#: The rooms of each package, those that know least first. A room imports from rooms on lines before its own, and rooms
#: on one line do not import each other. So no import runs in a circle.
LAYERS = {
    "earthgan": (
        "__version__ errors variables bounded progress",
        "files numerics sphere spread parts",
        "kept records mask",
        "flow wire features",
        "kinds",
        "spec",
        "verified",
        "surrogate",
        "quantities backends __init__",
        "verify run",
        "cli",
    ),
    "earthgan_gateway": (
        "settings telemetry background breaker formats allocator draws edge switch tensors",
        "cache drawing offer",
        "engines capacity",
        "keys progress spreads coarse",
        "fields places features inference",
        "pictures prefetch volumes",
        "catalog wmts zarr",
        "edr stac",
        "page ogc",
        "routes seed site notebook",
        "app server",
        "commands __init__",
    ),
    "earthgan_training": (
        "simulations harmonics grids work download",
        "inspection",
        "surrogates simulate prepare",
        "train velocity",
        "figures",
        "coding",
        "evaluate",
        "make study",
        "commands container __init__",
    ),
}


def rooms_imported(path: Path, package: str) -> set[str]:
    """The rooms of its own package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            parts = node.module.split(".")
            if parts[0] == package:
                found |= {parts[1]} if parts[1:] else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("package", LAYERS)
def test_no_import_runs_back_up(package: str) -> None:
    level = {room: depth for depth, rooms in enumerate(LAYERS[package]) for room in rooms.split()}
    for path in modules(package):
        room = path.relative_to(SOURCES[package]).with_suffix("").parts[0]
        for other in rooms_imported(path, package) - {room}:
            assert level[other] < level[room], f"{path}: {room} imports {other}"


def test_the_core_needs_torch_and_onnx_only_where_it_says_so() -> None:
    for path in modules("earthgan"):
        if str(path.relative_to(SOURCES["earthgan"])) not in NEEDS_EXTRA:
            assert not imports(path) & EXTRAS, path


def test_progress_and_clusters_have_one_home() -> None:
    for package in SOURCES:
        for path in modules(package):
            for name, home in ONLY_IN.items():
                used = re.search(rf"\b(from|import) {re.escape(name)}\b", path.read_text())
                assert not used or path == SOURCES["earthgan"] / home, f"{path}: {name} belongs to {home}"


def test_files_are_replaced_in_one_module() -> None:
    """All others write through `earthgan.files`; surrogates/folder moves the files of a draft."""
    homes = {SOURCES["earthgan"] / "files.py", SOURCES["earthgan_training"] / "surrogates" / "folder.py"}
    for path in (path for package in SOURCES for path in modules(package)):
        if path not in homes:
            assert not re.search(r"""["'][^"'\n]*\.part\b""", path.read_text()), path


def test_the_gateway_never_names_torch() -> None:
    for path in modules("earthgan_gateway"):
        assert not imports(path) & {"torch", "safetensors", "ts"}, path


def test_serving_does_not_load_torch() -> None:
    """With torch, TorchServe, netCDF4 and onnx made impossible to import, the gateway is built and answers."""
    program = """
import sys
for name in ("torch", "ts", "netCDF4", "onnx", "scipy", "matplotlib"):
    sys.modules[name] = None
from earthgan_gateway import Settings, create_app
app = create_app(Settings(surrogate="model_store/default"))
import asyncio, httpx2 as httpx
async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        print((await client.get("/tiles/temperature/120/150/1/0/0")).status_code)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "200", done.stderr


def test_modules_stay_small() -> None:
    files = [path for package in SOURCES for path in modules(package)]
    files += [*(ROOT / "clients" / "web").glob("*.js"), *(ROOT / "clients" / "web" / "surrogate").glob("*.js")]
    long = {str(path): n for path in files if (n := len(path.read_text().splitlines())) > 400}
    assert not long


def test_the_handler_defines_exactly_one_class() -> None:
    """TorchServe takes the one class of a handler module for its service."""
    tree = ast.parse((SOURCES["torchserve"] / "handler.py").read_text())
    assert len([node for node in tree.body if isinstance(node, ast.ClassDef)]) == 1
