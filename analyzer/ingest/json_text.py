"""JSON text: arrays, objects with one list, and lines of objects.

One exact pass over the bytes finds where each record begins and ends, so that a record has its line
and offset and memory holds one block, whatever the size of the file. Only then is a record parsed,
alone, and a broken one is a counted fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numba
import numpy as np

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest.documents import HEAD_DOCUMENTS, Document
from analyzer.ingest.encodings import HeadBlocks, TextBlocks, is_one_byte
from analyzer.ingest.kinds import shown_names
from analyzer.ingest.records import CUT_OFF, MAX_RECORD, NOT_PARSED, NUL_BYTE, TOO_LONG
from analyzer.ingest.streams import ByteStream, Place

LINES, ITEMS = "JSON Lines", "JSON"
_MAX_DEPTH = 200
_HEAD_LINES = 50
_BLOCK = 1 << 20

(
    _DEPTH, _IN_STRING, _ESCAPED, _INSIDE, _ORDINAL, _LINE, _START, _START_LINE, _BROKEN,
) = range(9)  # fmt: skip


def parse_json(text: str) -> Any:
    """Parse JSON with numbers kept as they are written.

    Examples
    --------
    >>> parse_json('{"a": 1718987129.308396, "b": 1e3, "c": NaN}')
    {'a': '1718987129.308396', 'b': '1000', 'c': None}
    """
    return json.loads(text, parse_int=str, parse_float=_number, parse_constant=lambda _: None)


def _number(text: str) -> str:
    if len(text) < 40 and "e" in text.lower():
        value = float(text)
        return str(int(value)) if abs(value) < 1e18 and value == int(value) else repr(value)
    return text


def _record(text: str) -> dict[str, Any] | None:
    """Parse one record; None where it is not one object."""
    try:
        value = parse_json(text)
    except (ValueError, RecursionError, OverflowError):
        return None
    return value if isinstance(value, dict) else None


class JsonReader:
    """Reads the records of a JSON file.

    Parameters
    ----------
    place : Path or Member
        The file.
    head : str
        Its first characters.
    encoding, bom : str, int
        As `detect_encoding` gives them.
    whole : bool
        Whether the head is the whole file.
    table : str or None
        Name of the list that holds the rows, where there is more than one.
    """

    def __init__(
        self, place: Place, head: str, encoding: str, bom: int, *, whole: bool,
        block_bytes: int = _BLOCK, table: str | None = None,
    ):  # fmt: skip
        self.path = place
        self._encoding, self._bom = encoding, bom
        self._block_bytes = min(block_bytes, _BLOCK * 4)
        self._stream = ByteStream(place)
        self._named = table is not None
        self._outer: dict[str, Any] = {}
        self._depth = self._ordinal = 0
        text = head.lstrip()
        if text.startswith("{") and table is None and _are_lines(head, whole):
            self.mode = LINES
        else:
            self.mode = ITEMS
            self._find_list(text, whole, table)
        self._head = self._head_documents(head, whole)
        self.notes = [f"{self.mode} in {encoding}"]

    @property
    def sha256(self) -> str | None:
        """Hash of the file, once all was read."""
        return self._stream.sha256

    def head(self) -> list[dict[str, Any]]:
        """Give the first records."""
        return self._head

    def documents(self) -> Iterator[tuple[list[Document], int]]:
        """Yield the records, block by block."""
        text = TextBlocks(self._stream, self._encoding, self._bom)
        read = self._lines if self.mode == LINES else self._items
        for documents in read(text, self._block_bytes):
            yield documents, self._stream.done

    # Where the rows stand

    def _find_list(self, text: str, whole: bool, table: str | None) -> None:
        if text.startswith("["):
            self._depth, self._ordinal = 1, 1
            return
        if not whole or table is not None or _record(text) is not None:
            lists = list(_lists(text))
            if table is not None:
                lists = [found for found in lists if table in (found[0], found[0].split(".")[-1])]
                if not lists:
                    raise InputError(f"{self.path}: there is no list of records of that name")
            elif whole:
                # A small file is read as one record: what stands beside the list belongs to it.
                value = _record(text)
                if len(lists) != 1 or (any(
                    not isinstance(item, dict | list) for item in value.values()
                ) and value.get("type") != "FeatureCollection"):
                    return
            if len(lists) > 1:
                names = shown_names([name for name, *_ in lists])
                raise AmbiguousInputError(
                    f"{self.path}: holds more than one list of records ({names}); "
                    "say which holds the sightings, for example --table reads"
                )
            if lists:
                _, self._depth, self._ordinal, start, closers = lists[0]
                # What stands behind the list of a large file is not known before its rows.
                self._outer = _scalars(_record(text) if whole else _record(text[:start] + closers))
        self._refuse_projection()

    def _refuse_projection(self) -> None:
        crs = str(self._outer.get("crs", ""))
        if crs and not re.search(r"CRS84|4326", crs):
            raise InputError(
                f"{self.path}: positions are not in degrees; reproject the file to EPSG:4326"
            )

    def _head_documents(self, head: str, whole: bool) -> list[dict[str, Any]]:
        if self.mode == LINES:
            lines = head.split("\n")
            found = [_record(line) for line in (lines if whole else lines[:-1])[:HEAD_DOCUMENTS]]
        else:
            # The head is read by the same pass as the file, so both see the same records.
            blocks = HeadBlocks(head.encode("utf-8", "replace"), whole)
            found = []
            for documents in self._items(blocks, len(head)):
                found.extend(document.value for document in documents)
                if len(found) >= HEAD_DOCUMENTS:
                    break
        return [value for value in found[:HEAD_DOCUMENTS] if value is not None]

    # The two layouts

    def _lines(self, text: TextBlocks, size: int) -> Iterator[list[Document]]:
        carry, line, skipping = b"", 1, False
        for block, final in text.blocks(size):
            data = carry + block
            found: list[Document] = []
            position = 0
            starts, places = [], []
            while position < len(data):
                end = data.find(b"\n", position)
                if end < 0:
                    if not final:
                        break
                    end = len(data)
                raw = data[position:end]
                if skipping:
                    skipping = False
                elif len(raw) > MAX_RECORD:
                    found.append(Document(None, line, 0, TOO_LONG))
                    starts.append(position)
                elif raw.strip():
                    last = final and end == len(data)
                    found.append(self._parse(raw, line, CUT_OFF if last else NOT_PARSED))
                    starts.append(position)
                position, line = end + 1, line + 1
            places = text.offsets(data, np.array(starts, np.int64))
            yield [d._replace(offset=int(at)) for d, at in zip(found, places, strict=True)]
            position = min(position, len(data))
            carry = data[position:]
            if len(carry) > MAX_RECORD:
                if not skipping:
                    at = int(text.offsets(data, np.array([position]))[0])
                    yield [Document(None, line, at, TOO_LONG)]
                skipping, position, carry = True, len(data), b""
            text.advance(data, position)

    def _items(self, text: TextBlocks, size: int) -> Iterator[list[Document]]:
        state = np.zeros(9, np.int64)
        state[_LINE], state[_START] = 1, -1
        carry = b""
        for block, final in text.blocks(size):
            data = carry + block
            buffer = np.frombuffer(data, np.uint8)
            room = len(block) // 2 + 2
            table = np.empty((4, room), np.int64)
            count = _scan(buffer, len(carry), state, self._depth, table)
            self._check(state)
            places = text.offsets(data, table[0, :count].copy())
            found = []
            for (start, end, line, ordinal), at in zip(table[:, :count].T, places, strict=True):
                if self._depth and ordinal != self._ordinal:
                    self._refuse_second_list(data[start:end], ordinal)
                    continue
                if start < 0:
                    # Given up as too long, and counted, in an earlier block.
                    continue
                if end - start > MAX_RECORD:
                    found.append(Document(None, int(line), int(at), TOO_LONG))
                    continue
                document = self._parse(data[start:end], int(line), NOT_PARSED)
                if document.value is not None and self._outer:
                    document = document._replace(value={**self._outer, **document.value})
                found.append(document._replace(offset=int(at)))
            yield found
            start = int(state[_START])
            keep = start if start >= 0 else len(data)
            unfinished = start >= 0 and len(data) - start
            at = int(text.offsets(data, np.array([keep]))[0]) if unfinished else 0
            if unfinished and unfinished > MAX_RECORD:
                if final:
                    raise self._broken(int(state[_START_LINE]))
                yield [Document(None, int(state[_START_LINE]), at, TOO_LONG)]
                state[_START], keep = -2, len(data)
            elif unfinished and final:
                yield [Document(None, int(state[_START_LINE]), at, CUT_OFF)]
            elif final and start == -2:
                raise self._broken(int(state[_START_LINE]))
            text.advance(data, keep)
            carry = data[keep:]
            if state[_START] >= 0:
                state[_START] = 0

    # Faults

    def _parse(self, raw: bytes, line: int, fault: int) -> Document:
        if b"\0" in raw:
            return Document(None, line, 0, NUL_BYTE)
        text = self._decode(raw)
        value = None if text is None else _record(text.strip())
        return Document(value, line, 0, fault if value is None else 0)

    def _decode(self, raw: bytes) -> str | None:
        one_byte = is_one_byte(self._encoding)
        try:
            return raw.decode(self._encoding if one_byte else "utf-8")
        except UnicodeDecodeError:
            return None

    def _check(self, state: np.ndarray) -> None:
        if state[_BROKEN]:
            raise self._broken(int(state[_BROKEN]))

    def _broken(self, line: int) -> InputError:
        return InputError(
            f"{self.path}: the JSON is broken from line {line} on, so its records cannot be told "
            "apart; mend it, or export it as JSON Lines (one object a line)"
        )

    def _refuse_second_list(self, raw: bytes, ordinal: int) -> None:
        if ordinal > self._ordinal and not self._named and raw.lstrip()[:1] == b"{":
            raise AmbiguousInputError(
                f"{self.path}: holds more than one list of records; say which holds the "
                "sightings, for example --table reads"
            )


def _are_lines(head: str, whole: bool) -> bool:
    """Say whether each line is an object of its own."""
    lines = head.split("\n")
    lines = [line for line in (lines if whole else lines[:-1]) if line.strip()][:_HEAD_LINES]
    good = sum(_record(line) is not None for line in lines)
    return len(lines) > 1 and good > 0 and 2 * good >= len(lines)


def _scalars(value: dict[str, Any] | None) -> dict[str, Any]:
    return {
        key: item for key, item in (value or {}).items()
        if not isinstance(item, list) and key != "type"
    }  # fmt: skip


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]')


def _lists(text: str) -> Iterator[tuple[str, int, int, int, str]]:
    """Find the lists of objects that do not lie in another list, in the first characters.

    Yields the dotted name, the depth, the how-manieth list of that depth it is, where it begins
    behind its bracket, and what would close the text there.
    """
    path: list[str] = []
    stack: list[str] = []
    ordinals: dict[int, int] = {}
    key, opened, previous = "", -1, ""
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == ":":
            key = previous
        elif token in "{[":
            if token == "{" and opened >= 0 and "[" not in stack[:-1] and stack[-1:] == ["["]:
                closers = "".join("]" if c == "[" else "}" for c in reversed(stack))
                name = ".".join(part for part in path if part)
                yield name, len(stack), ordinals[len(stack)], opened, closers
            opened = -1
            stack.append(token)
            path.append(key)
            key = ""
            if token == "[":
                ordinals[len(stack)] = ordinals.get(len(stack), 0) + 1
                opened = match.end()
        elif token in "}]":
            opened = -1
            if stack:
                stack.pop()
                path.pop()
        else:
            opened = -1
        previous = token[1:-1] if token[0] == '"' else ""


@numba.njit(cache=True, nogil=True)
def _scan(data, begin, state, base, table):
    """Find the items of the lists at a depth (0: the values of the file itself)."""
    depth, in_string, escaped = state[0], state[1], state[2]
    inside, ordinal, line, start, start_line = state[3], state[4], state[5], state[6], state[7]
    count = 0
    for i in range(begin, len(data)):
        c = data[i]
        if c == 10:
            line += 1
        if in_string:
            if escaped:
                escaped = 0
            elif c == 92:
                escaped = 1
            elif c == 34:
                in_string = 0
            elif c == 10:
                # No text of JSON holds a line end: a quote is missing, nothing after it is sure.
                state[8] = line
                return count
            continue
        if c == 32 or c == 9 or c == 10 or c == 13:
            continue
        emit_to = -1
        if c == 123 or c == 91:
            depth += 1
            if depth > _MAX_DEPTH:
                state[8] = line
                return count
            if base > 0 and c == 91 and depth == base:
                inside, start = 1, -1
                ordinal += 1
                continue
        elif c == 125 or c == 93:
            depth -= 1
            if depth < 0:
                state[8] = line
                return count
            if base > 0 and depth == base - 1 and inside:
                emit_to, inside = i, 0
            elif base == 0 and depth == 0:
                emit_to = i + 1
        elif c == 44 and depth == base and (inside or base == 0):
            emit_to = i
        if emit_to >= 0:
            if start != -1:
                table[0, count], table[1, count] = start, emit_to
                table[2, count], table[3, count] = start_line, ordinal
                count += 1
                start = -1
            continue
        if start == -1 and (inside or base == 0):
            start, start_line = i, line
        if c == 34:
            in_string = 1
    state[0], state[1], state[2], state[3] = depth, in_string, escaped, inside
    state[4], state[5], state[6], state[7] = ordinal, line, start, start_line
    return count
