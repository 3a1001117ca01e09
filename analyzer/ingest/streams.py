"""Streams of bytes: a file read block by block, unpacked and hashed on the way.

The next block is read, unpacked and hashed in a thread of its own while the last one is parsed.
Memory holds two blocks, whatever the size of the file.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from analyzer.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
_HASH_BLOCK = 1 << 22


class HashedFile:
    """A file that hashes what is read from it; `gzip` reads through it."""

    def __init__(self, path: Path):
        self._path = path
        self._file: BinaryIO = open_file(path)
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes."""
        data = self._file.read(size)
        self._digest.update(data)
        return data

    def tell(self) -> int:
        """Say how many bytes of the file were read."""
        return self._file.tell()

    def finish(self) -> str:
        """Read what is left and give the SHA-256 of the whole file."""
        while self.read(_HASH_BLOCK):
            pass
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading, or say why that cannot be done.

    Raises
    ------
    InputError
        If the file is missing, is a folder, or may not be read.
    """
    try:
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


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file."""
    file = HashedFile(path)
    try:
        return file.finish()
    finally:
        file.close()


class ByteStream:
    """The unpacked bytes of a file, in blocks.

    Attributes
    ----------
    sha256 : str or None
        Hash of the file as it lies on disk; known once all blocks were read.
    done : int
        Bytes of the file read so far.
    """

    def __init__(self, path: Path):
        self.path = path
        self.sha256: str | None = None
        self.done = 0

    def blocks(self, size: int) -> Iterator[bytes]:
        """Yield blocks of `size` bytes, the last one shorter.

        Raises
        ------
        InputError
            If the file cannot be read or its compression is broken.
        """
        file = HashedFile(self.path)
        packed = file.read(2) == GZIP_MAGIC
        file.close()
        file = HashedFile(self.path)
        source = gzip.GzipFile(fileobj=file) if packed else file
        pool = ThreadPoolExecutor(1, thread_name_prefix="platerisk-read")
        try:
            coming = pool.submit(_read_block, source, size)
            while True:
                block = self._result(coming)
                self.done = file.tell()
                if not block:
                    break
                coming = pool.submit(_read_block, source, size)
                yield block
            self.sha256 = file.finish()
        finally:
            # A reader that stops early must not close the file under the thread that reads it.
            pool.shutdown(wait=True)
            file.close()

    def _result(self, coming) -> bytes:
        try:
            return coming.result()
        except EOFError:
            raise InputError(
                f"{self.path}: the compressed file ends too early; it was cut off on its way. "
                "Fetch it again, or unpack what is there with 'gzip -dc FILE > part.csv'"
            ) from None
        except (gzip.BadGzipFile, zlib.error):
            raise InputError(f"{self.path}: the compressed file is damaged") from None
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None


def _read_block(source: BinaryIO | HashedFile, size: int) -> bytes:
    parts, missing = [], size
    while missing:
        data = source.read(missing)
        if not data:
            break
        parts.append(data)
        missing -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)
