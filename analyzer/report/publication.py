"""A publication held to its rules: attacked before it is written, and again as it stands on disk.

What gives a group of fewer than k vehicles away is withheld, figure by figure, the less telling
first; then the finished files are read as a stranger reads them, and attacked again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyzer.errors import AnalyzerError, InputError
from analyzer.estimate import WITHHELD
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.joint_statements import add_joint
from analyzer.report.output_statements import read_output, tables_of_document
from analyzer.report.page_attack import small_in_page, small_in_text
from analyzer.report.statements import Cell, Statements, around, statements_of
from analyzer.result import Result

INTERNAL_PREFIX = "INTERNAL-"
_SHARES = ("value", "low", "high", "value_in_window", "low_in_window", "high_in_window")


class DisclosureError(AnalyzerError):
    """What was to be published gives a group of fewer than k vehicles away; nothing is written."""


@dataclass(frozen=True)
class PublicationCheck(Result):
    """What the attacks found in a publication.

    Attributes
    ----------
    k : int
        The threshold.
    files : tuple of str
        What was read.
    revealed : tuple of str
        Groups of fewer than k vehicles that can be worked out, by name; never their size.
    internal : tuple of str
        Files that must not be published at all.
    contradictory : bool
        Whether figures contradict each other, so that each table was attacked by itself.
    """

    k: int
    files: tuple[str, ...]
    revealed: tuple[str, ...]
    internal: tuple[str, ...]
    contradictory: bool = False

    @property
    def holds(self) -> bool:
        """Whether the publication can go out."""
        return not self.revealed and not self.internal

    def summary(self) -> str:
        """Tell what was found."""
        lines = []
        if self.internal:
            lines.append(f"Internal files, never to be published: {', '.join(self.internal)}.")
        if self.revealed:
            lines.append(
                f"Published figures give away groups of fewer than {self.k} vehicles: "
                f"{'; '.join(self.revealed)}."
            )
        if self.contradictory:
            lines.append("Figures contradict each other: each table was attacked by itself.")
        if self.holds:
            lines.append(
                f"{len(self.files)} files: no group of fewer than {self.k} vehicles can be worked "
                "out from them."
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields."""
        return {
            "holds": self.holds,
            "threshold": self.k,
            "files": list(self.files),
            "revealed": list(self.revealed),
            "internal": list(self.internal),
            "contradictory": self.contradictory,
        }

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a group or file that must not go out: what, why."""
        rows = [(name, f"fewer than {self.k} vehicles") for name in self.revealed]
        rows += [(name, "internal") for name in self.internal]
        return pd.DataFrame(rows, columns=["what", "why"])

    def plot(self) -> Any:
        """There is nothing to draw.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("a check of a publication has no chart; read its summary()")


def make_safe(
    tables: Mapping[str, pd.DataFrame], data: Mapping[str, Any], k: int = DEFAULT_K
) -> tuple[dict[str, pd.DataFrame], list[Cell]]:
    """Withhold figures until no group of fewer than k vehicles can be worked out.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As they would be published: small counts are gone already.
    data : mapping
        What is said of the data as a whole.
    k : int
        Smallest count of vehicles that may be shown; 5 or more.

    Returns
    -------
    tables : dict of str to DataFrame
        The same, with less in them where that is needed.
    withheld : list of Cell
        What was taken out, in that order.

    Raises
    ------
    UsageError
        If k is under 5.
    DisclosureError
        If no figure is left that could be withheld.

    Examples
    --------
    >>> curve = pd.DataFrame({"points": [1, 2, 3], "value": [0.25, 0.5, 0.51], "n": 400})
    >>> safe, withheld = make_safe({"unicity_curve": curve}, {"vehicles": 400})
    >>> safe["unicity_curve"]["value"].tolist(), [cell.row for cell in withheld]
    ([0.25, nan, 0.51], [1])
    """
    check_threshold(k)
    safe = dict(tables)
    withheld: list[Cell] = []
    while True:
        found, revealed, _ = _attacked(safe, data, k)
        if not revealed:
            return safe, withheld
        cells = around(found, revealed)
        if not cells:
            raise DisclosureError(
                f"what is to be published gives groups of fewer than {k} vehicles away "
                f"({'; '.join(map(str, revealed))}), and no figure is left to withhold; measure "
                "more vehicles, or coarser"
            )
        safe[cells[0].table] = _without(safe[cells[0].table], cells[0], k)
        withheld.append(cells[0])


def _attacked(
    tables: Mapping, data: Mapping, k: int, documents: Mapping[str, Any] | None = None
) -> tuple[Statements, list, bool]:
    found = statements_of(tables, data, read_output)
    add_joint(documents or {}, found)
    try:
        return found, found.revealed(k), False
    except ValueError:
        # Somebody's own tables under our names: what they have to do with each other is not known.
        own = {f"own {name}": frame for name, frame in tables.items()}
        found = statements_of(own, data, read_output)
        found.cells = {
            label: Cell(cell.table.removeprefix("own "), cell.row, cell.column, cell.rank)
            for label, cell in found.cells.items()
        }
        return found, found.revealed(k), True


