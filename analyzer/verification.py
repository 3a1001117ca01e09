"""Verification: every published figure of a report, computed again from the store.

A claim can be retraced by anybody who has the store: the folder says with which options and seed
it was made, and the same input gives the same digits.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyzer.assessing import assess
from analyzer.engine import Engine
from analyzer.errors import InputError, UsageError
from analyzer.report.disclosure import DEFAULT_K
from analyzer.report.texts import Texts
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAME = 1e-9
"""Figures that differ by no more, in proportion, are the same: elsewhere sums may be added in
another order."""


@dataclass(frozen=True)
class Difference:
    """A figure that came out otherwise.

    Attributes
    ----------
    where : str
        File, and place in it.
    published, recomputed : str
        What stands there, and what was computed.
    """

    where: str
    published: str
    recomputed: str


@dataclass(frozen=True)
class Verification(Result):
    """A report held against its store.

    Attributes
    ----------
    figures : int
        Values that were compared.
    differences : tuple of Difference
        Those that came out otherwise.
    damaged : tuple of str
        Files that are not, or not any more, what was written.
    versions : tuple of Difference
        Programs whose version is another one now.
    """

    figures: int
    differences: tuple[Difference, ...]
    damaged: tuple[str, ...]
    versions: tuple[Difference, ...]

    @property
    def holds(self) -> bool:
        """Whether every figure came out as published, and every file is the one written."""
        return not (self.differences or self.damaged)

    def summary(self) -> str:
        """Tell whether the report holds, and what does not."""
        lines = []
        if self.differences:
            lines.append(
                f"{len(self.differences):,} of {self.figures:,} published values differ from what "
                "the store gives."
            )
        else:
            lines.append(f"All {self.figures:,} published values come out of the store the same.")
        if self.damaged:
            lines.append(f"Not what was written: {', '.join(self.damaged)}.")
        if self.versions:
            told = ", ".join(
                f"{each.where} {each.published} → {each.recomputed}" for each in self.versions
            )
            lines.append(f"Other versions now: {told}.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the differences as a table: where, published, recomputed."""
        return pd.DataFrame(
            [(each.where, each.published, each.recomputed) for each in self.differences],
            columns=["where", "published", "recomputed"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields."""
        return {
            "holds": self.holds,
            "figures": self.figures,
            "differences": self.to_pandas().to_dict("records"),
            "damaged": list(self.damaged),
            "versions": [
                {"program": each.where, "then": each.published, "now": each.recomputed}
                for each in self.versions
            ],
        }

    def plot(self) -> Axes:
        """Draw how many values were the same and how many were not."""
        from analyzer.charts import new_axes

        axes = new_axes()
        different = len(self.differences)
        axes.barh(["the same", "different"], [self.figures - different, different])
        axes.set(xlabel="published values")
        return axes


def verify_report(
    folder: str | Path,
    sightings: Sightings,
    *,
    sites: Any = None,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Compute every published figure of a report again, and compare.

    Parameters
    ----------
    folder : path
        As `Assessment.write` wrote it.
    sightings : Sightings
        The store from which it was made.
    sites : path or frame or Sites, optional
        The sensitive sites, if the report was made with a list of them.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    Verification

    Raises
    ------
    InputError
        If the folder is no report, or does not say with which options it was made.
    UsageError
        If a list of sites is missing with which it was made, or given where there was none.
    """
    folder = Path(folder)
    info, published = read_report(folder)
    options = _options(info, folder)
    _check_sites(folder, info, str(published.get("language", "en")), sites)
    assessment = assess(
        sightings, **options, sites=sites, engine=engine, memory=memory, progress=progress
    )
    figures, differences = 0, []
    with tempfile.TemporaryDirectory(prefix="platerisk-verify-") as again:
        language = str(published.get("language", "en"))
        with warnings.catch_warnings():
            # What is withheld was said when the report was written.
            warnings.simplefilter("ignore", UserWarning)
            assessment.write(again, language=language, k=int(published.get("threshold", DEFAULT_K)))
        recomputed = {"findings.json": _flat(_load(Path(again) / "findings.json"))}
        known = {"findings.json": _flat(published)}
        for path in sorted(folder.glob("tables/*.csv")):
            if path.name.startswith("INTERNAL-"):
                continue
            name = f"tables/{path.name}"
            known[name] = _cells(path)
            twin = Path(again) / name
            recomputed[name] = _cells(twin) if twin.is_file() else {}
        for name, values in known.items():
            figures += len(values)
            differences += _compare(name, values, recomputed[name])
        now = _load(Path(again) / "info.json").get("versions", {})
    return Verification(
        figures=figures,
        differences=tuple(differences),
        damaged=tuple(_damaged(folder, info)),
        versions=tuple(
            Difference(program, str(then), str(now.get(program)))
            for program, then in sorted(info.get("versions", {}).items())
            if str(then) != str(now.get(program))
        ),
    )


def _options(info: dict[str, Any], folder: Path) -> dict[str, Any]:
    given = info.get("options", {})
    try:
        return {
            "adversary": Adversary(
                points=given["points"], time=given["time"], space=given["space"]
            ),
            "windows": tuple(given["windows"]),
            "max_gap": given["max_gap"],
            "rotation": given["rotation"],
            "sample": given["sample"],
            "seed": given["seed"],
        }
    except (KeyError, TypeError):
        raise InputError(
            f"{folder / 'info.json'}: does not say with which options the report was made"
        ) from None


def _check_sites(folder: Path, info: dict[str, Any], language: str, sites: Any) -> None:
    """Refuse to compare what was made with a list of sites and what is made without one."""
    used = info["options"].get("sites")
    if used is None:
        # Reports of earlier versions say so by their figures alone.
        path = folder / "tables/further_risks.csv"
        said = Texts(language)("further.site", category="|")
        risks = pd.read_csv(path)["risk"].astype(str) if path.is_file() else ()
        start, _, end = said.partition("|")
        used = True if any(r.startswith(start) and r.endswith(end) for r in risks) else None
    if used and sites is None:
        raise UsageError(
            f"{folder}: the report was made with a list of sensitive sites; give the same list "
            "with --sites FILE (sites= in Python)"
        )
    if used is False and sites is not None:
        raise UsageError(
            f"{folder}: the report was made without a list of sensitive sites; leave --sites out "
            "(sites= in Python)"
        )


def read_report(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read how a report was made, and its findings.

    Raises
    ------
    InputError
        If the folder is no report.
    """
    info, published = _load(folder / "info.json"), _load(folder / "findings.json")
    if info.get("schema") != "platerisk/info" or published.get("schema") != "platerisk/findings":
        raise InputError(f"{folder}: is no report; give the folder that `report` wrote")
    return info, published


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give the folder that `report` wrote") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: is no report of platerisk")
    return document


def _flat(value: Any, where: str = "") -> dict[str, Any]:
    """Lay out a document as its single values, each with its place."""
    if isinstance(value, dict):
        items: Iterator[tuple[str, Any]] = ((str(key), item) for key, item in value.items())
    elif isinstance(value, list):
        # Findings keep their name when their order changes.
        items = (
            (str(item["id"]) if isinstance(item, dict) and "id" in item else str(at), item)
            for at, item in enumerate(value)
        )
    else:
        return {where: value}
    flat: dict[str, Any] = {}
    for key, item in items:
        flat |= _flat(item, f"{where}.{key}" if where else key)
    return flat


def _cells(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8-sig")
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return {
        f"row {row + 1}, {column}": cell
        for column in frame
        for row, cell in enumerate(frame[column].tolist())
    }


def _compare(name: str, published: dict[str, Any], again: dict[str, Any]) -> Iterator[Difference]:
    for where in dict.fromkeys([*published, *again]):
        one, other = published.get(where), again.get(where)
        if not _same(one, other):
            yield Difference(f"{name}: {where}", _text(one), _text(other))


def _same(one: Any, other: Any) -> bool:
    if one == other:
        return True
    try:
        return math.isclose(float(one), float(other), rel_tol=SAME, abs_tol=SAME)
    except (TypeError, ValueError):
        return False


def _text(value: Any) -> str:
    return "–" if value is None else str(value)


def _damaged(folder: Path, info: dict[str, Any]) -> Iterator[str]:
    for name, digest in sorted(info.get("files", {}).items()):
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield name
