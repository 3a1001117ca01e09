"""Encodings of text files: found out by the first bytes, undone block by block, offsets kept.

A byte-order mark settles the encoding; without one UTF-16 shows in its zero bytes, UTF-8 in more
characters that are valid than bytes that are not, and of the one-byte encodings Cyrillic (cp1251)
shows in words of high bytes only. Where words speak for both, the user is asked; what is not
detected at all can be given.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import numpy as np

from analyzer.errors import AmbiguousInputError, InputError, UsageError
from analyzer.ingest.streams import ByteStream

_XML_ENCODINGS = {
    "utf-8": "utf-8",
    "us-ascii": "utf-8",
    "windows-1251": "cp1251",
    "cp1251": "cp1251",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    # Browsers and exporters alike mean the Windows superset.
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
}


ONE_BYTE = (
    "cp1251", "cp1252", "cp1250", "cp1254", "koi8-r", "koi8-u", "iso-8859-5", "iso-8859-1", "cp866",
)  # fmt: skip
WIDE = ("utf-16-le", "utf-16-be", "utf-16", "gb18030", "gbk")
ENCODINGS = ("utf-8", *WIDE, *ONE_BYTE)
"""What the user may say a text is in; of these only UTF-8, UTF-16 and cp1251/1252 are detected."""

_ALIASES = {"windows-1251": "cp1251", "windows-1252": "cp1252", "latin-1": "iso-8859-1",
            "utf8": "utf-8", "utf-8-sig": "utf-8", "gb2312": "gb18030"}  # fmt: skip
_MARKS = {
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"
}  # fmt: skip

_TOKEN = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
_HIGH = re.compile(rb"[\x80-\xff]+")
_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_CYRILLIC_LIKE_LATIN = frozenset("АВЕКМНОРСТУХ".encode("cp1251"))
_CYRILLIC = frozenset(range(0xC0, 0x100)) | frozenset("ЁёЎў".encode("cp1251"))
_ZEROS = re.compile("\0{16,}")
_SURE = 4
"""So many times more words must speak for an encoding than for the other."""


def check_encoding(name: str | None) -> str | None:
    """Bring the name of an encoding to the form used here.

    Raises
    ------
    UsageError
        If it is none that is read.

    Examples
    --------
    >>> check_encoding("Windows-1251")
    'cp1251'
    """
    if name is None:
        return None
    plain = name.strip().lower().replace("_", "-")
    plain = _ALIASES.get(plain, plain)
    if plain not in ENCODINGS:
        raise UsageError(f"encoding {name!r} is not read; known are {', '.join(ENCODINGS)}")
    return plain


def is_one_byte(encoding: str) -> bool:
    """Say whether each character of an encoding is one byte."""
    return encoding in ONE_BYTE


def detect_encoding(head: bytes, given: str | None = None) -> tuple[str, int]:
    r"""Find the encoding of a text by its first bytes.

    Parameters
    ----------
    head : bytes
        The beginning of the text.
    given : str, optional
        What the user says; only a byte-order mark is then looked for.

    Returns
    -------
    encoding : str
        ``utf-8``, ``utf-16-le``, ``utf-16-be``, ``cp1251``, ``cp1252``, or the one that was given.
    bom : int
        Length of the byte-order mark.

    Raises
    ------
    AmbiguousInputError
        If the text may be Cyrillic or western as well.

    Examples
    --------
    >>> detect_encoding("номер;камера".encode("cp1251")), detect_encoding(b"plate;caf\xe9 2")
    (('cp1251', 0), ('cp1252', 0))
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark) and (given or encoding)[:6] == encoding[:6]:
            return encoding, len(mark)
    if given is not None:
        return ("utf-16-le" if given == "utf-16" else given), 0
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le", 0
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be", 0
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
        return "utf-8", 0
    except UnicodeDecodeError:
        # Some broken bytes among characters that are UTF-8 are faults of their rows.
        rest, characters = _SEQUENCE.subn(b" ", head)
        broken = sum(byte > 0x7F for byte in rest)
        return ("utf-8" if characters > broken else _one_byte_encoding(head)), 0


def _one_byte_encoding(head: bytes) -> str:
    """Tell Cyrillic words, all of high bytes, from western ones, with few among other letters.

    Plates may mix both: a high byte beside digits that is one of the twelve Cyrillic letters which
    look Latin speaks for Cyrillic.
    """
    cyrillic = western = 0
    for token in set(_TOKEN.findall(head)):
        high = b"".join(_HIGH.findall(token))
        if not high:
            continue
        letters = sum(byte > 0x7F or chr(byte).isalpha() for byte in token)
        in_plate = len(token) > letters and set(high) <= _CYRILLIC_LIKE_LATIN
        if in_plate or (letters == len(high) > 1 and set(high) <= _CYRILLIC):
            cyrillic += 1
        elif letters > len(high):
            western += 1
    if cyrillic > _SURE * western:
        return "cp1251"
    if western > _SURE * cyrillic or not cyrillic:
        return "cp1252"
    raise AmbiguousInputError(
        "the text is not in UTF-8, and of its words some look Cyrillic (cp1251) and some western "
        "(cp1252); say which it is: --encoding cp1251 or --encoding cp1252"
    )


