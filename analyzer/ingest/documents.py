"""Documents: nested records, of JSON or XML, laid flat into rows with dotted column names.

A reader of a format yields documents with the place of each; what is done here is the same for all:
a list inside a document may hold the rows, updates of one event become one row, features of maps
give their position, and what is no sighting is counted as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest.profiles import (
    HEADER_WORDS,
    Profile,
    header_word,
    profile_for_documents,
)
from analyzer.ingest.records import NO_SIGHTING, OTHER_EVENT, Faults
from analyzer.ingest.sources import Chunk
from analyzer.ingest.streams import Place, hash_file, size_of

HEAD_DOCUMENTS = 1_000
MAX_COLUMNS = 5_000
_LONGEST_CELL = 1_000
MAX_OPEN = 20_000
"""Events whose updates are waited for at one time."""

REPEATED_UPDATE = "repeated_update"
_LIST_ITEMS = 4
_DEPTH = 16
_PLATE_WORDS = frozenset(word for tier in HEADER_WORDS["plate"] for word in tier)


class Document(NamedTuple):
    """One record of a file, or the fault that stands in its place."""

    value: dict[str, Any] | None
    line: int
    offset: int
    fault: int = 0


class DocumentReader(Protocol):
    """What reads the documents of a format."""

    notes: list[str]

    def head(self) -> list[dict[str, Any]]:
        """Give the first documents."""
        ...

    def documents(self) -> Iterator[tuple[list[Document], int]]:
        """Yield documents in lists, with the bytes of the file read so far."""
        ...

    @property
    def sha256(self) -> str | None:
        """Hash of the file, once all was read."""
        ...


class DocumentSource:
    """A file of nested records."""

    def __init__(
        self, place: Place, reader: DocumentReader, *, profile: str | Profile = "auto"
    ):
        self.path = place
        self.name = place.name
        self.size = size_of(place)
        self._reader = reader
        self._sha256: str | None = None
        documents = [unwrap_feature(document) for document in reader.head()]
        if not documents:
            raise InputError(f"{place}: no record could be read")
        self.profile = profile_for_documents(documents, profile, header_of)
        self.only_other_events = False
        self._first = documents[:50]
        self._rows = self.profile.rows or _rows_inside(place, documents)
        self.columns = tuple(header_of(documents, self._rows))
        self.has_header, self.width = True, len(self.columns)
        self._places = {column: at for at, column in enumerate(self.columns)}
        self.head = [list(self.columns), *self._sample(documents)]
        self.notes = list(reader.notes)
        if self._rows:
            self.notes.append("the rows stand in a list inside the records")

    def adopt(self, profile: Profile) -> None:
        """Take the profile of the files beside it, if all that is here are its other events."""
        if profile.only and all(profile.is_other(flatten(first)) for first in self._first):
            self.profile, self.only_other_events = profile, True

    @property
    def sha256(self) -> str | None:
        """Hash of the file, if it is known by now."""
        return self._sha256 or self._reader.sha256

    def digest(self) -> str:
        """Give the SHA-256 of the file."""
        if self.sha256 is None:
            self._sha256 = hash_file(self.path)
        return self.sha256

    def _sample(self, documents: Sequence[dict[str, Any]]) -> list[list[str]]:
        rows = []
        for document in documents[:50]:
            for row in unfold(document, self._rows)[:5]:
                flat = flatten(row)
                rows.append([flat.get(column) or "" for column in self.columns])
        return rows

    def chunks(self, wanted: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows, some documents at a time."""
        names = {position: self.columns[position] for position in wanted}
        join = _Updates(self.profile, names.values()) if self.profile.latest else None
        done = 0
        for documents, done in self._reader.documents():
            merged = 0
            if join is not None:
                documents, merged = join.add(documents)
            yield self._chunk(documents, names, done, merged)
        if join is not None:
            yield self._chunk(join.rest(), names, done, 0)

    def _chunk(
        self, documents: Iterable[Document], names: dict[int, str], done: int, merged: int
    ) -> Chunk:
        cells: dict[int, list[str | None]] = {position: [] for position in names}
        lines, offsets = [], []
        faults: list[tuple[int, int, int]] = []
        for document in documents:
            fault = document.fault
            rows: list[dict[str, Any]] = []
            if not fault:
                value = unwrap_feature(document.value)
                if self.profile.is_other(flatten(value) if self.profile.only else {}):
                    fault = OTHER_EVENT
                else:
                    rows = unfold(value, self._rows)
                    fault = 0 if rows else NO_SIGHTING
            if fault:
                faults.append((document.line, document.offset, fault))
            for row in rows:
                flat = flatten(row)
                for position, name in names.items():
                    cells[position].append(flat.get(name))
                lines.append(document.line)
                offsets.append(document.offset)
        columns, undecodable = {}, {}
        for position, texts in cells.items():
            columns[position], bad = text_column(texts)
            if bad is not None:
                undecodable[position] = bad
        table = np.array(faults, np.int64).reshape(-1, 3)
        found = Faults(table[:, 0], table[:, 1], table[:, 2], np.zeros(len(table), np.int64))
        counted = Counter({REPEATED_UPDATE: merged} if merged else {})
        return Chunk(
            columns, np.array(lines, np.int64), np.array(offsets, np.int64), found, undecodable,
            done, counted,
        )  # fmt: skip