def _without(frame: pd.DataFrame, cell: Cell, k: int) -> pd.DataFrame:
    frame = frame.copy()
    if cell.column == "vehicles":
        return frame.drop(index=cell.row)
    blank = _SHARES if cell.column == "value" else (
        ("exposed_vehicles", "n_in_window", *_SHARES[3:])
        if cell.column in ("exposed_vehicles", "n_in_window") else (cell.column,))  # fmt: skip
    for column in blank:
        if column in frame:
            frame[column] = frame[column].astype(float)
            frame.loc[cell.row, column] = np.nan
    if cell.column == "value":
        if "method" in frame:
            frame["method"] = frame["method"].astype(object)
            why = f"{WITHHELD}: with others it would give a count of fewer than {k} away"
            frame.loc[cell.row, "method"] = why
        if "added_per_day" in frame:
            # A step up to a withheld value, or from it, tells the value.
            at = frame.index.get_loc(cell.row)
            frame.loc[frame.index[at : at + 2], "added_per_day"] = np.nan
    return frame


def check_contents(contents: Mapping[str, str], k: int = DEFAULT_K) -> PublicationCheck:
    """Attack the files of a publication, given as text by path; see `check_publication`."""
    check_threshold(k)
    tables: dict[str, pd.DataFrame] = {}
    data: dict[str, Any] = {}
    documents: dict[str, Any] = {}
    small: list[str] = []
    public = {
        path: text for path, text in contents.items()
        if not Path(path).name.startswith(INTERNAL_PREFIX)
    }  # fmt: skip
    for path, text in public.items():
        if path.endswith(".csv"):
            # Charts repeat tables, in percent; only tables have names that are known.
            known = Path(path).parent.name in ("", "tables")
            tables[Path(path).stem if known else path] = _read_csv(text)
        elif path.endswith(".json"):
            document = documents[path] = json.loads(text)
            data |= document.get("data", {}) if isinstance(document.get("data"), dict) else {}
            if "vehicles" not in data and isinstance(document.get("vehicles"), int):
                data["vehicles"] = document["vehicles"]
            for name, frame in tables_of_document(path, document).items():
                # Two sweeps of one store are one table: each tells what the other may withhold.
                before = [tables[name]] if name in tables else []
                tables[name] = pd.concat([*before, frame], ignore_index=True)
        elif path.endswith(".html"):
            small += [f"{path}: {what}" for what in small_in_page(text, k)]
        elif path.endswith(".txt"):
            small += [f"{path}: {what}" for what in small_in_text(text, k)]
    _, revealed, contradictory = _attacked(tables, data, k, documents)
    internal = tuple(path for path in contents if path not in public)
    return PublicationCheck(
        k, tuple(sorted(public)), tuple([*map(str, revealed), *small]), internal, contradictory
    )


def check_publication(folder: str | Path, k: int = DEFAULT_K) -> PublicationCheck:
    r"""Attack what is about to be published: try to work out groups of fewer than k vehicles.

    All tables, findings and pages of a folder are read as a stranger reads them: counts, shares
    with their n, what lies in what, what adds up to what; then the smallest and largest size of
    each group that is not shown are computed. Pages are read in every language they are written
    in; what a verb printed can be attacked too, as ``.json``, ``.csv`` or ``.txt``.

    Parameters
    ----------
    folder : path
        What ``platerisk report -o`` or ``patterns -o`` wrote, a page, or any folder of CSV, JSON,
        HTML and text.
    k : int
        Smallest count of vehicles that may be shown; 5 or more.

    Returns
    -------
    PublicationCheck

    Raises
    ------
    InputError
        If there is nothing to read, or a file is damaged.
    UsageError
        If k is under 5.

    Examples
    --------
    A row of three vehicles is too small; it is named, its number is not.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "by_zone.csv").write_text("zone,vehicles\nnorth,420\nsouth,3\n")
    >>> print(check_publication(folder).summary())
    Published figures give away groups of fewer than 10 vehicles: by_zone: south.
    """
    check_threshold(k)
    folder = Path(folder)
    paths = [*folder.glob("*"), *folder.glob("*/*")] if folder.is_dir() else [folder]
    contents = {}
    for path in sorted(paths):
        if path.suffix in (".csv", ".json", ".html", ".txt") and path.name != "info.json":
            try:
                contents[str(path.relative_to(folder)) if path != folder else path.name] = (
                    path.read_text(encoding="utf-8"))  # fmt: skip
            except (OSError, UnicodeDecodeError):
                raise InputError(f"{path}: cannot be read") from None
    if not contents:
        raise InputError(f"{folder}: holds no table, findings or page")
    try:
        check = check_contents(contents, k)
        # Names and hashes of inputs can tell whose data it is.
        about = json.loads((folder / "info.json").read_text()) if _has_info(folder) else {}
        if isinstance(about, dict) and about.get("internal"):
            check = replace(check, internal=(*check.internal, "info.json"))
        return check
    except ValueError as error:
        if isinstance(error, AnalyzerError):
            raise
        raise InputError(f"{folder}: a file is damaged ({type(error).__name__})") from None


def _has_info(folder: Path) -> bool:
    return (folder / "info.json").is_file()


def _read_csv(text: str) -> pd.DataFrame:
    frame = pd.read_csv(io.StringIO(text.removeprefix("\ufeff")))
    for column in ("vehicles", "value", "n"):
        if column in frame:
            frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame.drop(columns="synthetic", errors="ignore")
