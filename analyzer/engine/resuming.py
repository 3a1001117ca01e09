"""Work that can be interrupted: what each part gave is kept in a folder, and found there again.

A file's name is the digest of everything that its content follows from: the program, the function,
what was broadcast, the part's recipe or rows, and the files that it reads. So nothing is taken for
what it is not; whatever differs is computed again. A file ends with the checksum of the rest: one
that a full disk or a bad one damaged is made again as well.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO

from analyzer.engine.base import (
    Broadcast,
    Engine,
    Part,
    PartFunction,
    Resources,
    bytes_of,
    is_sealed,
)
from analyzer.engine.full_disk import saying_where_disk_is_full
from analyzer.engine.messages import pack_rows, unpack_rows
from analyzer.engine.scratch import in_scratch, lock, remove_if_unused
from analyzer.errors import StoreError, UsageError
from analyzer.schema import Rows, concatenate

MARK = "platerisk-work"
"""Name of the file that says that a folder holds kept work, and nothing else."""

INCOMPLETE = re.compile(r"\.[0-9a-f]{16}")
"""Names of files that are being written."""

WAVE = 8
"""Parts that are run before their results are kept: no more is lost when the work is killed."""


class KeptPart:
    """A part whose rows were kept in the folder."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def bytes_held(self) -> int:
        """What the rows take in memory: they lie in the file as they are."""
        return self.path.stat().st_size

    def load(self) -> Rows:
        """Read the rows."""
        return _read(self.path)


class _NamedBucket:
    """A bucket of an exchange, known by what it was made from and not by where it lies now."""

    def __init__(self, base: Part, name: str):
        # Where it lies is for the engine below, which finds it through whatever is made from it.
        self.base, self.name = base, name
        self.sealed = is_sealed(base)

    @property
    def bytes_held(self) -> int:
        return bytes_of(self.base)

    def load(self) -> Rows:
        return self.base.load()


class _Digest(pickle.Pickler):
    """Reduce an object to the digest of its pickle; files stand for what they hold now."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=20)
        super().__init__(self, pickle.HIGHEST_PROTOCOL)
        # Without a memo: equal things have equal digests, whether or not they are the same object.
        self.fast = True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return memoryview(data).nbytes

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, _NamedBucket):
            return value.name
        if isinstance(value, Path) and value.is_file():
            about = value.stat()
            if in_scratch(value):
                # Another run makes it again, under another name.
                return _content_of(value, about.st_mtime_ns)
            return str(value), about.st_size, about.st_mtime_ns
        return None

    def reducer_override(self, value: Any) -> Any:
        # What a dataclass has worked out since and remembers does not make it another.
        if is_dataclass(value) and not isinstance(value, type) and not _says_its_state(value):
            return type(value), tuple(getattr(value, field.name) for field in fields(value))
        return NotImplemented


@cache
def _content_of(path: Path, _changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, partial(hashlib.blake2b, digest_size=20)).hexdigest()


def _says_its_state(value: Any) -> bool:
    return getattr(type(value), "__getstate__", None) is not getattr(object, "__getstate__", None)


@cache
def _program() -> tuple:
    """What the program's files are: another version of a kernel may give other rows."""
    package = Path(__file__).parents[1]
    files = sorted(package.rglob("*.py"))
    return tuple((str(f.relative_to(package)), f.stat().st_size, f.stat().st_mtime_ns)
                 for f in files)  # fmt: skip


CHECKSUM_BYTES = 20
"""Bytes of the checksum at the end of a file."""


def _is_whole(path: Path) -> bool:
    """Whether a file is there and holds what was written."""
    checksum, last = hashlib.blake2b(digest_size=CHECKSUM_BYTES), b""
    try:
        with open(path, "rb") as file:
            while some := file.read(1 << 20):
                checksum.update((last + some)[:-CHECKSUM_BYTES])
                last = (last + some)[-CHECKSUM_BYTES:]
    except OSError:
        return False
    return last == checksum.digest()


def _read(path: Path) -> Rows:
    data = memoryview(path.read_bytes())[:-CHECKSUM_BYTES]
    pieces = []
    while len(data):
        length = int.from_bytes(data[:8], "little")
        pieces.append(unpack_rows(bytes(data[8 : 8 + length])))
        data = data[8 + length :]
    return pieces[0] if len(pieces) == 1 else concatenate(pieces)


def _begin(path: Path) -> tuple[Path, BinaryIO]:
    """Open the file in which what will be another is written; locked, so that it is left alone."""
    while True:
        waiting = path.with_name(f".{secrets.token_hex(8)}")
        file = os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        lock(file.fileno(), wait=True)
        # Who tidied up between the two has removed it.
        if waiting.exists():
            return waiting, file
        file.close()


def _write(path: Path, rows: Rows) -> None:
    """Write rows so that the file is there whole or not at all; only its owner can read it."""
    waiting, file = _begin(path)
    checksum = hashlib.blake2b(digest_size=CHECKSUM_BYTES)
    try:
        with file:
            for piece in pack_rows(rows):
                message = len(piece).to_bytes(8, "little") + piece
                checksum.update(message)
                file.write(message)
            file.write(checksum.digest())
            file.flush()
            # While it is locked: nobody takes it for one that was left.
            os.replace(waiting, path)
    except BaseException:
        waiting.unlink(missing_ok=True)
        raise


