"""Owners: the vehicle of somebody who asks about their own car, found by the plate they type.

The plate is read from a terminal with hidden input, lives for one call, and is never an argument of
a command, part of a message or written anywhere.
"""

from __future__ import annotations

import getpass
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analyzer.errors import KeyFileError, UsageError
from analyzer.ingest.keys import FILE, PSEUDONYMOUS, Key, read_key_file
from analyzer.ingest.plates import normalise_plate, pseudonym

if TYPE_CHECKING:
    from analyzer.sightings import Sightings


@dataclass(frozen=True)
class OwnVehicle:
    """What a store holds of one vehicle.

    Attributes
    ----------
    vehicle : str or None
        Its pseudonym; None where it was never seen.
    code : int
        Its code; -1 where it was never seen.
    sightings, cameras : int
        How often, and by how many cameras it was seen.
    """

    vehicle: str | None
    code: int
    sightings: int
    cameras: int

    def summary(self) -> str:
        """Say it in a sentence."""
        if self.vehicle is None:
            return "The vehicle is not in the store."
        return (
            f"The vehicle is in the store: {self.sightings:,} sightings by {self.cameras:,} "
            f"cameras, under the pseudonym {self.vehicle}."
        )


def vehicle_of_owner(
    sightings: Sightings, key: str | Path | bytes, plate: str | None = None
) -> OwnVehicle:
    """Find the vehicle of an owner who agrees to it.

    Parameters
    ----------
    sightings : Sightings
        Read with a key file.
    key : path or bytes
        The key that the sightings were read with.
    plate : str, optional
        The plate. Leave it out, and it is asked for with hidden input, so that it stands in no
        command line, notebook, log or file.

    Returns
    -------
    OwnVehicle

    Raises
    ------
    KeyFileError
        If the key is not the one that the sightings were read with.
    UsageError
        If what was typed is no plate.
    """
    held = sightings.store.manifest["key"]
    if held.get("kind") == PSEUDONYMOUS:
        raise KeyFileError(
            "the ids were pseudonyms already when they were read: no key leads from a plate to them"
        )
    if held.get("kind") != FILE:
        raise KeyFileError(
            "the store was made with a throw-away key: nobody can find a vehicle in it by its plate"
        )
    secret = key if isinstance(key, bytes) else read_key_file(Path(key))
    if Key(FILE, secret).to_dict() != held:
        raise KeyFileError("this is not the key that the store was made with")
    name = _name_of(secret, plate)
    names = sightings.store.vehicle_names
    import pyarrow.compute as pc

    code = pc.index(names, name).as_py()
    count, cameras = 0, np.empty(0, np.int32)
    for part in sightings.parts() if code >= 0 else ():
        rows = part.load()
        begin, end = np.searchsorted(rows["vehicle"], [code, code + 1])
        count += int(end - begin)
        cameras = np.union1d(cameras, rows["camera"][begin:end])
    if not count:
        return OwnVehicle(None, -1, 0, 0)
    return OwnVehicle(name, code, count, len(cameras))


def _ask() -> str:
    with warnings.catch_warnings():
        # What cannot be hidden is not asked for: a plate from a pipe stood in a command before.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass("Plate (hidden): ")
        except (getpass.GetPassWarning, EOFError, OSError):
            raise UsageError(
                "the plate is typed at a terminal, hidden; here is none, and a plate must not "
                "stand in a command line or a file"
            ) from None


def _name_of(secret: bytes, plate: str | None) -> str:
    normalised = normalise_plate(_ask() if plate is None else plate)
    if normalised is None:
        raise UsageError("what was typed is no plate")
    return pseudonym(secret, normalised)
