"""Streams of bytes: a file read block by block, unpacked and hashed on the way.

The next block is read, unpacked and hashed in a thread of its own while the last one is parsed.
Memory holds two blocks, whatever the size of the file. What expands far beyond what was packed is
refused, so that an archive cannot fill memory or time.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from analyzer.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
PACKED = {
    GZIP_MAGIC: "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
}
MAX_RATIO = 200
"""Largest growth in unpacking; text of sightings grows about tenfold, bombs a thousandfold."""
FREE_BYTES = 1 << 26
"""What may come out whatever the ratio."""
_LZMA_MEMORY = 1 << 28
_HASH_BLOCK = 1 << 22
_MAGIC_BYTES = 16


@dataclass(frozen=True)
class Member:
    """One file inside a zip archive.

    Attributes
    ----------
    archive : pathlib.Path
        The archive.
    number : int
        Number of the member among those that are read, from 1.
    entry : str
        Its name in the archive; never shown, because it may hold a plate.
    packed, unpacked : int
        Sizes in bytes, as the archive says.
    """

    archive: Path
    number: int
    entry: str
    packed: int
    unpacked: int

    @property
    def name(self) -> str:
        """What the member is called in messages and provenance."""
        return f"{self.archive.name}, member {self.number}"

    def __str__(self) -> str:
        return f"{self.archive}, member {self.number}"


Place = Path | Member
"""Where bytes lie: a file, or a member of an archive."""


def size_of(place: Place) -> int:
    """Give the size of what lies there, as it lies there, in bytes."""
    return place.unpacked if isinstance(place, Member) else place.stat().st_size


class HashedFile:
    """A file that hashes what is read from it; what unpacks reads through it."""

    closed = False

    def __init__(self, place: Place):
        self._archive: zipfile.ZipFile | None = None
        if isinstance(place, Member):
            self._archive = zipfile.ZipFile(open_file(place.archive))
            self._file: Any = self._archive.open(place.entry)
        else:
            self._file = open_file(place)
        self._digest = hashlib.sha256()
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        data = self._file.read(size)
        self._digest.update(data)
        self._read += len(data)
        return data

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def flush(self) -> None:
        """Do nothing: it is only read."""

    def tell(self) -> int:
        """Say how many bytes of the file were read."""
        return self._read

    def finish(self) -> str:
        """Read what is left and give the SHA-256 of the whole file."""
        while self.read(_HASH_BLOCK):
            pass
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._archive is not None:
            file = self._archive.fp
            self._archive.close()
            if file is not None:
                file.close()


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading, or say why that cannot be done.

    Raises
    ------
    InputError
        If the file is missing, is a folder, or may not be read.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            # A pipe or a device may never end.
            raise InputError(f"{path}: not a regular file")
        return open(path, "rb")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(
            f"{path} is a folder and not a store; name the files in it, for example '{path}/*.csv'"
        ) from None
    except PermissionError:
        raise InputError(f"{path}: you may not read this file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def hash_file(place: Place) -> str:
    """Give the SHA-256 of a file."""
    try:
        file = HashedFile(place)
        try:
            return file.finish()
        finally:
            file.close()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        raise InputError(f"{place}: the compressed file is damaged") from None


class ByteStream:
    """The unpacked bytes of a file, in blocks.

    Attributes
    ----------
    sha256 : str or None
        Hash of the file as it lies on disk; known once all blocks were read.
    done : int
        Bytes of the file read so far.
    packing : str or None
        How the file is packed; known once a block was read.
    """

    def __init__(self, place: Place):
        self.path = place
        self.sha256: str | None = None
        self.done = 0
        self.packing: str | None = None

    def blocks(self, size: int) -> Iterator[bytes]:
        """Yield blocks of `size` bytes, the last one shorter.

        Raises
        ------
        InputError
            If the file cannot be read, its compression is broken, or it grows beyond reason.
        """
        file, source = self._open()
        pool = ThreadPoolExecutor(1, thread_name_prefix="platerisk-read")
        produced = 0
        try:
            coming = pool.submit(_read_block, source, size)
            while True:
                block = self._result(coming)
                self.done = file.tell()
                produced += len(block)
                self._refuse_bomb(produced)
                if not block:
                    break
                coming = pool.submit(_read_block, source, size)
                yield block
            self.sha256 = file.finish()
        finally:
            # A reader that stops early must not close the file under the thread that reads it.
            pool.shutdown(wait=True)
            file.close()

    def _open(self) -> tuple[HashedFile, Any]:
        try:
            file = HashedFile(self.path)
            magic = file.read(_MAGIC_BYTES)
            file.close()
            file = HashedFile(self.path)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise InputError(f"{self.path}: the compressed file is damaged") from None
        except (RuntimeError, NotImplementedError):
            raise InputError(
                f"{self.path}: is encrypted or packed in a way that is not read; unpack it first"
            ) from None
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None
        for start, packing in PACKED.items():
            if magic.startswith(start):
                self.packing = packing
                return file, _UNPACK[packing](file)
        return file, file

    def _refuse_bomb(self, produced: int) -> None:
        if isinstance(self.path, Member):
            packed = self.path.packed
        elif self.packing is not None:
            packed = self.done
        else:
            return
        if produced > FREE_BYTES and produced > MAX_RATIO * max(packed, 1):
            raise InputError(
                f"{self.path}: unpacks to more than {MAX_RATIO} times its size; no export of "
                "sightings does that. If you trust it, unpack it yourself and read the result"
            )

    def _result(self, coming) -> bytes:
        try:
            return coming.result()
        except EOFError:
            raise self._cut() from None
        except (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile):
            raise InputError(f"{self.path}: the compressed file is damaged") from None
        except lzma.LZMAError as error:
            if "memory" in str(error).lower():
                raise InputError(
                    f"{self.path}: needs too much memory to unpack; unpack it yourself"
                ) from None
            raise InputError(f"{self.path}: the compressed file is damaged") from None
        except (RuntimeError, NotImplementedError):
            raise InputError(
                f"{self.path}: is encrypted or packed in a way that is not read; unpack it first"
            ) from None
        except OSError as error:
            if "Truncated" in str(error):
                raise self._cut() from None
            if self.packing is not None:
                raise InputError(f"{self.path}: the compressed file is damaged") from None
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None

    def _cut(self) -> InputError:
        return InputError(
            f"{self.path}: the compressed file ends too early; it was cut off on its way. "
            "Fetch it again, or unpack what is there with 'gzip -dc FILE > part.csv'"
        )


class _Unxz:
    """Unpacks xz with a bound on its memory, which `lzma.open` does not take."""

    def __init__(self, file: HashedFile):
        self._file = file
        self._decoder: lzma.LZMADecompressor | None = None
        self._rest = b""
        self._started = False

    def read(self, size: int) -> bytes:
        while True:
            if self._decoder is None:
                self._rest = self._rest.lstrip(b"\0") or self._file.read(1 << 16).lstrip(b"\0")
                if not self._rest:
                    return b""
                self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)
            data = self._rest
            if self._decoder.needs_input and not data:
                data = self._file.read(1 << 16)
                if not data:
                    raise EOFError
            self._rest = b""
            out = self._decoder.decompress(data, size)
            if self._decoder.eof:
                self._rest, self._decoder = self._decoder.unused_data, None
            if out:
                return out


_UNPACK = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": lambda file: bz2.BZ2File(file),
    "xz": _Unxz,
    "zstd": lambda file: pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"),
}


def _read_block(source: Any, size: int) -> bytes:
    parts, missing = [], size
    while missing:
        data = source.read(missing)
        if not data:
            break
        parts.append(data)
        missing -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)
