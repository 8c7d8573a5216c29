"""Every notebook runs from top to bottom as it stands, and shows its figures."""

import base64
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
FIGURES = {"01_tour": 5, "02_your_data": 1, "03_embeddings": 6}


def read(path: Path) -> Any:
    book: Any = nbformat.v4.reads(path.read_text())  # type: ignore[no-untyped-call]
    return book


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_output_is_kept(path: Path) -> None:
    book = read(path)
    nbformat.validate(book)
    assert path.stem in FIGURES
    assert [cell for cell in book.cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert sum(cell.cell_type == "markdown" for cell in book.cells) >= 5


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_cell_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    book = read(path)
    NotebookClient(book, timeout=400, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    shown = [output for cell in book.cells for output in cell.get("outputs", [])]
    figures = [base64.b64decode(one["data"]["image/png"]) for one in shown if "image/png" in one.get("data", {})]
    assert len(figures) == FIGURES[path.stem]
    assert all(len(figure) > 5_000 for figure in figures)
    assert [one for one in shown if one.output_type == "error"] == []