class ResumingEngine:
    """Run parts on another engine, and keep what each gave, so that a killed run can go on.

    Parameters
    ----------
    engine : Engine
        Where the work runs.
    folder : path
        Where results of parts are kept: a new or empty folder, or one used so before. They hold no
        plates, but they are about single vehicles; only the owner can read them.

    Raises
    ------
    UsageError
        If the folder holds something else, or is a file, or none is named.
    """

    def __init__(self, engine: Engine, folder: str | Path):
        # To Python, no name is that of the folder where one stands.
        if not os.fspath(folder):
            raise UsageError("--resume names no folder; give a new or empty one to keep work in")
        self._engine = engine
        self._folder = Path(folder)
        self._ready = False
        self.found = 0
        """Parts whose results were found."""
        self._check()

    def _check(self) -> None:
        """Refuse what cannot be the folder; nothing is made before there is work to keep."""
        there = next(path for path in (self._folder, *self._folder.parents) if path.exists())
        if not there.is_dir():
            raise UsageError(
                f"{self._folder}: is a file, or lies in one; give a new or empty folder to keep "
                "work in"
            )
        if there == self._folder and not (there / MARK).is_file() and any(there.iterdir()):
            raise UsageError(
                f"{self._folder}: holds something else; give a new or empty folder to keep work in"
            )

    def _make_ready(self) -> None:
        """Make the folder, and remove what a run left there that was killed while it wrote."""
        if self._ready:
            return
        self._check()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self._folder / MARK).is_file():
            (self._folder / MARK).write_text(
                "Results of parts, kept for runs that are interrupted. They are about single "
                "vehicles: delete this folder when the work is done.\n",
                encoding="utf-8",
            )
        for path in self._folder.iterdir():
            if INCOMPLETE.fullmatch(path.name):
                remove_if_unused(path, new=True)
        self._ready = True

    @property
    def on_part(self) -> Callable[[int, int], None] | None:
        """Is told by the engine below how many parts are done."""
        return self._engine.on_part

    @on_part.setter
    def on_part(self, told: Callable[[int, int], None] | None) -> None:
        self._engine.on_part = told

    @property
    def resources(self) -> Resources:
        """What the engine below has."""
        return self._engine.resources

    def map(
        self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast | None = None
    ) -> list[Rows]:
        """Apply a function to each part; see `Engine.map`."""
        return [_read(path) for path in self._kept(parts, function, broadcast)]

    def exchange(
        self,
        parts: Sequence[Part],
        function: PartFunction,
        key: str,
        buckets: int,
        broadcast: Broadcast | None = None,
    ) -> list[Part]:
        """Regroup the rows made from each part by a key; see `Engine.exchange`."""
        paths = self._kept(parts, function, broadcast)
        made = self._engine.exchange([KeptPart(path) for path in paths], _unchanged, key, buckets)
        digest = _Digest()
        digest.dump((_program(), [path.name for path in paths], key, buckets))
        name = digest.hash.hexdigest()
        return [_NamedBucket(part, f"{name}-{number}") for number, part in enumerate(made)]

    def reduce(self, frames: Sequence[Rows], key: Sequence[str] = ()) -> Rows:
        """Bring rows together; see `Engine.reduce`."""
        return self._engine.reduce(frames, key)

    def _kept(
        self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast | None
    ) -> list[Path]:
        """Run what is missing; give the files in which the results lie."""
        if any(is_sealed(part) for part in parts):
            raise StoreError(
                "the store is encrypted, and what is kept of the work would not be; leave out "
                "--resume"
            )
        with self._saying_where():
            self._make_ready()
        digest = _Digest()
        digest.dump((_program(), function, dict(broadcast or {})))
        common = digest.hash.digest()
        paths = []
        for part in parts:
            digest = _Digest()
            digest.dump((common, part))
            paths.append(self._folder / digest.hash.hexdigest())
        missing = [number for number, path in enumerate(paths) if not _is_whole(path)]
        self.found += len(paths) - len(missing)
        for first in range(0, len(missing), WAVE):
            wave = missing[first : first + WAVE]
            found = self._engine.map(
                [_bare(parts[number]) for number in wave], function, broadcast
            )
            with self._saying_where():
                for number, rows in zip(wave, found, strict=True):
                    _write(paths[number], rows)
        return paths

    def _saying_where(self) -> AbstractContextManager[None]:
        return saying_where_disk_is_full(
            self._folder,
            "work is kept there (--resume)",
            "free some and give the same command again: what is there is found",
        )


def _bare(part: Part) -> Part:
    # The engine below knows its own buckets.
    return part.base if isinstance(part, _NamedBucket) else part


def _unchanged(rows: Rows, broadcast: Broadcast) -> Rows:
    return rows
