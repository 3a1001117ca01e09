"""A publication held to its rules: attacked before it is written, and again as it stands on disk.

What gives a group of fewer than k vehicles away is withheld, figure by figure, the less telling
first; then the finished files are read as a stranger reads them, and attacked again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyzer.errors import AnalyzerError, InputError, UsageError
from analyzer.estimate import WITHHELD
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.output_statements import read_output
from analyzer.report.page_attack import small_in_page, small_in_text
from analyzer.report.published_files import PublishedFiles
from analyzer.report.statements import OWN, Cell, Statements, around, statements_of
from analyzer.result import Result
from analyzer.store import is_store

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
    contradicting : tuple of str
        Files whose figures do.
    """

    k: int
    files: tuple[str, ...]
    revealed: tuple[str, ...]
    internal: tuple[str, ...]
    contradictory: bool = False
    contradicting: tuple[str, ...] = ()

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
            lines.append(
                f"Figures contradict each other ({', '.join(self.contradicting)}), so each table "
                "was attacked by itself: give what was made of one store, or attack it apart."
            )
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
            "contradicting": list(self.contradicting),
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
        found, revealed = _attacked(safe, data, k)
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


def _attacked(tables: Mapping, data: Mapping, k: int) -> tuple[Statements, list]:
    found = statements_of(tables, data, read_output)
    try:
        return found, found.revealed(k)
    except ValueError:
        # Somebody's own tables under our names: what they have to do with each other is not known.
        own = {f"{OWN}{name}": frame for name, frame in tables.items()}
        found = statements_of(own, data, read_output)
        found.cells = {
            label: Cell(cell.table.removeprefix(OWN), cell.row, cell.column, cell.rank)
            for label, cell in found.cells.items()
        }
        return found, found.revealed(k)


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
    read = PublishedFiles()
    small: list[str] = []
    public = {
        path: text for path, text in contents.items()
        if not Path(path).name.startswith(INTERNAL_PREFIX)
    }  # fmt: skip
    for path, text in public.items():
        if path.endswith((".csv", ".json")):
            try:
                read.add(path, text)
            except ValueError as error:
                raise InputError(f"{path}: is damaged ({type(error).__name__})") from None
        elif path.endswith(".html"):
            small += [f"{path}: {what}" for what in small_in_page(text, k)]
        elif path.endswith(".txt"):
            small += [f"{path}: {what}" for what in small_in_text(text, k)]
    revealed, contradicting = read.attacked(k)
    internal = tuple(path for path in contents if path not in public)
    return PublicationCheck(
        k, tuple(sorted(public)), tuple([*revealed, *small]), internal, bool(contradicting),
        contradicting,
    )  # fmt: skip


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
        If there is nothing to read, a file is damaged, or its figures contradict each other.
    UsageError
        If k is under 5, or a store is given, which is never published.

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
    if is_store(folder):
        raise UsageError(
            f"{folder}: is a store, with every sighting of every vehicle, which is never "
            "published; give what is: the folder that `report` or `patterns` wrote, or a page"
        )
    paths = [*folder.glob("*"), *folder.glob("*/*")] if folder.is_dir() else [folder]
    contents = {}
    for path in sorted(paths):
        if path.suffix in (".csv", ".json", ".html", ".txt") and path.name != "info.json":
            try:
                contents[str(path.relative_to(folder)) if path != folder else path.name] = (
                    path.read_text(encoding="utf-8"))  # fmt: skip
            except (OSError, UnicodeDecodeError):
                raise InputError(f"{path}: cannot be read") from None
    contents = {path: text for path, text in contents.items() if not _in_store(folder / path)}
    if not contents:
        raise InputError(f"{folder}: holds no table, findings or page")
    try:
        check = check_contents(contents, k)
        # Names and hashes of inputs can tell whose data it is.
        about = json.loads((folder / "info.json").read_text()) if _has_info(folder) else {}
        if isinstance(about, dict) and about.get("internal"):
            check = replace(check, internal=(*check.internal, "info.json"))
        stores = tuple(f"{path.name}/" for path in paths if is_store(path))
        return replace(check, internal=(*check.internal, *stores))
    except ValueError as error:
        if isinstance(error, AnalyzerError):
            raise
        raise InputError(f"{folder}: a file is damaged ({type(error).__name__})") from None


def _in_store(path: Path) -> bool:
    return is_store(path.parent)


def _has_info(folder: Path) -> bool:
    return (folder / "info.json").is_file()
