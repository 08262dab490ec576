"""The notebooks of the documents run from their first cell to their last, and hold no output of somebody's machine."""

import json
from pathlib import Path

import matplotlib
import pytest

from places import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    cells = json.loads(path.read_text())["cells"]
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells)
    (tmp_path / "model_store").symlink_to(ROOT / "model_store")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    try:
        for cell in cells:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"{path.name}, {cell['id']}", "exec"), names)
        assert plt.get_fignums(), "it draws nothing"
        for number in plt.get_fignums():
            plt.figure(number).savefig(f"figure-{number}.png", dpi=60)
    finally:
        plt.close("all")
    assert capsys.readouterr().out
