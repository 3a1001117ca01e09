"""What files of a publication say, side by side: as tables of one store, or each by itself."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analyzer.errors import InputError
from analyzer.report.joint_statements import add_joint, setup_of
from analyzer.report.output_statements import read_output, tables_of_document
from analyzer.report.statements import OWN, statements_of

SWEEP = "retention"
"""How the table of a retention sweep is called."""


@dataclass
class PublishedFiles:
    """The tables and documents of a publication, and from which file each is.

    Attributes
    ----------
    parts : list of (str, str, DataFrame)
        Of each table its name, its file, and what stands in it.
    documents : dict of str to object
        Parsed JSON by file.
    """

    parts: list[tuple[str, str, pd.DataFrame]] = field(default_factory=list)
    documents: dict[str, Any] = field(default_factory=dict)
    _sweeps: dict[Any, str] = field(default_factory=dict)

    def add(self, path: str, text: str) -> None:
        """Read one file.

        Raises
        ------
        ValueError
            If it is damaged.
        """
        if path.endswith(".csv"):
            # Charts repeat tables, in percent; only tables have names that are known.
            known = Path(path).parent.name in ("", "tables")
            name = Path(path).stem if known else path
            name = self._sweep_name(path, path) if name == SWEEP else name
            self.parts.append((name, path, _read_csv(text)))
            return
        document = self.documents[path] = json.loads(text)
        for name, frame in tables_of_document(path, document).items():
            # Two sweeps over the same leaks are one table: each tells what the other may withhold.
            told = self._sweep_name(path, setup_of(document)) if name == SWEEP else name
            self.parts.append((told, path, frame))

    def _sweep_name(self, path: str, setup: Any) -> str:
        first = SWEEP if not self._sweeps else f"{SWEEP} of {path}"
        return self._sweeps.setdefault(setup, first)

    def attacked(self, k: int) -> tuple[list[str], tuple[str, ...]]:
        """Name the groups of fewer than k vehicles that can be worked out.

        Returns
        -------
        revealed : list of str
        contradicting : tuple of str
            Files whose figures cannot all be of one store; each was attacked by itself then.

        Raises
        ------
        InputError
            If the figures of a single file contradict each other.
        """
        files = list(dict.fromkeys([*self.documents, *(path for _, path, _ in self.parts)]))
        try:
            return self._together(files, k), ()
        except ValueError:
            revealed = [each for part in self.parts for each in self._alone(*part, k)]
        return list(dict.fromkeys(revealed)), self._contradicting(files, k)

    def _together(self, files: Sequence[str], k: int) -> list[str]:
        tables: dict[str, pd.DataFrame] = {}
        for name, path, frame in self.parts:
            if path in files:
                before = [tables[name]] if name in tables else []
                tables[name] = pd.concat([*before, frame], ignore_index=True)
        documents = {path: each for path, each in self.documents.items() if path in files}
        found = statements_of(tables, self._data(files), read_output)
        add_joint(documents, found)
        return [str(each) for each in found.revealed(k)]

    def _alone(self, name: str, path: str, frame: pd.DataFrame, k: int) -> list[str]:
        """Attack one table, of which it is not known what it has to do with others."""
        for data in (self._data([path]), {}):
            found = statements_of({f"{OWN}{name}": frame}, data, read_output)
            try:
                return [_without_own(str(each)) for each in found.revealed(k)]
            except ValueError as error:
                why = _without_own(str(error))
        raise InputError(f"{path}: {why}; correct it, or leave it out") from None

    def _contradicting(self, files: Sequence[str], k: int) -> tuple[str, ...]:
        """Find the first file that contradicts those before it, and one of them that it does."""
        for at, path in enumerate(files):
            try:
                self._together(files[: at + 1], k)
            except ValueError:
                for other in files[:at]:
                    try:
                        self._together([other, path], k)
                    except ValueError:
                        return other, path
                return (path,)
        return tuple(files)

    def _data(self, files: Sequence[str]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for path, document in self.documents.items():
            if path not in files or not isinstance(document, Mapping):
                continue
            data |= document.get("data", {}) if isinstance(document.get("data"), dict) else {}
            if "vehicles" not in data and isinstance(document.get("vehicles"), int):
                data["vehicles"] = document["vehicles"]
        return data


def _without_own(text: str) -> str:
    return re.sub(rf"\b{OWN}", "", text)


def _read_csv(text: str) -> pd.DataFrame:
    frame = pd.read_csv(io.StringIO(text.removeprefix("\ufeff")))
    for column in ("vehicles", "value", "n"):
        if column in frame:
            frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame.drop(columns="synthetic", errors="ignore")