def declared_encoding(head: bytes) -> str | None:
    """Give the encoding that an XML declaration names, where it is one that is read.

    Examples
    --------
    >>> declared_encoding(b'<?xml version="1.0" encoding="windows-1251"?><a/>')
    'cp1251'
    """
    match = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})", head[:400])
    return _XML_ENCODINGS.get(match.group(1).decode().lower()) if match else None


LEAST_BLOCK = 16
"""Bytes of the smallest block: a mark of the encoding and a character or two."""

_TORN_LINE_END = re.compile("[\u0a00\u0a04]")
"""No characters; line ends become them when a byte of UTF-16 is missing."""


def read_head(stream: ByteStream, size: int) -> bytes:
    """Read the first bytes of a stream."""
    blocks = stream.blocks(size)
    try:
        for block in blocks:
            return block
    finally:
        blocks.close()
    return b""


def head_text(head: bytes, encoding: str, bom: int) -> tuple[str, bool]:
    """Decode a head; also say whether it is text at all.

    A few stray bytes are faults of rows; a twentieth of them is no text.
    """
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head[bom:])
    # A log that lost its power holds runs of zeros: they are faults of their rows.
    shown = _ZEROS.sub("", text)
    odd = sum(1 for c in shown if ord(c) < 32 and c not in "\t\r\n\f") + shown.count("\ufffd")
    return text, bool(shown) and not (odd > 8 and odd * 20 > len(shown))


class TextBlocks:
    """Blocks of a text file as UTF-8 (or a one-byte encoding as it stands), with file offsets."""

    def __init__(self, stream: ByteStream, encoding: str, bom: int, returns_only: bool = False):
        self._stream = stream
        self._encoding = encoding
        self._wide = encoding in WIDE
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if self._wide else None
        self._bom = bom
        self._returns_only = returns_only
        self.base = bom

    def blocks(self, size: int) -> Iterator[tuple[bytes, bool]]:
        """Yield blocks, and whether each is the last.

        Raises
        ------
        InputError
            If bytes of UTF-16 are missing, so that all that follows is rubbish.
        """
        last: bytes | None = None
        skip = self._bom
        for block in self._stream.blocks(max(size, LEAST_BLOCK)):
            block, skip = block[skip:], 0
            if self._decoder is not None:
                text = self._decoder.decode(block)
                if self._encoding.startswith("utf-16") and _TORN_LINE_END.search(text):
                    raise InputError(
                        f"{self._stream.path}: the UTF-16 text is damaged: bytes are missing or "
                        "too many, and from there on it is rubbish; get the file again, or cut it "
                        "before the damage"
                    )
                block = text.encode()
            if self._returns_only:
                block = block.replace(b"\r", b"\n")
            if last is not None:
                yield last, False
            last = block
        yield last or b"", True

    @property
    def is_as_it_lies(self) -> bool:
        """Whether the blocks are the bytes of the file as they lie there."""
        return not self._wide and not self._returns_only

    def start_at(self, offset: int) -> None:
        """Tell that what comes begins at a place in the file, and not at its begin."""
        self.base = offset

    def offsets(self, data: bytes, positions: np.ndarray) -> np.ndarray:
        """Turn positions in the current block into byte offsets in the (unpacked) file."""
        if not self._wide or not len(positions):
            return positions + self.base
        return self._bytes_before(data)[positions] + self.base

    def advance(self, data: bytes, count: int) -> None:
        """Tell that so many bytes of the data lie behind."""
        self.base += int(self._bytes_before(data[:count])[-1]) if self._wide else count

    def _bytes_before(self, data: bytes) -> np.ndarray:
        """Count the bytes, in the file, of the characters that begin before each byte of UTF-8."""
        array = np.frombuffer(data, np.uint8)
        begins = (array & 0xC0) != 0x80
        widths = np.zeros(len(array), np.int64)
        if self._encoding.startswith("utf-16"):
            widths[begins] = 2
            widths[array >= 0xF0] = 4
        else:
            codes = np.frombuffer(data.decode("utf-8", "replace").encode("utf-32-le"), np.uint32)
            distinct, rows = np.unique(codes, return_inverse=True)
            each = [len(chr(code).encode(self._encoding, "replace")) for code in distinct.tolist()]
            widths[begins] = np.array(each, np.int64)[rows]
        return np.concatenate([[0], np.cumsum(widths)])


class HeadBlocks:
    """A head in memory that reads like the blocks of a file, in UTF-8."""

    def __init__(self, data: bytes, whole: bool):
        self._data, self._whole = data, whole

    def blocks(self, size: int) -> Iterator[tuple[bytes, bool]]:
        """Yield the head as one block, and whether it is the whole file."""
        yield self._data, self._whole

    def offsets(self, data: bytes, positions: np.ndarray) -> np.ndarray:
        """Give the positions as they are."""
        return positions

    def advance(self, data: bytes, count: int) -> None:
        """Do nothing: there is one block."""
