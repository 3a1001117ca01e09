"""Every notebook runs from its first cell to its last, and shows what it was committed with."""

import importlib.util
import itertools
import json
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

spec = importlib.util.spec_from_file_location("run_notebooks", FOLDER / "run.py")
running = importlib.util.module_from_spec(spec)
spec.loader.exec_module(running)


def test_there_is_a_notebook_for_each_kind_of_user():
    assert [path.stem for path in NOTEBOOKS] == [
        "01_researcher",
        "02_journalist",
        "03_policymaker",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_fresh_run_shows_what_was_committed(path, tmp_path):
    kept = running.texts(nbformat.read(path, as_version=4))
    shown = running.texts(running.run(path, tmp_path))
    for number, (now, then) in enumerate(itertools.zip_longest(shown, kept)):
        assert now == then, (
            f"output {number} of {path.name} differs; where that is meant, write it anew with "
            f"python notebooks/run.py {path.stem}"
        )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_that_its_region_is_invented_and_holds_no_path_of_a_machine(path):
    text = path.read_text(encoding="utf-8")
    assert "invented people" in text
    for cell in json.loads(text)["cells"]:
        shown = json.dumps(cell.get("outputs", ""))
        assert "/tmp/" not in shown and "/home/" not in shown


def test_what_is_printed_in_pieces_is_one_output():
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in "ab"]
    other = nbformat.v4.new_output("stream", name="stderr", text="c")
    assert [output["text"] for output in running._joined([*pieces, other])] == ["ab", "c"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_notebook_draws_is_seen(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    drawn = 0
    for cell in cells:
        last = "".join(cell["source"]).rstrip().splitlines()[-1:]
        if cell["cell_type"] == "code" and last and (".plot(" in last[0] or "draw_map(" in last[0]):
            shown = [output.get("data", {}) for output in cell["outputs"]]
            assert any("image/png" in data or "<iframe" in "".join(data.get("text/html", ""))
                       for data in shown)  # fmt: skip
            drawn += 1
    assert drawn
