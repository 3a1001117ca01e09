"""Run the notebooks and keep what they show: ``python notebooks/run.py [NAME…]``.

Outputs are committed, so that a notebook can be read without running it; a test holds them against
a fresh run. Run this where a change of the program changes a figure.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def run(path: Path, folder: Path | str = FOLDER) -> nbformat.NotebookNode:
    """Run a notebook from its first cell to its last in a fresh process.

    Parameters
    ----------
    path : Path
        The notebook; it is not changed.
    folder : path
        Where it runs.

    Returns
    -------
    NotebookNode
        With outputs, and without anything that differs from run to run.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, record_timing=False, resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", ()):
            # Whoever sees the view of a result needs no dump of its fields beside it.
            if "text/html" in output.get("data", {}):
                output["data"].pop("text/plain", None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def _joined(outputs: list) -> list:
    """Join what is printed one after the other: in how many pieces it comes is a matter of time."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.get("name") and output.get("name") == last.get("name"):
            last["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    """Give what each cell prints and returns as text.

    Pictures differ between libraries, and a map is a page whose look may change.
    """
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            html = "".join(data.get("text/html", ""))
            if "image/png" in data or html.startswith("<iframe"):
                shown.append("")
            else:
                shown.append(output.get("text", html or data.get("text/plain", "")))
    return shown


if __name__ == "__main__":
    for path in NOTEBOOKS:
        if not sys.argv[1:] or path.stem in sys.argv[1:]:
            nbformat.write(run(path), path)
            print(path.name)
