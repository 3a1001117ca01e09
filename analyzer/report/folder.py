"""The folder of a report, written so that no half file is ever seen.

What is published is made in memory first; each file is written beside its place and moved there;
``info.json`` comes last and holds the digest of every other file, so that a folder from a killed
run tells on itself. Tables of single vehicles are large: they are made and written one by one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analyzer.errors import UsageError
from analyzer.report.chart_files import chart_files
from analyzer.report.content import ReportInput
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.findings import findings_document, info_document, to_json, written_at
from analyzer.report.pages import render_report
from analyzer.report.publication import (
    INTERNAL_PREFIX,
    DisclosureError,
    check_contents,
    make_safe,
)
from analyzer.report.publishable import (
    Publishable,
    checked_name,
    publishable,
    publishable_table,
    warn_of_withheld,
    withheld_sentence,
)
from analyzer.report.tables import csv_pieces, to_csv
from analyzer.report.texts import Texts


def write_report(
    assessment_like: Any,
    folder: str | Path,
    *,
    internal: bool = False,
    k: int = DEFAULT_K,
    shown: Publishable | None = None,
) -> list[Path]:
    """Write a folder: page, findings, tables, charts, info.

    ``report.html``, ``findings.json``, ``tables/*.csv``, ``info.json``; and each chart as
    ``charts/*.svg``, ``*.png``, and ``*.csv`` as Datawrapper and Flourish take it. What is internal
    has a name that begins with ``INTERNAL-``; ``findings.json``, charts and the other tables hold
    the same, whether it is or not, and ``info.json`` says which it is.

    Parameters
    ----------
    assessment_like : ReportInput or object
        What to show, or an object whose method ``report_input()`` gives it.
    folder : path
        Where to write; made if it is not there. Files of an earlier report are replaced.
    internal : bool
        Also write the tables per vehicle, as ``tables/INTERNAL-*.csv``, and the names and hashes
        of the inputs; the page is marked and called ``INTERNAL-report.html``, and every file is
        readable by its owner only.
    k : int
        Smallest count of vehicles that is shown; 5 or more.
    shown : Publishable, optional
        The tables as they may be shown, if they are at hand.

    Returns
    -------
    list of Path
        The files written, in the order of their names.

    Raises
    ------
    UsageError
        If k is under 5, a table's name cannot be a file name, a table per vehicle stands among the
        aggregated ones, or the folder holds internal files of an earlier run.
    DisclosureError
        If what would be written gives fewer than k vehicles away; nothing is written then.

    Warns
    -----
    UserWarning
        If figures are withheld because they would do so together with others.

    Notes
    -----
    The same input gives the same bytes. The time of writing appears in ``info.json`` only when
    SOURCE_DATE_EPOCH is set.
    """
    report = _as_input(assessment_like)
    k = check_threshold(k)
    written_at()  # a wrong SOURCE_DATE_EPOCH is told before the work, not after
    folder = Path(folder)
    check_folder(folder, internal=internal)
    texts = Texts(report.language)
    shown = shown or publishable(report, k=k)
    warn_of_withheld(shown, k)

    contents: dict[str, str | bytes] = dict(chart_files(shown, texts, synthetic=report.synthetic))
    for name, frame in shown.tables.items():
        contents[f"tables/{name}.csv"] = to_csv(_said_synthetic(frame, report))
    if internal:
        for name, frame in report.internal_tables.items():
            contents[f"tables/{INTERNAL_PREFIX}{checked_name(name)}.csv"] = to_csv(
                _said_synthetic(frame, report)
            )
    contents[page_name(internal)] = render_report(
        report, k=k, internal=internal, texts=texts, shown=shown
    )
    contents["findings.json"] = to_json(
        findings_document(
            report, k=k, tables=shown.tables, texts=texts, withheld=shown.withheld_findings
        )
    )
    _refuse_disclosure(contents, k)
    digests = {name: _sha256(text) for name, text in contents.items()}
    info = info_document(report, internal=internal, digest=digests["findings.json"], files=digests)

    for name in ("tables", "charts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _remove_outdated(folder, set(contents))
    for name in sorted(contents):
        write_file(folder / name, contents[name], private=internal)
    write_file(folder / "info.json", to_json(info), private=internal)
    return [folder / name for name in sorted([*contents, "info.json"])]


def page_name(internal: bool) -> str:
    """Name the page of a report.

    Examples
    --------
    >>> page_name(True)
    'INTERNAL-report.html'
    """
    return f"{INTERNAL_PREFIX if internal else ''}report.html"


def write_tables(
    tables: Mapping[str, pd.DataFrame],
    folder: str | Path,
    *,
    origin: Mapping[str, Any],
    synthetic: bool,
    k: int = DEFAULT_K,
) -> list[Path]:
    """Write aggregated tables as CSV, with the rows that stand for fewer than k vehicles left out.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name; lower case letters, digits and ``_``.
    folder : path
        Where to write; made if it is not there.
    origin : mapping
        As `analyzer.report.origin.origin_of` gives it, for ``info.json``.
    synthetic : bool
        Whether the data are; the tables then say so in each row.
    k : int
        Smallest count of vehicles that is shown; 5 or more.

    Returns
    -------
    list of Path
        The files written, ``info.json`` last.

    Raises
    ------
    UsageError
        If a table has one row a vehicle, or a name cannot be a file name.
    DisclosureError
        If what would be written gives fewer than k vehicles away.

    Warns
    -----
    UserWarning
        If figures are withheld because they would do so together with others.
    """
    public = {name: publishable_table(name, frame, k) for name, frame in tables.items()}
    public, cells = make_safe(public, {}, k)
    if cells:
        withheld = [f"{cell.table}, row {cell.row} {cell.column}" for cell in cells]
        warnings.warn(withheld_sentence(withheld, k), UserWarning, stacklevel=2)
    _refuse_disclosure({f"{name}.csv": to_csv(frame) for name, frame in public.items()}, k)
    return _write_csvs(public, Path(folder), origin=origin, synthetic=synthetic, internal=False)


def _refuse_disclosure(contents: Mapping[str, str | bytes], k: int) -> None:
    """Attack the finished files once more, as a stranger who reads them."""
    public = {
        name: text
        for name, text in contents.items()
        if isinstance(text, str) and INTERNAL_PREFIX not in name
    }
    check = check_contents(public, k)
    if not check.holds:
        raise DisclosureError(f"nothing is written. {check.summary()}")


def write_internal(
    tables: Mapping[str, pd.DataFrame],
    folder: str | Path,
    *,
    origin: Mapping[str, Any],
    synthetic: bool,
) -> list[Path]:
    """Write tables of single vehicles alone, as ``INTERNAL-*.csv``, readable by their owner only.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name; lower case letters, digits and ``_``.
    folder : path
        Where to write; made if it is not there.
    origin, synthetic
        As for `write_tables`.

    Returns
    -------
    list of Path
        The files written, ``info.json`` last.

    Raises
    ------
    UsageError
        If a table's name cannot be a file name.
    """
    return _write_csvs(tables, Path(folder), origin=origin, synthetic=synthetic, internal=True)


def _write_csvs(
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    *,
    origin: Mapping[str, Any],
    synthetic: bool,
    internal: bool,
) -> list[Path]:
    prefix = INTERNAL_PREFIX if internal else ""
    files = {name: f"{prefix}{checked_name(name)}.csv" for name in tables}
    folder.mkdir(parents=True, exist_ok=True)

    def pieces(name: str) -> Iterator[str]:
        # Nothing else holds the table: it goes when it is written, before the next is made.
        frame = tables[name]
        return csv_pieces(frame.assign(synthetic=True) if synthetic else frame)

    digests = {
        file: write_file(folder / file, pieces(name), private=internal)
        for name, file in files.items()
    }
    about = ReportInput(title="", synthetic=synthetic, info=dict(origin))
    digest = _sha256("".join(digests[name] for name in sorted(digests)))
    info = info_document(about, internal=internal, digest=digest, files=digests)
    write_file(folder / "info.json", to_json(info), private=internal)
    return [folder / name for name in [*digests, "info.json"]]


def _said_synthetic(frame: pd.DataFrame, report: ReportInput) -> pd.DataFrame:
    # A CSV travels without the page: synthetic rows say themselves what they are.
    return frame.assign(synthetic=True) if report.synthetic else frame


def _as_input(given: Any) -> ReportInput:
    if isinstance(given, ReportInput):
        return given
    if callable(getattr(given, "report_input", None)):
        return given.report_input()
    raise UsageError("give a ReportInput, or a result with a method report_input()")


def check_folder(folder: str | Path, *, internal: bool = False) -> None:
    """Refuse a folder into which a report must not, or cannot, be written: before the work.

    Raises
    ------
    UsageError
        If it is a file, cannot be made or written, holds files of something else, or holds
        internal files and the report is for the public.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".platerisk.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); give a folder that you may write"
        ) from None
    if any(folder.iterdir()) and not _is_report(folder):
        raise UsageError(
            f"{folder}: holds other files and no report of platerisk; give a new or empty folder"
        )
    _refuse_leftovers(folder, internal)


def check_file(path: str | Path) -> None:
    """Refuse a file that cannot be written, because of its name or its folder: before the work.

    Raises
    ------
    UsageError
        If it is a folder, or its folder is not there or cannot be written.

    Examples
    --------
    >>> check_file("no such folder/case.html")
    Traceback (most recent call last):
    ...
    analyzer.errors.UsageError: no such folder/case.html: give a file in a folder that is there
    """
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path}: give a file in a folder that is there")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path.parent}: cannot be written; give a folder that you may write")


def _is_report(folder: Path) -> bool:
    try:
        info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
        return info["schema"] == "platerisk/info"
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _refuse_leftovers(folder: Path, internal: bool) -> None:
    if internal:
        return
    left = [*folder.glob(f"{INTERNAL_PREFIX}*"), *folder.glob(f"tables/{INTERNAL_PREFIX}*")]
    if left:
        raise UsageError(
            f"{folder} holds internal files of an earlier run ({len(left)}); write the report into "
            "another folder, or move them away first"
        )


def _remove_outdated(folder: Path, current: set[str]) -> None:
    """Remove tables and charts that an earlier report listed as its own; nothing else."""
    try:
        listed = json.loads((folder / "info.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in listed:
        ours = re.fullmatch(
            r"(tables/[\w-]+\.csv|charts/[\w-]+\.(csv|svg|png)|(INTERNAL-)?report\.html)", str(name)
        )
        if ours and name not in current:
            (folder / name).unlink(missing_ok=True)


def write_file(path: Path, content: str | bytes | Iterable[str], *, private: bool) -> str:
    """Write a file at once: the old one stands until the new one is whole.

    Parameters
    ----------
    path : Path
        Where to.
    content : str, bytes or iterable of str
        What it holds, whole or in pieces.
    private : bool
        Whether only its owner may read it (mode 0600).

    Returns
    -------
    str
        The SHA-256 of what was written.
    """
    digest = hashlib.sha256()
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    mode = 0o600 if private else 0o666
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in [content] if isinstance(content, str | bytes) else content:
                digest.update(_bytes(piece))
                file.write(_bytes(piece))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return digest.hexdigest()


def _sha256(content: str | bytes) -> str:
    return hashlib.sha256(_bytes(content)).hexdigest()


def _bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content