def text_column(texts: list[str | None]) -> tuple[pa.Array, np.ndarray | None]:
    """Make a column of texts; what is no text in Unicode becomes null and is marked."""
    try:
        return pa.array(texts, pa.string()), None
    except (UnicodeEncodeError, pa.ArrowInvalid):
        bad = np.array([text is not None and not _is_text(text) for text in texts])
        kept = [None if wrong else text for text, wrong in zip(texts, bad, strict=True)]
        return pa.array(kept, pa.string()), bad


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Updates:
    """Joins the updates of one event: later values count, earlier ones fill what they lack.

    Of an event that waits for its end only the cells that are read are held, and no long ones.
    """

    def __init__(self, profile: Profile, names: Iterable[str]):
        self._id = profile.latest
        self._end = profile.ended
        self._names = (*names, profile.latest, *profile.ended, *profile.only)
        self._open: dict[str, Document] = {}

    def add(self, documents: Iterable[Document]) -> tuple[list[Document], int]:
        ready, merged = [], 0
        for document in documents:
            flat = {} if document.fault else flatten(document.value)
            name = flat.get(self._id)
            if not name:
                ready.append(document)
                continue
            cells = {key: flat[key] for key in self._names if key in flat}
            short = {key: cell and cell[:_LONGEST_CELL] for key, cell in cells.items()}
            document = document._replace(value=short)
            earlier = self._open.pop(name, None)
            if earlier is not None:
                merged += 1
                value = overlay(earlier.value, document.value)
                document = Document(value, document.line, document.offset)
            if self._end and all(flat.get(key) == value for key, value in self._end.items()):
                ready.append(document)
                continue
            self._open[name] = document
            if len(self._open) > MAX_OPEN:
                ready.append(self._open.pop(next(iter(self._open))))
        return ready, merged

    def rest(self) -> list[Document]:
        return list(self._open.values())


def overlay(earlier: Any, later: Any) -> Any:
    """Lay a later record over an earlier one; what the later one leaves empty stays.

    Examples
    --------
    >>> overlay({"a": "1", "b": {"c": "2"}}, {"a": None, "b": {"c": "3"}})
    {'a': '1', 'b': {'c': '3'}}
    """
    if isinstance(earlier, dict) and isinstance(later, dict):
        return {
            key: overlay(earlier.get(key), later.get(key)) for key in {**earlier, **later}
        }
    return earlier if later in (None, "", [], {}) else later


def flatten(value: Any) -> dict[str, str | None]:
    """Lay a nested record flat: dotted names, texts; of lists the first few items.

    Examples
    --------
    >>> flatten({"a": {"b": "1"}, "c": [{"d": "2"}, "3"], "e": None, "f": True})
    {'a.b': '1', 'c.0.d': '2', 'c.1': '3', 'e': None, 'f': 'true'}
    """
    flat: dict[str, str | None] = {}
    _flatten(value, "", flat, _DEPTH)
    return flat


