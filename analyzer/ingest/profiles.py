"""Profiles: what the columns of an export mean, by its vendor's header or by known header words.

A profile is recognised with certainty or not at all. It says which columns play which roles, and
settles what its vendor fixes: the order of day and month, the time zone, readers that move, a list
that holds the rows, updates that repeat an event. The vendors' profiles are TOML files beside this
module; a user's own mapping is a file of the same form. The generic profile knows header words;
what it does not know, the user says with ``--column``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from analyzer.errors import AmbiguousInputError, InputError, UsageError
from analyzer.ingest.header_words import (
    DATE_WORDS,
    HEADER_WORDS,
    KNOWN_WORDS,
    TIME_WORDS,
    Words,
    header_word,
)
from analyzer.ingest.recipes import Recipe, read_recipe
from analyzer.ingest.times import DAY_FIRST, MONTH_FIRST
from analyzer.schema import OPTIONAL

__all__ = [
    "DATE_WORDS", "GENERIC", "HEADER_WORDS", "KNOWN_WORDS", "PROFILES", "ROLES", "TIME_WORDS",
    "Profile", "Words", "choose_profile", "header_word", "load_mapping", "profile_for_documents",
]  # fmt: skip

ROLES = ("plate", "camera", "seen_at", "lat", "lon", *OPTIONAL)
_KEYS = {
    "name": str, "title": str, "facts": str, "evidence": str, "recognise": list, "columns": dict,
    "order": str, "timezone": str, "moving": bool, "rows": str,
    "element": str, "only": dict, "latest": str, "ended": dict, "tables": dict, "refuse": str,
}  # fmt: skip
_HEAD = 200


@dataclass(frozen=True)
class Profile:
    """What is known about one kind of export.

    Attributes
    ----------
    name, title : str
        What the user types, and what is shown.
    signature : frozenset of str
        Header words that together are its mark; empty for a profile that is only chosen by name.
    columns : mapping of str to Recipe
        How each role is made.
    order : str or None
        `DAY_FIRST` or `MONTH_FIRST`, where the vendor fixes it.
    timezone : str or None
        Zone of times without an offset, where the vendor fixes it.
    moving : bool
        Whether its readers move.
    rows : str or None
        Dotted name of a list inside the records whose items are the rows.
    element : str or None
        Name of the element of XML that is a record.
    only : mapping of str to set of str
        Values that a record must have to be a sighting; others are counted as other events.
    latest, ended : str or None, mapping of str to str
        Dotted name of the event's id where updates repeat it, and what the last update says.
    tables : mapping of str to dict
        Files that lie beside the rows and are looked up: ``{"file": …, "key": …}``.
    refuse : str
        Why such a file is not read at all.
    facts : str
        What it settles, in words.
    evidence : str
        Where the format is known from.
    """

    name: str
    title: str
    signature: frozenset[str] = frozenset()
    columns: Mapping[str, Recipe] = field(default_factory=dict)
    order: str | None = None
    timezone: str | None = None
    moving: bool = False
    rows: str | None = None
    element: str | None = None
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    latest: str | None = None
    ended: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refuse: str = ""
    facts: str = ""
    evidence: str = ""

    def is_other(self, flat: Mapping[str, str | None]) -> bool:
        """Say whether a record (laid flat) is an event of another kind."""
        return any(flat.get(name) not in values for name, values in self.only.items())


def load_mapping(text: str, where: str, default_name: str = "") -> Profile:
    """Read a profile from TOML.

    Parameters
    ----------
    text : str
        The mapping.
    where : str
        Its name, for messages.
    default_name : str
        What the profile is called if the mapping does not say.

    Raises
    ------
    UsageError
        If it is not TOML, or holds what no mapping has.

    Examples
    --------
    >>> profile = load_mapping('columns = {plate = "REG_NO", seen_at = ["T1", "T2"]}', "m.toml")
    >>> profile.columns["seen_at"].label({})
    'T1, else T2'
    """
    try:
        given: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{where}: not TOML ({error})") from None
    for key, value in given.items():
        if key not in _KEYS:
            raise UsageError(f"{where}: {key!r} is not known; a mapping has {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]):
            raise UsageError(f"{where}: {key} must be a {_KEYS[key].__name__}")
    columns = {}
    for role, value in given.get("columns", {}).items():
        role = "plate" if role == "vehicle" else role
        if role not in ROLES:
            raise UsageError(
                f"{where}: [columns] has {role!r}, which is not a role; write ROLE = \"HEADER\" "
                f"with the roles {', '.join(ROLES)}"
            )
        columns[role] = read_recipe(value, f"{where}: [columns] {role}")
    order = given.get("order")
    if order not in (None, DAY_FIRST, MONTH_FIRST):
        raise UsageError(f"{where}: order must be {DAY_FIRST!r} or {MONTH_FIRST!r}")
    if not columns and not given.get("refuse"):
        raise UsageError(
            f"{where}: has no columns; write, for example, a line [columns] and under it "
            'plate = "REG_NO"'
        )
    name = given.get("name", default_name)
    tables = given.get("tables", {})
    for table in tables.values():
        if not isinstance(table, dict) or not {"file", "key"} <= set(table):
            raise UsageError(f"{where}: [tables.NAME] needs file and key")
    return Profile(
        name=name,
        title=given.get("title", name),
        signature=frozenset(header_word(str(word)) for word in given.get("recognise", ())),
        columns=columns,
        order=order,
        timezone=given.get("timezone"),
        moving=given.get("moving", False),
        rows=given.get("rows"),
        element=given.get("element"),
        only={
            key: frozenset(map(str, value if isinstance(value, list) else [value]))
            for key, value in given.get("only", {}).items()
        },
        latest=given.get("latest"),
        ended={key: str(value) for key, value in given.get("ended", {}).items()},
        tables=tables,
        refuse=given.get("refuse", ""),
        facts=given.get("facts", "columns as the mapping says"),
        evidence=given.get("evidence", ""),
    )


def _vendors() -> list[Profile]:
    folder = resources.files("analyzer.ingest") / "vendors"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return [
        load_mapping(f.read_text(encoding="utf-8"), f.name, f.name.removesuffix(".toml"))
        for f in files
    ]


GENERIC = Profile("generic", "known header words", facts="nothing beyond the header words")
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        GENERIC,
        Profile(DAY_FIRST, "known header words", order=DAY_FIRST, facts="the day comes first"),
        Profile(
            MONTH_FIRST, "known header words", order=MONTH_FIRST, facts="the month comes first"
        ),
        *_vendors(),
    )
}


def named_profile(name: str) -> Profile:
    """Give the profile of a name, or the one in a mapping file.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name.lower().endswith(".toml"):
        path = Path(name)
        try:
            if path.stat().st_size > 1 << 20:
                raise UsageError(f"{path}: a mapping is a small file; this one is not")
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise UsageError(f"{path}: not text in UTF-8") from None
        return load_mapping(text, str(path), path.stem)
    if name not in PROFILES:
        raise UsageError(
            f"there is no profile {name!r}; known are: auto, {', '.join(PROFILES)}, "
            "or the path of a mapping that ends with .toml"
        )
    return PROFILES[name]


