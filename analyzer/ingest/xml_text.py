"""XML: records found by what they hold, read by a parser that refuses entities and DTDs.

The parser is expat, which comes with Python. Document type declarations are refused before anything
in them is read, so there are no entities to expand or files to fetch. Several documents may follow
each other in one file, as event logs hold them. Namespaces are dropped: vendors change them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.parsers import expat

from analyzer.errors import InputError
from analyzer.ingest.documents import HEAD_DOCUMENTS, Document
from analyzer.ingest.encodings import TextBlocks, is_one_byte
from analyzer.ingest.header_words import DATE_WORDS, HEADER_WORDS, TIME_WORDS, header_word
from analyzer.ingest.records import CUT_OFF, MAX_RECORD, TOO_LONG
from analyzer.ingest.streams import ByteStream, Place

_BLOCK = 1 << 18
_MAX_DEPTH = 60
_MAX_TOKEN = 1 << 22
_MAX_CHILDREN = 20_000
_WRAP, _UNWRAP = b"<_>", b"</_>"
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}\?>")
_PLATES = frozenset(word for tier in HEADER_WORDS["plate"] for word in tier)
_TIMES = frozenset(w for tier in HEADER_WORDS["seen_at"] for w in tier) | DATE_WORDS | TIME_WORDS


class XmlReader:
    """Reads the records of an XML file.

    Parameters
    ----------
    place : Path or Member
        The file.
    head : bytes
        Its first bytes.
    encoding, bom : str, int
        As `detect_encoding` gives them.
    whole : bool
        Whether the head is the whole file.
    element : str or None
        Name of the element that is a record, where the user or the profile says it.
    known : iterable of str
        Elements of vendors, for a file whose only records are no sightings.
    """

    def __init__(
        self, place: Place, head: bytes, encoding: str, bom: int, *, whole: bool,
        block_bytes: int = _BLOCK, element: str | None = None, known: Iterable[str] = (),
    ):  # fmt: skip
        self.path = place
        self._encoding, self._bom = encoding, bom
        self._block_bytes = min(max(block_bytes, 64), _BLOCK)
        self._stream = ByteStream(place)
        tree = _Parse(self.path, None)
        one_byte = encoding if is_one_byte(encoding) else None
        data = head[bom:].decode(one_byte or encoding, "replace").encode()
        tree.feed(data, final=whole)
        self.element = element if element and tree.has(element) else tree.record_element()
        if self.element is None:
            self.element = next(filter(tree.has, known), None)
        if self.element is None:
            raise InputError(
                f"{place}: no element of the XML holds both a plate and a time; name the element "
                "that is one sighting, for example --table Passage, and its parts with --column"
            )
        parse = _Parse(self.path, self.element)
        parse.feed(data, final=whole)
        self._head = [d.value for d in parse.take() if d.value is not None][:HEAD_DOCUMENTS]
        if not self._head and whole:
            raise InputError(f"{place}: the XML breaks off before its first record ends")
        self.notes = [f"XML in {encoding}"]

    @property
    def sha256(self) -> str | None:
        """Hash of the file, once all was read."""
        return self._stream.sha256

    def head(self) -> list[dict[str, Any]]:
        """Give the first records."""
        return self._head

    def documents(self) -> Iterator[tuple[list[Document], int]]:
        """Yield the records, block by block."""
        blocks = TextBlocks(self._stream, self._encoding, self._bom)
        parse = _Parse(self.path, self.element)
        one_byte = is_one_byte(self._encoding)
        exact = self._encoding == "utf-8"
        for block, final in blocks.blocks(self._block_bytes):
            if one_byte:
                block = block.decode(self._encoding, "replace").encode()
            parse.feed(block, final=final)
            found = parse.take()
            # Offsets in transcoded text are not those of the file.
            yield (
                [d._replace(offset=d.offset + self._bom if exact else -1) for d in found],
                self._stream.done,
            )


class _Parse:
    """One pass of the parser over a file, restarted for each document in it."""

    def __init__(self, place: Place, element: str | None):
        self._place = place
        self._element = element
        self._parser = expat.ParserCreate(namespace_separator=None)
        parser = self._parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._path: list[str] = []
        self._stack: list[dict[str, Any]] = []
        self._texts: list[list[str]] = []
        self._outer: list[dict[str, str]] = []
        self._record_depth = 0
        self._begin = (0, 0)
        self._too_long = False
        self._children = 0
        self._ready: list[Document] = []
        self._fed = 0
        self._last_token = 0
        self._carry = b""
        self._line = 1
        self._leaves: list[tuple[tuple[int, ...], tuple[str, ...]]] = []
        self._numbers: list[int] = []
        self._count = 0
        self._parser.Parse(_WRAP, False)
        self._base = len(_WRAP)

    # Feeding

    def feed(self, data: bytes, *, final: bool) -> None:
        data = self._carry + data
        cut = len(data)
        if not final:
            # A declaration may be split between blocks.
            last = data.rfind(b"<", max(0, len(data) - 300))
            cut = last if last >= 0 else cut
        part, self._carry = data[:cut], data[cut:]
        # Later documents bring their own declarations; blanks keep the offsets.
        part = _DECLARATION.sub(lambda match: re.sub(rb"[^\n]", b" ", match.group()), part)
        try:
            self._parser.Parse(part, False)
        except expat.ExpatError as error:
            if b"<!" in part and re.search(rb"<!(DOCTYPE|ENTITY)", part, re.IGNORECASE):
                self._refuse()
            raise InputError(
                f"{self._place}: the XML is broken at line {error.lineno}; mend it there"
            ) from None
        if final:
            try:
                self._parser.Parse(_UNWRAP, True)
            except expat.ExpatError:
                # The closing tag of the wrapper does not fit: the file ended inside an element.
                if self._record_depth:
                    self._ready.append(Document(None, *self._begin, CUT_OFF))
        self._fed += len(part)
        if self._fed - self._last_token > _MAX_TOKEN:
            raise InputError(
                f"{self._place}: one tag or text of the XML is longer than "
                f"{_MAX_TOKEN >> 20} MB; that is no export of sightings"
            )

    def take(self) -> list[Document]:
        found, self._ready = self._ready, []
        return found

    # Handlers

    def _refuse(self, *_: object) -> None:
        raise InputError(
            f"{self._place}: the XML declares a document type or entities, which are never read; "
            "remove the <!DOCTYPE …> at its beginning"
        )

    def _where(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentByteIndex - self._base

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._last_token = self._fed
        name = name.rpartition(":")[2]
        if len(self._path) > _MAX_DEPTH:
            raise InputError(f"{self._place}: the XML is nested too deep")
        self._path.append(name)
        plain = {
            key.rpartition(":")[2]: value for key, value in attributes.items()
            if not key.startswith("xmlns") and not key.startswith("xsi:")
        }  # fmt: skip
        if self._element is None:
            self._count += 1
            self._numbers.append(self._count)
            for key in plain:
                self._leaves.append((tuple(self._numbers), (*self._path, key)))
            self._texts.append([])
            return
        if not self._record_depth:
            if name != self._element:
                self._outer.append({f"{name}.{key}": value for key, value in plain.items()})
                return
            self._record_depth = len(self._path)
            self._begin = self._where()
            self._too_long, self._children = False, 0
            self._stack, self._texts = [{}], [[]]
            for outer in self._outer:
                self._stack[0].update(outer)
            self._stack[0].update(plain)
            return
        if self._is_too_long():
            return
        self._children += 1
        self._stack.append(dict(plain))
        self._texts.append([])

    def _is_too_long(self) -> bool:
        if not self._too_long and (
            self._where()[1] - self._begin[1] > MAX_RECORD or self._children > _MAX_CHILDREN
        ):
            self._too_long = True
            self._stack, self._texts = [], []
        return self._too_long

    def _text(self, text: str) -> None:
        self._last_token = self._fed
        if self._element is None:
            if self._texts:
                self._texts[-1].append(text[:20])
        elif self._record_depth and not self._is_too_long():
            self._texts[-1].append(text)

    def _end(self, name: str) -> None:
        self._last_token = self._fed
        depth = len(self._path)
        name = self._path.pop()
        if self._element is None:
            if "".join(self._texts.pop()).strip():
                self._leaves.append((tuple(self._numbers), (*self._path, name)))
            self._numbers.pop()
            return
        if not self._record_depth:
            self._outer.pop()
            return
        if depth == self._record_depth:
            self._record_depth = 0
            line, offset = self._begin
            if self._is_too_long():
                self._ready.append(Document(None, line, offset, TOO_LONG))
            else:
                value = self._stack[0]
                text = "".join(self._texts[0]).strip()
                if text:
                    value["#text"] = text
                self._ready.append(Document(value, line, offset))
            return
        if self._too_long:
            return
        value, text = self._stack.pop(), "".join(self._texts.pop()).strip()
        child: Any = value
        if not value:
            child = text or None
        elif text:
            value["#text"] = text
        parent = self._stack[-1]
        if name not in parent:
            parent[name] = child
        elif isinstance(parent[name], list):
            parent[name].append(child)
        else:
            parent[name] = [parent[name], child]

    # What an element holds

    def has(self, element: str) -> bool:
        return any(element in names[:-1] or element == names[-1] for _, names in self._leaves)

    def record_element(self) -> str | None:
        """Find the innermost element that holds a plate and a time."""
        times: dict[int, int] = {}
        for numbers, names in self._leaves:
            if header_word(names[-1]) in _TIMES:
                for number in numbers:
                    times[number] = times.get(number, 0) + 1
        votes: dict[str, int] = {}
        for numbers, names in self._leaves:
            if header_word(names[-1]) not in _PLATES:
                continue
            for depth in range(len(numbers) - 1, -1, -1):
                # The wrapper is no element of the file.
                if depth > 0 and numbers[depth] in times and depth < len(names):
                    votes[names[depth]] = votes.get(names[depth], 0) + 1
                    break
        return max(votes, key=lambda name: votes[name]) if votes else None