def _flatten(value: Any, path: str, flat: dict[str, str | None], depth: int) -> None:
    if depth == 0:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            # Text beside attributes belongs to the element itself.
            name = path if key == "#text" else f"{path}.{key}" if path else str(key)
            _flatten(item, name, flat, depth - 1)
    elif isinstance(value, list):
        for number, item in enumerate(value[:_LIST_ITEMS]):
            _flatten(item, f"{path}.{number}", flat, depth - 1)
    elif len(flat) < MAX_COLUMNS:
        if isinstance(value, bool):
            value = "true" if value else "false"
        flat[path] = None if value is None else str(value).strip()


def unfold(document: dict[str, Any], rows: str | None) -> list[dict[str, Any]]:
    """Give a record once for each item of a list in it; none where the list is empty.

    Examples
    --------
    >>> unfold({"a": "1", "b": [{"c": "2"}, {"c": "3"}]}, "b")
    [{'a': '1', 'b': {'c': '2'}}, {'a': '1', 'b': {'c': '3'}}]
    """
    if not rows:
        return [document]
    first, _, rest = rows.partition(".")
    inner = document.get(first)
    if rest:
        items = unfold(inner, rest) if isinstance(inner, dict) else []
    elif isinstance(inner, dict):
        items = [inner]
    else:
        # What is no record in the list becomes a row without a plate, and is counted so.
        items = inner if isinstance(inner, list) else []
    return [{**document, first: item} for item in items]


def unwrap_feature(document: dict[str, Any]) -> dict[str, Any]:
    """Turn a feature of GeoJSON into a plain record with lat and lon.

    Examples
    --------
    >>> unwrap_feature({"type": "Feature", "properties": {"plate": "A1"},
    ...                 "geometry": {"type": "Point", "coordinates": ["69.2", "41.3"]}})
    {'plate': 'A1', 'lon': '69.2', 'lat': '41.3'}
    """
    if document.get("type") != "Feature" or "geometry" not in document:
        return document
    properties = document.get("properties")
    row = dict(properties) if isinstance(properties, dict) else {}
    geometry = document["geometry"]
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        coordinates = geometry.get("coordinates")
        if isinstance(coordinates, list) and len(coordinates) >= 2:
            row["lon"], row["lat"] = coordinates[:2]
    # Every feature has the columns, whether or not it has a place.
    row.setdefault("lon", None)
    row.setdefault("lat", None)
    return row


def header_of(documents: Sequence[dict[str, Any]], rows: str | None = None) -> list[str]:
    """List the dotted names in some records, in the order of their appearance."""
    names: dict[str, None] = {}
    for document in documents:
        for row in unfold(document, rows)[:50]:
            for name in flatten(row):
                if name not in names and len(names) < MAX_COLUMNS:
                    names[name] = None
    return list(names)


def _rows_inside(place: Place, documents: Sequence[dict[str, Any]]) -> str | None:
    """Find the one list that holds the rows, where the records themselves hold no plate."""
    if _has_plate(header_of(documents)):
        return None
    lists: dict[str, None] = {}
    for document in documents:
        for path in _lists_of_records(document):
            lists[path] = None
    with_plates = [path for path in lists if _has_plate(header_of(documents, path))]
    found = with_plates or list(lists)
    if len(found) > 1 and with_plates:
        raise AmbiguousInputError(
            f"{place}: more than one list in the records holds plates; say which holds the rows "
            'in a mapping, for example --profile mapping.toml with the line rows = "results"'
        )
    return found[0] if len(found) == 1 else None


def _has_plate(names: Iterable[str]) -> bool:
    # What stands in a list belongs to its items and not to the record.
    return any(
        header_word(path[-1]) in _PLATE_WORDS and not any(part.isdecimal() for part in path)
        for path in (name.split(".") for name in names)
    )


def _lists_of_records(value: Any, path: str = "", depth: int = 4) -> Iterator[str]:
    if not isinstance(value, dict) or depth == 0:
        return
    for key, item in value.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(item, list) and item and all(isinstance(entry, dict) for entry in item):
            yield name
        else:
            yield from _lists_of_records(item, name, depth - 1)
