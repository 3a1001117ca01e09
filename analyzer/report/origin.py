"""Origin: what data claim to be, and with which versions, options and seed something was made."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer import __version__
from analyzer.errors import InputError, UsageError

if TYPE_CHECKING:
    from analyzer.sightings import Sightings

LIBRARIES = ("numba", "numpy", "pandas", "pyarrow", "scipy")

PROVENANCE_EXAMPLE = """\
claims = "Reads of the city's cameras, June 2025, as a leaker says"
disputed_by = ["The ministry: the file is not ours (statement of 3 July 2025)"]
reply = "Asked on 1 July 2025; no answer by 10 July"
"""
"""What a file of provenance looks like."""


@dataclass(frozen=True)
class Provenance:
    """What data claim to be, who disputes it, and what those concerned replied.

    Whoever publishes figures about data from others fills this in; pages show it, and say so where
    nothing is stated.

    Attributes
    ----------
    claims : str
        What the data claim to be, and who says so.
    disputed_by : tuple of str
        Who disputes that, and in which words.
    reply : str
        Right of reply: who was asked, when, and what was answered.

    Examples
    --------
    >>> Provenance(claims="Reads of one city, 2025").to_dict()["disputed_by"]
    []
    """

    claims: str = ""
    disputed_by: tuple[str, ...] = ()
    reply: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the fields of ``info.json``; what is not stated is None."""
        return {
            "claims": self.claims or None,
            "disputed_by": list(self.disputed_by),
            "reply": self.reply or None,
        }


def read_provenance(path: str | Path) -> Provenance:
    """Read what data claim to be from a TOML file.

    Parameters
    ----------
    path : path
        With ``claims`` (text), ``disputed_by`` (list of texts) and ``reply`` (text), each of which
        may be missing.

    Returns
    -------
    Provenance

    Raises
    ------
    InputError
        If the file is missing or no TOML.
    UsageError
        If it holds another field, or one of another kind.
    """
    path = Path(path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; provenance stands in a TOML file:\n\n"
                         f"{PROVENANCE_EXAMPLE}") from None  # fmt: skip
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as TOML ({type(error).__name__})") from None
    disputed = given.get("disputed_by", [])
    disputed = [disputed] if isinstance(disputed, str) else disputed
    texts = [given.get("claims", ""), given.get("reply", ""), *disputed] if isinstance(
        disputed, list) else [None]  # fmt: skip
    if set(given) - {"claims", "disputed_by", "reply"} or not all(
        isinstance(text, str) for text in texts
    ):
        raise UsageError(f"{path}: write claims, disputed_by and reply as texts:\n\n"
                         f"{PROVENANCE_EXAMPLE}")  # fmt: skip
    return Provenance(texts[0].strip(), tuple(text.strip() for text in disputed), texts[1].strip())


def origin_of(
    sightings: Sightings, options: Mapping[str, Any], provenance: Provenance | None = None
) -> dict[str, Any]:
    """Give what ``info.json`` says of a run.

    Parameters
    ----------
    sightings : Sightings
        What was measured.
    options : mapping
        With which options; ``seed`` among them.
    provenance : Provenance, optional
        What the data claim to be; synthetic data say by themselves that they are.

    Returns
    -------
    dict
        ``versions``, ``options``, ``seed``, ``inputs``, and the fields of `Provenance`.
    """
    recorded = sightings.provenance
    if sightings.view_ms is not None:
        since, until = (str(sightings.timestamps(np.array([end]))[0]) for end in sightings.view_ms)
        options = {**options, "since": since, "until": until}
    stated = provenance or Provenance()
    if sightings.synthetic and not stated.claims:
        stated = Provenance("synthetic", stated.disputed_by, stated.reply)
    return {
        "versions": {
            "platerisk": __version__,
            "python": platform.python_version(),
            **{library: version_of(library) for library in LIBRARIES},
        },
        "options": {**recorded.get("options", {}), **options},
        "seed": options.get("seed"),
        "inputs": recorded.get("inputs", []),
        **stated.to_dict(),
    }
