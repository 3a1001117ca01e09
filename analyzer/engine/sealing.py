"""Sealing: files encrypted at rest, with their key outside them (stores, and what is spilled).

One mechanism: Parquet modular encryption (AES-GCM, 256 bits) through pyarrow, footers included.
Every file has a key of its own, derived from the secret, a salt of the generation and the file's
name, so that no key is used twice and no file can pass for another.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.errors import StoreError

MECHANISM = "Parquet modular encryption, AES-GCM, 256 bits"
_SALT_BYTES = 16


@dataclass(frozen=True)
class Seal:
    """What encrypts and decrypts the files of one generation.

    Attributes
    ----------
    secret : bytes
        The secret from which the files' keys are derived; never shown, never written.
    salt : bytes
        Makes the keys of this generation differ from those of any other.
    """

    secret: bytes = field(repr=False)
    salt: bytes

    @classmethod
    def new(cls, secret: bytes | None = None) -> Seal:
        """Make the seal of a new generation; without a secret, one that lives in memory only.

        Raises
        ------
        StoreError
            If the pyarrow that is installed cannot encrypt.
        """
        _encryption()
        return cls(secret or secrets.token_bytes(32), secrets.token_bytes(_SALT_BYTES))

    @classmethod
    def from_dict(cls, entry: Any, secret: bytes | None, where: Path) -> Seal:
        """Make the seal of a store from what its manifest says.

        Raises
        ------
        StoreError
            If there is no secret, it is not the store's, or the entry is damaged.
        """
        if secret is None:
            raise StoreError(
                f"{where}: the store is encrypted; give the key file that it was made with: "
                "--encrypt KEYFILE"
            )
        _encryption()
        try:
            seal = cls(secret, bytes.fromhex(entry["salt"]))
            known = str(entry["check"])
        except (TypeError, KeyError, ValueError):
            raise StoreError(f"{where}: the manifest is damaged (encrypted)") from None
        if not hmac.compare_digest(seal.check, known):
            raise StoreError(
                f"{where}: the store is encrypted with another key than the one given"
            )
        return seal

    @property
    def check(self) -> str:
        """A value that tells two secrets apart and nothing else."""
        return self._derive("key check").hex()[:16]

    def to_dict(self) -> dict[str, str]:
        """Give what the manifest says of the encryption."""
        return {"mechanism": MECHANISM, "salt": self.salt.hex(), "check": self.check}

    def _derive(self, purpose: str) -> bytes:
        text = b"platerisk store " + self.salt + purpose.encode()
        return hmac.digest(self.secret, text, "sha256")

    def encryption(self, name: str) -> Any:
        """Give what pyarrow needs to write the file of this name."""
        return _encryption().create_encryption_properties(self._derive("file " + name))

    def decryption(self, name: str) -> Any:
        """Give what pyarrow needs to read the file of this name."""
        return _encryption().create_decryption_properties(self._derive("file " + name))


# Files are opened as pyarrow's own: a path goes through its file systems, which are slow to load,
# and a file of Python's may be let go by one of its threads as the program ends, which aborts it.


def encryption(seal: Seal | None, path: Path) -> dict[str, Any]:
    """Give the arguments with which pyarrow writes a file, sealed or not."""
    return {} if seal is None else {"encryption_properties": seal.encryption(path.name)}


def decryption(seal: Seal | None, path: Path) -> dict[str, Any]:
    """Give the arguments with which pyarrow reads a file, sealed or not."""
    return {} if seal is None else {"decryption_properties": seal.decryption(path.name)}


def write_sealed_bytes(path: Path, data: bytes, seal: Seal) -> None:
    """Write bytes as an encrypted file."""
    # Without statistics: a footer that repeats the data would double them.
    pq.write_table(
        pa.table({"data": pa.array([data], pa.binary())}),
        path,
        use_dictionary=False,
        write_statistics=False,
        **encryption(seal, path),
    )


def read_sealed_bytes(path: Path, seal: Seal) -> bytes:
    """Read bytes back; pyarrow's errors pass through."""
    with pa.OSFile(str(path)) as file, pq.ParquetFile(file, **decryption(seal, path)) as sealed:
        return sealed.read(use_threads=False).column("data")[0].as_py()


def _encryption() -> Any:
    try:
        import pyarrow.parquet.encryption as module

        module.create_encryption_properties  # noqa: B018
    except (ImportError, AttributeError):
        raise StoreError(
            f"pyarrow {pa.__version__} cannot encrypt with a key of the user's; upgrade it with "
            "`pip install --upgrade pyarrow`"
        ) from None
    return module
