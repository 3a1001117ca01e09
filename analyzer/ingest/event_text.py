"""Event logs of devices: ``Code=…;action=…;data={…}``, or one ``key=value`` a line.

Devices send events one after the other, parted by the borders of a multipart message; a saved
stream is such a text. An event becomes a document whatever its form: ``Code`` and ``Action`` at the
top, all else below ``Data``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from analyzer.ingest.documents import HEAD_DOCUMENTS, Document
from analyzer.ingest.encodings import HeadBlocks, TextBlocks, is_one_byte
from analyzer.ingest.json_text import parse_json
from analyzer.ingest.records import CUT_OFF, MAX_RECORD, NOT_PARSED, TOO_LONG
from analyzer.ingest.streams import ByteStream, Place

_BLOCK = 1 << 22
_START = re.compile(r"(?m)^Code=\w+;action=")
_STARTS = re.compile(rb"(?m)^Code=\w+;")
_FIELD = re.compile(r"(\w+)=([^;{]*)(?:;|$)")
_KEY_LINE = re.compile(r"(?m)^(?:Events\[\d+\]\.|(?:Data\.)?TrafficCar\.)[\w.\[\]]+=")
_LINE = re.compile(r"(?:Events\[(\d+)\]\.)?([A-Za-z_][\w.\[\]]*)=(.*)")
_TRANSPORT = re.compile(r"--|Content-|HTTP/|Heartbeat", re.IGNORECASE)
_EVENT_HEAD = {"Code": "Code", "EventBaseInfo.Code": "Code",
               "Action": "Action", "EventBaseInfo.Action": "Action"}  # fmt: skip
_MOST_KEYS = 5_000


def is_event_log(head: str) -> bool:
    r"""Say whether a text is a log of events.

    Examples
    --------
    >>> is_event_log("--b\nEvents[0].TrafficCar.PlateNumber=01A123BC"), is_event_log("a=b")
    (True, False)
    """
    return bool(_START.search(head) or _KEY_LINE.search(head))


class EventReader:
    """Reads the events of a device's log.

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
    """

    def __init__(
        self, place: Place, head: str, encoding: str, bom: int, *, whole: bool,
        block_bytes: int = _BLOCK,
    ):  # fmt: skip
        self.path = place
        self._encoding, self._bom = encoding, bom
        self._block_bytes = min(block_bytes, _BLOCK)
        self._stream = ByteStream(place)
        self._read: Callable[[TextBlocks, int], Iterator[list[Document]]]
        self._read = self._with_json if _START.search(head) else self._by_lines
        form = "JSON" if _START.search(head) else "keys and values"
        self.notes = [f"events with {form} in {encoding}"]
        # The head is read by the same pass as the file, so both see the same events.
        self._encoding, said = "utf-8", encoding
        self._head: list[dict[str, Any]] = []
        for documents in self._read(HeadBlocks(head.encode("utf-8", "replace"), whole), len(head)):
            self._head.extend(d.value for d in documents if d.value is not None)
            if len(self._head) >= HEAD_DOCUMENTS:
                break
        self._encoding = said

    @property
    def sha256(self) -> str | None:
        """Hash of the file, once all was read."""
        return self._stream.sha256

    def head(self) -> list[dict[str, Any]]:
        """Give the first events."""
        return self._head[:HEAD_DOCUMENTS]

    def documents(self) -> Iterator[tuple[list[Document], int]]:
        """Yield the events, block by block."""
        text = TextBlocks(self._stream, self._encoding, self._bom)
        for documents in self._read(text, self._block_bytes):
            yield documents, self._stream.done

    def _decode(self, raw: bytes) -> str | None:
        try:
            return raw.decode(self._encoding if is_one_byte(self._encoding) else "utf-8")
        except UnicodeDecodeError:
            return None

    # Code=…;action=…;data={…}

    def _with_json(self, text: TextBlocks, size: int) -> Iterator[list[Document]]:
        carry, line = b"", 1
        for block, final in text.blocks(size):
            data = carry + block
            starts = [match.start() for match in _STARTS.finditer(data)]
            bounds = [*starts, len(data)]
            whole = len(starts) if final else len(starts) - 1
            places = text.offsets(data, np.array(starts, np.int64))
            found, position = [], 0
            for number in range(max(whole, 0)):
                start, end = bounds[number], bounds[number + 1]
                line += data.count(b"\n", position, start)
                position = start
                last = final and number == len(starts) - 1
                document = self._event(data[start:end], line, last)
                found.append(document._replace(offset=int(places[number])))
            yield found
            keep = bounds[max(whole, 0)] if starts else max(len(data) - 64, 0)
            if len(data) - keep > MAX_RECORD:
                at = int(text.offsets(data, np.array([keep]))[0])
                yield [Document(None, line + data.count(b"\n", position, keep), at, TOO_LONG)]
                line += data.count(b"\n", position)
                position = keep = len(data)
            line += data.count(b"\n", position, keep)
            text.advance(data, keep)
            carry = data[keep:]

    def _event(self, raw: bytes, line: int, last: bool) -> Document:
        if len(raw) > MAX_RECORD:
            return Document(None, line, 0, TOO_LONG)
        text = self._decode(raw)
        if text is None:
            return Document(None, line, 0, NOT_PARSED)
        head, _, body = text.partition("data=")
        value: dict[str, Any] = {
            name.capitalize(): cell.strip() for name, cell in _FIELD.findall(head)
        }
        if body:
            body = body.lstrip()
            try:
                # What follows the braces belongs to the transport and not to the event.
                _, end = json.JSONDecoder().raw_decode(body)
                value["Data"] = parse_json(body[:end])
            except (ValueError, RecursionError):
                return Document(None, line, 0, CUT_OFF if last else NOT_PARSED)
        return Document(value, line, 0)

    # Events[0].TrafficCar.PlateNumber=…

    def _by_lines(self, text: TextBlocks, size: int) -> Iterator[list[Document]]:
        """Read an event from its lines; it ends where a border stands or a key comes again."""
        carry, line, skipping = b"", 1, False
        open_event = _OpenEvent()
        for block, final in text.blocks(size):
            data = carry + block
            found: list[Document] = []
            position = 0
            while position < len(data):
                end = data.find(b"\n", position)
                if end < 0:
                    if not final and len(data) - position <= MAX_RECORD:
                        break
                    end = len(data)
                raw = data[position:end]
                at = int(text.offsets(data, np.array([position]))[0])
                if skipping or len(raw) > MAX_RECORD:
                    if not skipping:
                        found.append(Document(None, line, at, TOO_LONG))
                    skipping = end == len(data)
                else:
                    found += self._line(raw, line, at, open_event)
                position, line = end + 1, line + 1
            text.advance(data, min(position, len(data)))
            carry = data[position:]
            if final:
                found += open_event.end()
            yield found

    def _line(self, raw: bytes, line: int, at: int, event: _OpenEvent) -> list[Document]:
        content = self._decode(raw)
        content = None if content is None else content.strip()
        if content == "":
            return []
        match = None if content is None else _LINE.fullmatch(content)
        if match is None:
            ended = event.end()
            if content is not None and _TRANSPORT.match(content):
                return ended
            return [*ended, Document(None, line, at, NOT_PARSED)]
        number, key, cell = match.groups()
        ended = event.end() if event.is_another(number, key) else []
        event.add(number, key, cell.strip(), line, at)
        return ended


class _OpenEvent:
    """The event whose lines are being read."""

    def __init__(self):
        self._cells: dict[str, str] = {}
        self._number: str | None = None
        self._line = self._offset = 0

    def is_another(self, number: str | None, key: str) -> bool:
        return bool(self._cells) and (
            number != self._number or key in self._cells or len(self._cells) >= _MOST_KEYS
        )

    def add(self, number: str | None, key: str, cell: str, line: int, offset: int) -> None:
        if not self._cells:
            self._number, self._line, self._offset = number, line, offset
        self._cells[key] = cell

    def end(self) -> list[Document]:
        if not self._cells:
            return []
        value: dict[str, Any] = {}
        data: dict[str, Any] = {}
        for key, cell in self._cells.items():
            name = key.removeprefix("Data.")
            if name in _EVENT_HEAD:
                value[_EVENT_HEAD[name]] = cell
                continue
            inner = data
            *path, last = re.sub(r"\[(\d+)\]", r".\1", name).split(".")
            for part in path:
                below = inner.setdefault(part, {})
                inner = below if isinstance(below, dict) else {}
            inner[last] = cell
        if "TrafficCar" in data:
            # Some devices leave the code to the address that was asked.
            value.setdefault("Code", "TrafficJunction")
        self._cells = {}
        return [Document({**value, "Data": data}, self._line, self._offset)]