def choose_profile(header: Sequence[str], name: str | Profile = "auto") -> tuple[Profile, str]:
    """Choose the profile of an export.

    Parameters
    ----------
    header : sequence of str
        Column names.
    name : str or Profile
        ``"auto"``, a profile's name, the path of a mapping, or a profile found before.

    Returns
    -------
    profile : Profile
    reason : str
        What it was chosen for.

    Raises
    ------
    UsageError
        If there is no profile of that name.
    InputError
        If the named profile does not fit the header, or the file holds no sightings at all.

    Examples
    --------
    >>> choose_profile(["Plate", "Camera", "Time"])[1]
    'no vendor recognised by the header; columns found by known header words'
    """
    words = {header_word(column) for column in header}
    if name == "auto":
        # What a record must say to be a sighting shows in records, not in a header.
        return _recognise(lambda profile: not profile.only and profile.signature <= words)
    if isinstance(name, Profile):
        return name, f"recognised by its header: {name.title}; {name.facts}"
    profile = named_profile(name)
    missing = sorted(profile.signature - words)
    if missing:
        raise InputError(
            f"the profile {name!r} does not fit: the header lacks {', '.join(missing)}; "
            "leave --profile out, and the header decides"
        )
    _refuse(profile)
    return profile, f"chosen by the user: {profile.title}; {profile.facts}"


def _recognise(fits: Callable[[Profile], bool]) -> tuple[Profile, str]:
    found = [profile for profile in PROFILES.values() if profile.signature and fits(profile)]
    if not found:
        return GENERIC, "no vendor recognised by the header; columns found by known header words"
    found.sort(key=lambda profile: -len(profile.signature))
    if len(found) > 1 and len(found[0].signature) == len(found[1].signature):
        names = " or ".join(profile.name for profile in found)
        raise AmbiguousInputError(
            f"the header fits more than one profile; write --profile {names}"
        )
    _refuse(found[0])
    return found[0], f"recognised by its header: {found[0].title}; {found[0].facts}"


def _refuse(profile: Profile) -> None:
    if profile.refuse:
        raise InputError(f"recognised by its header: {profile.title}. {profile.refuse}")


def profile_for_documents(
    documents: Sequence[Mapping[str, Any]],
    name: str | Profile,
    header_of: Callable[[Sequence[Any], str | None], Sequence[str]],
) -> Profile:
    """Choose the profile of a file of nested records, before its rows are known.

    Parameters
    ----------
    documents : sequence of mapping
        The first records.
    name : str or Profile
        As for `choose_profile`.
    header_of : callable
        Gives the dotted names in some records, given the list that holds the rows.
    """
    if isinstance(name, Profile):
        return name
    if name != "auto":
        return named_profile(name)
    head = documents[:_HEAD]
    headers: dict[str | None, set[str]] = {}

    def fits(profile: Profile) -> bool:
        if profile.rows not in headers:
            names = header_of(head, profile.rows)
            headers[profile.rows] = {header_word(column) for column in names}
        if not profile.signature <= headers[profile.rows]:
            return False
        return not profile.only or any(
            all(str(document.get(key)) in values for key, values in profile.only.items())
            for document in head
        )

    return _recognise(fits)[0]
