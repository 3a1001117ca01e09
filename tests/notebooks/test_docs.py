"""The examples of the documentation hold, every command has one, and the site builds."""

import difflib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.cli import VERBS
from tests.report.test_page import Visit, assert_accessible, browser  # noqa: F401

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "notebooks" / "docs"
PAGE = (DOCS / "commands.md").read_text(encoding="utf-8")

spec = importlib.util.spec_from_file_location("doc_examples", DOCS / "examples.py")
examples = importlib.util.module_from_spec(spec)
spec.loader.exec_module(examples)


def test_every_command_has_an_example():
    shown = re.findall(r"^\$ platerisk (\S+)", PAGE, re.M)
    assert sorted(set(shown)) == sorted(VERBS)


def test_the_examples_print_what_stands_there(tmp_path):
    kept = dict(examples.BLOCK.findall(PAGE))
    wrong = {}
    for command, output in examples.run_all(tmp_path):
        if output != kept[command]:
            before = kept[command].splitlines()
            lines = difflib.unified_diff(before, output.splitlines(), lineterm="")
            wrong[command] = "\n".join(lines)
    assert not wrong, (
        "outputs differ; where that is meant, write them anew with "
        "python notebooks/docs/examples.py\n" + "\n".join(f"{c}\n{d}" for c, d in wrong.items())
    )


def test_every_public_name_is_in_the_reference():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"auto(?:class|function):: analyzer\.(\w+)$", text, re.M))
    assert named | {"synthetic"} == set(analyzer.__all__)


def test_every_result_of_a_benchmark_is_included():
    pages = [DOCS / "national.md", *(DOCS / "results").glob("*.md")]
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    included = set(re.findall(r"benchmarks/results/(\w+\.md)", text))
    assert included == {path.name for path in (ROOT / "benchmarks" / "results").glob("*.md")}


def test_the_version_to_cite_is_the_version_of_the_program():
    assert f"\nversion: {analyzer.__version__}\n" in (DOCS / "CITATION.cff").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("myst_nb", reason="the site is built with the extra 'docs'")
    command = re.search(r"<!-- docs -->\n```\n(.*?)\n```", (ROOT / "README.md").read_text(), re.S)
    arguments = command.group(1).split("sphinx", 1)[1].split()
    arguments[-1] = str(tmp_path_factory.mktemp("docs") / "site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return Path(arguments[-1])


def test_the_site_builds_without_a_warning_and_loads_nothing(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    first = (site / "index.html").read_text(encoding="utf-8")
    assert (site / re.search(r'href="([^"]+)"', first).group(1)).exists()
    for page in pages:
        loaded = re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"(https?:[^\"]+)",
                            page.read_text(encoding="utf-8"))  # fmt: skip
        assert not loaded, (page.name, loaded)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "page", ["docs/index", "docs/commands", "docs/methods/retention", "02_journalist"]
)
def test_the_site_asks_nobody_and_bars_nobody(browser, site, page, width):  # noqa: F811
    visit = Visit(browser, site / f"{page}.html", width)
    assert all(url.startswith(("file:", "data:", "about:")) for url in visit.requests)
    assert visit.problems == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(visit.page)
