"""Keys: the secret from which pseudonyms are made, and the files that hold it.

Whoever holds a key can try all plates of a country in minutes and so undo every pseudonym made with
it. A key file is therefore made readable by its owner alone, refused when others can read it, and
never kept beside the data.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.errors import KeyFileError

KEY_BYTES = 32
THROW_AWAY, FILE, PSEUDONYMOUS = "throw-away", "file", "pseudonymous"

_HEADER = """\
# platerisk key file
# WHOEVER HOLDS THIS FILE CAN ENUMERATE EVERY PLATE: with it, trying all plates of a country takes
# minutes and undoes every pseudonym made with it.
# Keep it apart from the data, never publish it, never send it with a store. Delete it when no more
# files have to be added: without it the pseudonyms cannot be traced back to plates.
"""
_MARK = "platerisk-key-1"
_LINE = re.compile(rf"{_MARK} ([0-9a-f]{{{2 * KEY_BYTES}}})")


@dataclass(frozen=True)
class Key:
    """A key and where it came from.

    Attributes
    ----------
    kind : str
        `THROW_AWAY`, `FILE` or `PSEUDONYMOUS` (no key: the input's ids are pseudonyms).
    secret : bytes
        The key; never shown.
    """

    kind: str
    secret: bytes = field(default=b"", repr=False)

    @property
    def check(self) -> str:
        """A value that tells two keys apart and nothing else."""
        if self.kind == PSEUDONYMOUS:
            return ""
        return hmac.digest(self.secret, b"platerisk key check", "sha256").hex()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Give what a store's manifest says of its key."""
        return {"kind": self.kind, "check": self.check}


def make_key(
    plates: str,
    key: str | Path | bytes | None,
    *,
    apart_from: Sequence[Path] = (),
    made: list[Path] | None = None,
) -> Key:
    """Find or make the key for a reading.

    Parameters
    ----------
    plates : str
        ``"raw"`` or ``"pseudonymous"``.
    key : path, bytes or None
        A key file (made if it is not there), the key itself, or None for a throw-away key.
    apart_from : sequence of Path
        Folders in which a key file must not lie.
    made : list of Path, optional
        Takes the key file if it was made, so that it can be removed if nothing comes of it.

    Raises
    ------
    KeyFileError
        If the file is unsafe or malformed.
    """
    if plates == "pseudonymous":
        return Key(PSEUDONYMOUS)
    if key is None:
        return Key(THROW_AWAY, secrets.token_bytes(KEY_BYTES))
    if isinstance(key, bytes):
        if len(key) < 16:
            raise KeyFileError("a key needs 16 bytes or more")
        return Key(FILE, key)
    return Key(FILE, use_key_file(Path(key), apart_from=apart_from, made=made))


def make_secret(
    encrypt: str | Path | bytes | None,
    *,
    apart_from: Sequence[Path] = (),
    made: list[Path] | None = None,
) -> bytes | None:
    """Find or make the secret of an encrypted store; None where none was asked for.

    Raises
    ------
    KeyFileError
        As `make_key`.
    """
    if encrypt is None:
        return None
    return make_key("raw", encrypt, apart_from=apart_from, made=made).secret


def open_secret(encrypt: str | Path | bytes | None) -> bytes | None:
    """Find the secret of a store that is there; its file is never made.

    Raises
    ------
    KeyFileError
        If there is no such file, others can read it, or it is malformed.
    """
    if encrypt is None or isinstance(encrypt, bytes):
        return encrypt
    return read_key_file(Path(encrypt))


def use_key_file(
    path: Path, *, apart_from: Sequence[Path] = (), made: list[Path] | None = None
) -> bytes:
    """Read a key file, or make one.

    Raises
    ------
    KeyFileError
        If others can read the file, it is malformed, or it lies where data or results lie.
    """
    place = path.parent.resolve() / path.name
    for folder in apart_from:
        inside = folder.resolve()
        if place.resolve().is_relative_to(inside) or place.is_relative_to(inside):
            raise KeyFileError(
                f"{path}: a key must not lie in {folder}, where it would travel with the data; "
                "keep it in another folder"
            )
    try:
        secret = _create(path)
        if made is not None:
            made.append(path)
        return secret
    except FileExistsError:
        return read_key_file(path)
    except OSError as error:
        raise KeyFileError(f"{path}: the key file cannot be made ({error.strerror})") from None


def _create(path: Path) -> bytes:
    secret = secrets.token_bytes(KEY_BYTES)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{_HEADER}{_MARK} {secret.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    return secret


def read_key_file(path: Path) -> bytes:
    """Read a key file after checking that nobody else can.

    Raises
    ------
    KeyFileError
        If there is none, others can read it, or it is malformed.
    """
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            # The opened file is checked, not the name: the two could be swapped in between.
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise KeyFileError(f"{path}: not a key file")
            text = file.read(1 << 16)
            # A file that is no key at all was named by mistake: its mode is right as it is.
            if _MARK in text and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileError(
                    f"{path}: others can read this key; write `chmod 600 {path}`, and if somebody "
                    "may have copied it, make a new key and read the data again"
                )
    except FileNotFoundError:
        raise KeyFileError(f"{path}: no such key file") from None
    except OSError as error:
        raise KeyFileError(f"{path}: the key file cannot be read ({error.strerror})") from None
    lines = [line.strip() for line in text.splitlines()]
    keys = [line for line in lines if line and not line.startswith("#")]
    match = _LINE.fullmatch(keys[0]) if len(keys) == 1 else None
    if match is None:
        raise KeyFileError(
            f"{path}: not a key file of platerisk; give the path of one, or of a file that is not "
            "there yet, and it is made"
        )
    return bytes.fromhex(match.group(1))
