"""Columns: which column of a source plays which role.

The user's word counts first, then a vendor's profile, then known header words. What is missing or
claimed twice is an error that shows the header and says what to type. A source without header is
described by positions and kinds of value, because its first row may hold a plate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from analyzer.errors import AmbiguousInputError, InputError, UsageError
from analyzer.ingest.kinds import MOST_SHOWN, kind_of, shown_name, shown_names
from analyzer.ingest.profiles import (
    DATE_WORDS,
    HEADER_WORDS,
    KNOWN_WORDS,
    ROLES,
    TIME_WORDS,
    Profile,
    Words,
    choose_profile,
    header_word,
)
from analyzer.ingest.recipes import Cell, Made, Recipe
from analyzer.ingest.sources import Chunk, Source
from analyzer.ingest.times import looks_like_time


@dataclass(frozen=True)
class ColumnMap:
    """Which columns of a source play which roles.

    Attributes
    ----------
    profile : Profile
        The profile in use.
    reason : str
        Why this profile.
    columns : dict of str to tuple of int
        Positions by role; a time may stand in two columns, date and time of day. Positions from
        the width of the source on are made by a recipe.
    words : dict of str to str
        What the columns are called, for notes and comparisons; positions where names may not be
        shown.
    showable : bool
        Whether `words` are names.
    explicit : frozenset of str
        Roles that the user mapped.
    """

    profile: Profile
    reason: str
    columns: dict[str, tuple[int, ...]]
    words: dict[str, str]
    explicit: frozenset[str] = frozenset()
    showable: bool = True
    made: Mapping[int, Made] = field(default_factory=dict)

    def with_roles(self, roles: Sequence[str], width: int) -> ColumnMap:
        """Give the map with all of some roles; those that it lacks are empty."""
        columns, words, made = dict(self.columns), dict(self.words), dict(self.made)
        for role in roles:
            if role not in columns:
                columns[role] = (max([width - 1, *made]) + 1,)
                made[columns[role][0]] = Made(Recipe(()), {})
                words[role] = "nothing"
        return replace(self, columns=columns, words=words, made=made)

    def chunks(
        self, source: Source, wanted: Sequence[int], span: Any = None
    ) -> Iterator[Chunk]:
        """Read the chunks of a source, with the columns that recipes make of others.

        A span, one that the source gave, is the stretch of the source that is read.
        """
        within = () if span is None else (span,)
        if not self.made:
            yield from source.chunks(wanted, *within)
            return
        given = [position for position in wanted if position not in self.made]
        making = [position for position in wanted if position in self.made]
        needed = {place for position in making for place in self.made[position].positions}
        for chunk in source.chunks(sorted({*given, *needed}), *within):
            for position in making:
                recipe = self.made[position]
                column = recipe.of(chunk.columns, len(chunk))
                chunk.columns[position] = column
                bad = [chunk.undecodable[p] for p in recipe.positions if p in chunk.undecodable]
                if bad:
                    lost = np.logical_or.reduce(bad) & np.asarray(column.is_null())
                    chunk.undecodable[position] = lost
            yield chunk


def is_header(rows: Sequence[Sequence[str]], columns: Mapping[str, str] | None = None) -> bool:
    """Say whether the first of some rows names the columns.

    A row of data holds a time; a header does not.

    Examples
    --------
    >>> is_header([["plate", "camera", "time"]])
    True
    >>> is_header([["01A123BC", "c1", "2026-03-01 10:00"]])
    False
    """
    first = rows[0]
    if any(looks_like_time(cell) for cell in first):
        return False
    words = {header_word(cell) for cell in first}
    if words & KNOWN_WORDS or words & {header_word(source) for source in columns or {}}:
        return True
    return any(looks_like_time(cell) for row in rows[1:] for cell in row)


def is_showable(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> bool:
    """Say whether a first row may be shown: only if it surely names columns and holds no plate.

    Two known words prove that; so do cells that are all different words without digits, over
    columns of which two or more hold digits.

    Examples
    --------
    >>> is_showable(["Plate", "Camera", "x1"]), is_showable(["01A123BC", "c1", "--"])
    (True, False)
    """
    if sum(header_word(name) in KNOWN_WORDS for name in header) > 1:
        return True
    names = [name.strip() for name in header]
    if len(set(names)) < len(names) or not all(re.fullmatch(r"[^\W\d]{2,}.*", n) for n in names):
        return False
    if any(c.isdigit() for name in names for c in name):
        return False
    with_digits = [
        column for column in zip(*(row for row in rows if len(row) == len(header)), strict=True)
        if all(any(c.isdigit() for c in cell) for cell in column)
    ]  # fmt: skip
    return len(with_digits) > 1


def check_columns(columns: Mapping[str, str] | None) -> dict[str, str]:
    """Check a mapping ``source column → role`` that the user gave.

    Raises
    ------
    UsageError
        If a target is not a role, or two sources claim one.
    """
    checked: dict[str, str] = {}
    for source, role in (columns or {}).items():
        source, role = str(source), "plate" if role == "vehicle" else str(role)
        if role not in ROLES:
            hint = " (write SOURCE=ROLE, not ROLE=SOURCE)" if source in ROLES else ""
            raise UsageError(
                f"--column {source}={role}: {role!r} is not a role{hint}; "
                f"roles are {', '.join(ROLES)}"
            )
        if role in checked.values():
            raise UsageError(f"--column: two columns are named for the role {role}; keep one")
        checked[source] = role
    return checked


def map_columns(
    where: str,
    header: Sequence[str],
    *,
    width: int,
    sample: Sequence[Sequence[str]] = (),
    profile: str | Profile = "auto",
    columns: Mapping[str, str] | None = None,
    tables: Mapping[str, Mapping[str, Any]] | None = None,
    required: Sequence[str] = ("plate", "camera", "seen_at"),
) -> ColumnMap:
    """Find out which column plays which role.

    Parameters
    ----------
    where : str
        Name of the source, for messages.
    header : sequence of str
        Column names; empty where the source has none.
    width : int
        Number of columns.
    sample : sequence of sequence of str
        First rows of a source without header; described by kinds of value, never shown.
    profile : str or Profile
        Name of a profile, ``"auto"``, the path of a mapping, or a profile found before.
    columns : mapping
        Role by source column (its name, its position from 1, or a text in double quotes that
        holds for every row), as the user gave it.
    tables : mapping
        Tables in which recipes look values up: arrows by column, ``"key"`` first.
    required : sequence of str
        Roles that must be found.

    Raises
    ------
    AmbiguousInputError
        If two columns claim a role.
    InputError
        If a required role, or a column that the user named, is not there.
    UsageError
        If the mapping or the profile is not one.

    Examples
    --------
    >>> found = map_columns("a.csv", ["No", "at", "cam"], width=3,
    ...                     columns={"at": "seen_at", "1": "plate"})
    >>> found.columns
    {'seen_at': (1,), 'plate': (0,), 'camera': (2,)}
    """
    chosen, reason = choose_profile(header, profile)
    words = _words(header)
    # A source that brings names without rows (a frame, Parquet) keeps names apart from values.
    showable = bool(header) and (not sample or is_showable(header, sample[1:]))
    seen = _what_was_seen(header, width, sample, showable)
    found: dict[str, tuple[int, ...]] = {}
    made: dict[int, Made] = {}
    labels: dict[str, str] = {}
    for source, role in check_columns(columns).items():
        if _is_quoted(source):
            found[role] = (width + len(made),)
            made[width + len(made)] = Made(Recipe((Cell(text=source[1:-1].strip()),)), {})
            labels[role] = "the text that the user gave"
        else:
            found[role] = (_position(where, source, header, words, width, seen),)
    explicit = frozenset(found)
    taken = {position for positions in found.values() for position in positions}
    absent: list[str] = []
    for role, recipe in chosen.columns.items():
        if role in found:
            continue
        recipe, places = _resolve(recipe, header, width, tables or {})
        if recipe is None:
            absent.append(role)
            continue
        if len(recipe.cells) == 1 and recipe.cells[0].is_plain:
            found[role] = (places[recipe.cells[0].column],)
        else:
            found[role] = (width + len(made),)
            made[width + len(made)] = Made(recipe, places, tables or {})
            labels[role] = recipe.label(
                {name: shown_name(header[p]) for name, p in places.items() if header}
            )
    if absent and not chosen.signature:
        # A mapping that the user wrote: a slip in it must not pass in silence.
        reason += f"; its columns for {', '.join(absent)} are not in the file"
    if not chosen.columns:
        for role, tiers in HEADER_WORDS.items():
            if role not in found:
                positions = _by_words(where, role, tiers, words, header, taken)
                if positions:
                    found[role] = positions
        if "seen_at" not in found:
            positions = _date_and_time(where, words, header, taken)
            if positions:
                found["seen_at"] = positions
    missing = [role for role in required if role not in found]
    if missing:
        example = _example(missing, header if showable else (), sample)
        raise InputError(
            f"{where}: no column found for {', '.join(missing)}. {seen} "
            f"Say which it is, for example {example}"
            + (
                ", or let positions be the places: --place-grid exact"
                if "camera" in missing and {"lat", "lon"} <= set(found)
                else ""
            )
        )
    names = {
        role: labels.get(role)
        or " + ".join(
            shown_name(header[p]) if showable else f"column {p + 1}" for p in positions
        )
        for role, positions in found.items()
    }
    return ColumnMap(chosen, reason, found, names, explicit, showable, made)


def _words(header: Sequence[str]) -> list[str]:
    """Reduce names to words; of dotted names that are not known as a whole, the last part."""
    words = []
    for name in header:
        word = header_word(name)
        path = name.split(".")
        inner = header_word(path[-1])
        # What stands in a list inside a record is one of many, and nothing is known by it.
        if len(path) > 1 and word not in KNOWN_WORDS and not any(p.isdecimal() for p in path):
            word = inner if inner in KNOWN_WORDS else word
        words.append(word)
    return words


def _is_quoted(source: str) -> bool:
    return len(source) > 2 and source[0] == source[-1] == '"' and bool(source[1:-1].strip())


def _resolve(
    recipe: Recipe, header: Sequence[str], width: int, tables: Mapping[str, Mapping[str, Any]]
) -> tuple[Recipe | None, dict[str, int]]:
    """Find the columns of a recipe; ways for which they are not there fall out."""
    exact = {name: p for p, name in reversed(list(enumerate(header)))}
    # Looked up by letters and digits too: exports differ in case and underscores.
    words = {header_word(name): p for p, name in reversed(list(enumerate(header)))}

    def place(name: str) -> int | None:
        if not header and name.isdecimal() and 1 <= int(name) <= width:
            return int(name) - 1
        return exact.get(name, words.get(header_word(name)))

    cells, places = [], {}
    for cell in recipe.cells:
        looked_up = cell.lookup is None or cell.lookup[1] in tables.get(cell.lookup[0], ())
        if looked_up and all(place(name) is not None for name in cell.needs):
            cells.append(cell)
            for name in (*cell.needs, *cell.may_need):
                if place(name) is not None:
                    places[name] = place(name)
        elif recipe.joined:
            return None, {}
    if not cells:
        return None, {}
    return Recipe(tuple(cells), recipe.joined), places


def _by_words(
    where: str,
    role: str,
    tiers: Words,
    words: Sequence[str],
    header: Sequence[str],
    taken: set[int],
) -> tuple[int, ...]:
    for tier in tiers:
        claims = [p for p, word in enumerate(words) if word in tier and p not in taken]
        if len(claims) > 1:
            raise _two_claims(where, role, claims, header)
        if claims:
            return (claims[0],)
    return ()


def _date_and_time(
    where: str, words: Sequence[str], header: Sequence[str], taken: set[int]
) -> tuple[int, ...]:
    dates = [p for p, word in enumerate(words) if word in DATE_WORDS and p not in taken]
    times = [p for p, word in enumerate(words) if word in TIME_WORDS and p not in taken]
    for claims in (dates, times):
        if len(claims) > 1:
            raise _two_claims(where, "seen_at", claims, header)
    return tuple(dates + times)


def _two_claims(
    where: str, role: str, claims: Sequence[int], header: Sequence[str]
) -> AmbiguousInputError:
    names = [shown_name(header[p]) for p in claims]
    if len(set(names)) < len(names) or names != [header[p] for p in claims]:
        names = [str(p + 1) for p in claims]
    if len(claims) > MOST_SHOWN or shown_names(names) != ", ".join(names):
        return AmbiguousInputError(
            f"{where}: {len(claims)} columns could all be {role}; say which it is by its position, "
            f"for example --column {claims[0] + 1}={role}"
        )
    return AmbiguousInputError(
        f"{where}: the columns {', '.join(names)} could all be {role}; say which it is, "
        f"for example --column {_quote(names[0])}={role}"
    )


def _position(
    where: str,
    source: str,
    header: Sequence[str],
    words: Sequence[str],
    width: int,
    seen: str,
) -> int:
    exact = [p for p, name in enumerate(header) if name == source]
    alike = [p for p, word in enumerate(words) if word and word == header_word(source)]
    for claims in (exact, alike):
        if len(claims) == 1:
            return claims[0]
        if len(claims) > 1:
            raise AmbiguousInputError(
                f"{where}: more than one column has the name given in --column; "
                f"name it by its position, from 1 to {width}"
            )
    if source.isdecimal() and 1 <= int(source) <= width:
        return int(source) - 1
    raise InputError(f"{where}: there is no column {source!r}. {seen}")


def _what_was_seen(
    header: Sequence[str], width: int, sample: Sequence[Sequence[str]], showable: bool
) -> str:
    if showable:
        return f"The header says: {shown_names(header)}."
    cells = header or (sample[0] if sample else ())
    kinds = "; ".join(f"{p}: {kind_of(cell)}" for p, cell in enumerate(cells[:MOST_SHOWN], 1))
    if len(cells) > MOST_SHOWN:
        kinds += f"; and {len(cells) - MOST_SHOWN:,} more"
    what = "The header has no word that is known" if header else "The file has no header line"
    return f"{what}; its {width} columns hold {kinds}." if kinds else f"{what}."


def _example(
    missing: Sequence[str], header: Sequence[str], sample: Sequence[Sequence[str]]
) -> str:
    """Show what to type.

    A column is named only where it can be no other: an example must not be a wrong answer.
    """
    free = [n for n in header if shown_name(n) == n and header_word(n) not in KNOWN_WORDS]
    if len(missing) == 1 and len(free) == 1:
        return f"--column {_quote(free[0])}={missing[0]}"
    named = dict.fromkeys(missing, "HEADER" if header else "NUMBER")
    row = () if header or not sample else sample[-1]
    times = [p for p, cell in enumerate(row, 1) if looks_like_time(cell)]
    if len(times) == 1 and "seen_at" in named:
        named["seen_at"] = str(times[0])
    return " ".join(f"--column {what}={role}" for role, what in named.items())


def _quote(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f"'{name}'"
