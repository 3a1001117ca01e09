"""The floors: what may import what. A module never imports from a floor above its own."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import analyzer

PACKAGE = Path(analyzer.__file__).parent
FLOORS = (
    ("kernel_cache", "errors", "units", "schema", "estimate", "apart", "survival", "result",
     "chart_style", "chart_writing", "chart_shares", "charts"),
    ("engine", "store", "cameras", "camera_lists", "local_time"),
    ("sightings", "array_sightings", "fitting"),
    ("ingest", "synthetic"),
    ("patterns",),
    ("risk",),
    ("scoring",),
    ("policy",),
    ("report",),
    ("assessment", "assessing", "export", "cost", "cost_asked", "cost_growth", "cost_files"),
    ("verification",),
    ("cli", "__main__"),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ANALYSIS = ("patterns", "risk", "scoring", "policy", "report", "assessment", "assessing")
ON_USE = {"matplotlib", "folium", "networkx", "sklearn", "geopandas", "pyspark", "jinja2"}
"""Imported by the function that needs them, never by a module."""


class Import(NamedTuple):
    module: str
    """What is imported, in full."""
    function: str
    """Name of the function around it; "" at module level."""
    for_types_only: bool
    line: int


def imports_of(source: str, known: set[str], module: str = "") -> list[Import]:
    """List the imports of a source text; names of submodules in `known` count as modules."""
    found: list[Import] = []

    def visit(node: ast.AST, function: str, for_types: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(a.name, function, for_types, node.lineno) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}, line {node.lineno}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                target = full if full in known else node.module
                found.append(Import(target, function, for_types, node.lineno))
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.body:
                visit(child, function, True)
            for child in node.orelse:
                visit(child, function, for_types)
        else:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                function = node.name
            for child in ast.iter_child_nodes(node):
                visit(child, function, for_types)

    visit(ast.parse(source), "", False)
    return found


def _module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {_module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
IMPORTS = {
    module: imports_of(path.read_text(encoding="utf-8"), set(PATHS), module)
    for module, path in PATHS.items()
}


def room_of(module: str) -> str:
    """Name the room of a module of ours: "analyzer.store.builder" is in "store"."""
    return [*module.split("."), ""][1]


def climbs(module: str, imported: Import) -> bool:
    """Tell whether an import goes up."""
    own, other = room_of(module), room_of(imported.module)
    if not other:
        # The package itself: it holds the version, and the public names, which come from above.
        return False
    if imported.function == "score" and other == "scoring":
        # Results offer .score(truth); what scores them is fetched when it is called.
        return False
    return FLOOR_OF[other] > FLOOR_OF[own]


def ours() -> Iterator[tuple[str, Import]]:
    for module, imports in IMPORTS.items():
        for imported in imports:
            if imported.module.split(".")[0] == "analyzer":
                yield module, imported


def test_every_module_has_a_floor():
    rooms = {room_of(module) for module in PATHS} - {""}
    assert rooms <= set(FLOOR_OF)


def test_every_import_of_ours_exists():
    unknown = [f"{m}, line {i.line}: {i.module}" for m, i in ours() if i.module not in PATHS]
    assert not unknown


def test_no_module_imports_from_a_higher_floor():
    wrong = [
        f"{module}, line {imported.line}: {imported.module}"
        for module, imported in ours()
        if module != "analyzer" and climbs(module, imported)
    ]
    assert not wrong


def test_only_the_version_is_taken_from_the_package_itself():
    wrong = []
    for module, path in PATHS.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "analyzer":
                wrong += [
                    f"{module}, line {node.lineno}: {alias.name}"
                    for alias in node.names
                    if alias.name != "__version__" and f"analyzer.{alias.name}" not in PATHS
                ]
            if isinstance(node, ast.Import):
                whole = [alias for alias in node.names if alias.name == "analyzer"]
                wrong += [f"{module}, line {node.lineno}" for _ in whole]
    assert not wrong


def test_synthetic_imports_nothing_that_analyses():
    wrong = [
        f"{module}, line {imported.line}: {imported.module}"
        for module, imported in ours()
        if room_of(module) == "synthetic" and room_of(imported.module) in (*ANALYSIS, "")
        and imported.module != "analyzer"
    ]
    assert not wrong


def circle_in(edges: dict[str, set[str]]) -> list[str]:
    """Find a circle of imports; empty if there is none."""
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> list[str]:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        for following in sorted(edges.get(module, ())):
            if circle := walk(following, [*way, module]):
                return circle
        done.add(module)
        return []

    for module in sorted(edges):
        if circle := walk(module, []):
            return circle
    return []


def test_no_circles_even_of_what_is_imported_on_use_or_for_types():
    edges: dict[str, set[str]] = {module: set() for module in PATHS}
    for module, imported in ours():
        edges[module].add(imported.module)
    # The package itself imports only what imports nothing, so taking its version closes no circle.
    assert edges["analyzer"] == {"analyzer.kernel_cache"}
    assert not edges["analyzer.kernel_cache"]
    assert circle_in(edges) == []


def test_only_the_engine_knows_spark():
    wrong = [
        f"{module}, line {imported.line}"
        for module, imports in IMPORTS.items()
        for imported in imports
        if imported.module.split(".")[0] == "pyspark" and room_of(module) != "engine"
    ]
    assert not wrong


def test_plotting_maps_and_learning_are_imported_where_they_are_used():
    wrong = [
        f"{module}, line {imported.line}: {imported.module}"
        for module, imports in IMPORTS.items()
        for imported in imports
        if imported.module.split(".")[0] in ON_USE
        and not imported.function
        and not imported.for_types_only
    ]
    assert not wrong


def _modules_after(code: str) -> set[str]:
    """Import something in a fresh interpreter, and list what that brought."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    return set(done.stdout.split())


def test_importing_the_package_brings_nothing_heavy():
    heavy = {"numpy", "pandas", "numba", "pyarrow", "scipy", *ON_USE}
    assert not heavy & _modules_after("import analyzer; dir(analyzer)")


def test_importing_synthetic_brings_no_analysis():
    loaded = _modules_after("import analyzer.synthetic")
    assert "analyzer.synthetic" in loaded
    assert not {module for module in loaded if room_of(module) in ANALYSIS and "analyzer" in module}


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("analyzer.cameras", "import analyzer.sightings", True),
        ("analyzer.cameras", "def f():\n    from analyzer import sightings", True),
        ("analyzer.cameras", "if TYPE_CHECKING:\n    from analyzer.risk import adversary", True),
        ("analyzer.patterns.trips", "def f():\n    from analyzer.scoring import places", True),
        ("analyzer.patterns.trips", "def score():\n    from analyzer.scoring import places", False),
        ("analyzer.patterns.trips", "from analyzer.scoring import places", True),
        ("analyzer.patterns.trips", "from analyzer.engine import Engine", False),
        ("analyzer.cli.data", "from analyzer import __version__", False),
    ],
)
def test_the_check_sees_what_climbs(module: str, source: str, expected: bool):
    (imported,) = imports_of(source, set(PATHS) | {"analyzer.sightings"})
    assert climbs(module, imported) is expected


def test_the_check_sees_circles():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
