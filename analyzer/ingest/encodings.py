"""Encodings of text files: found out by the first bytes, undone block by block, offsets kept.

A byte-order mark settles the encoding; without one UTF-16 shows in its zero bytes, UTF-8 in being
valid, and of the one-byte encodings Cyrillic (cp1251) shows in runs of high bytes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import numpy as np

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


def detect_encoding(head: bytes) -> tuple[str, int]:
    r"""Find the encoding of a text by its first bytes.

    Returns
    -------
    encoding : str
        ``utf-8``, ``utf-16-le``, ``utf-16-be``, ``cp1251`` or ``cp1252``.
    bom : int
        Length of the byte-order mark.

    Examples
    --------
    >>> detect_encoding("номер;камера".encode("cp1251")), detect_encoding(b"plate;caf\xe9 2")
    (('cp1251', 0), ('cp1252', 0))
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return encoding, len(mark)
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
        # Cyrillic words are runs of high bytes; in western text accented letters stand alone.
        runs = re.findall(rb"[\xc0-\xff\xa8\xb8]+", head)
        high = sum(map(len, runs))
        return ("cp1251" if runs and high >= 2 * len(runs) else "cp1252"), 0


def declared_encoding(head: bytes) -> str | None:
    """Give the encoding that an XML declaration names, where it is one that is read.

    Examples
    --------
    >>> declared_encoding(b'<?xml version="1.0" encoding="windows-1251"?><a/>')
    'cp1251'
    """
    match = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})", head[:400])
    return _XML_ENCODINGS.get(match.group(1).decode().lower()) if match else None


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
    odd = sum(1 for c in text if ord(c) < 32 and c not in "\t\r\n\f") + text.count("\ufffd")
    return text, not (odd > 8 and odd * 20 > len(text))


class TextBlocks:
    """Blocks of a text file as UTF-8 (or a one-byte encoding as it stands), with file offsets."""

    def __init__(self, stream: ByteStream, encoding: str, bom: int, returns_only: bool = False):
        self._stream = stream
        self._wide = encoding.startswith("utf-16")
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if self._wide else None
        self._bom = bom
        self._returns_only = returns_only
        self._base = bom

    def blocks(self, size: int) -> Iterator[tuple[bytes, bool]]:
        """Yield blocks, and whether each is the last."""
        last: bytes | None = None
        skip = self._bom
        for block in self._stream.blocks(max(size, 16)):
            block, skip = block[skip:], 0
            if self._decoder is not None:
                block = self._decoder.decode(block).encode()
            if self._returns_only:
                block = block.replace(b"\r", b"\n")
            if last is not None:
                yield last, False
            last = block
        yield last or b"", True

    def offsets(self, data: bytes, positions: np.ndarray) -> np.ndarray:
        """Turn positions in the current block into byte offsets in the (unpacked) file."""
        if not self._wide or not len(positions):
            return positions + self._base
        return 2 * _units_before(np.frombuffer(data, np.uint8))[positions] + self._base

    def advance(self, data: bytes, count: int) -> None:
        """Tell that so many bytes of the data lie behind."""
        if self._wide:
            self._base += 2 * int(_units_before(np.frombuffer(data, np.uint8, count))[-1])
        else:
            self._base += count


def _units_before(data: np.ndarray) -> np.ndarray:
    """Count the UTF-16 units of the characters that begin before each byte of UTF-8."""
    units = ((data & 0xC0) != 0x80).astype(np.int64) + (data >= 0xF0)
    return np.concatenate([[0], np.cumsum(units)])
