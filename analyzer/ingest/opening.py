"""Opening: inputs become sources, their columns are mapped, files of different kinds refused."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analyzer.errors import AmbiguousInputError, InputError, UsageError
from analyzer.ingest.columns import ColumnMap, is_header, map_columns
from analyzer.ingest.documents import DocumentSource
from analyzer.ingest.formats import FrameSource, open_source
from analyzer.ingest.inputs import covered_name
from analyzer.ingest.lookups import companions_of, file_name, load_table, table_place
from analyzer.ingest.profiles import GENERIC, Profile, choose_profile
from analyzer.ingest.search_audit import refuse_search_audit
from analyzer.ingest.sources import Source
from analyzer.ingest.streams import Place
from analyzer.schema import SYNTHETIC
from analyzer.store import is_store


@dataclass
class Opener:
    """Opens the inputs of one reading.

    Attributes
    ----------
    columns, profile, table, encoding
        What the user said about the files.
    target : pathlib.Path or None
        Store that is to be written, in which no input may lie.
    place_grid : float or None
        Side of the cells that play the camera.
    cameras_given : bool
        Whether a list says where cameras stand.
    notes : list of str
        Where it is noted what was done.
    synthetic : bool
        Whether an input says of itself that it is made.
    """

    columns: dict[str, str]
    profile: str
    table: str | None
    encoding: str | None
    target: Path | None
    place_grid: float | None
    cameras_given: bool
    notes: list[str]
    synthetic: bool = False
    _tables: dict[Place, dict[str, Any]] = field(default_factory=dict)
    _given: list[Place] = field(default_factory=list)

    def open_all(
        self, inputs: Sequence[Place | pd.DataFrame], block: int
    ) -> tuple[list[Source], list[ColumnMap]]:
        """Open inputs in blocks of so many bytes; give the sources and the maps of their columns.

        Raises
        ------
        InputError
            If an input cannot be used, or files are of different kinds.
        UsageError
            If an input lies where it must not.
        """
        sources = self._without_companions([self._open(item, block) for item in inputs])
        nested = [source for source in sources if isinstance(source, DocumentSource)]
        for vendor in [source.profile for source in nested if source.profile.only][:1]:
            for source in nested:
                source.adopt(vendor)
        maps = [self._map(source) for source in sources]
        return sources, self._check_same_schema(sources, maps)

    def _without_companions(self, sources: list[Source]) -> list[Source]:
        """Set aside the files that are not sightings but are looked up in."""
        if len(sources) == 1:
            return sources
        profiles = []
        for source in sources:
            with contextlib.suppress(InputError):
                profiles.append(choose_profile(source.columns, self.profile)[0])
        names = companions_of(profiles)
        aside = [s for s in sources if file_name(getattr(s, "path", Path())) in names]
        self._given = [source.path for source in aside]
        return [source for source in sources if source not in aside]

    def _look_up(self, source: Source, profile: Profile) -> dict[str, dict[str, Any]]:
        tables = {}
        for name, table in profile.tables.items():
            place = table_place(profile, name, source, self._given)
            if place is None:
                self._note(f"{table['file']} does not lie beside the file: nothing is known "
                                f"of the {name}")  # fmt: skip
                continue
            if place not in self._tables:
                found = self._open(place, 1 << 20)
                self._tables[place] = load_table(found, table["key"])
                self._note(f"{table['file']} is looked up in")
            tables[name] = self._tables[place]
        return tables

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _open(self, item: Place | pd.DataFrame, block: int) -> Source:
        if isinstance(item, pd.DataFrame):
            return FrameSource(item)
        if isinstance(item, Path) and is_store(item):
            raise UsageError(f"{item} is a store; a store is opened alone, not among files")
        if isinstance(item, Path) and item.is_file() and self.target is not None:
            inside = item.resolve().is_relative_to(self.target.resolve())
            if inside:
                raise UsageError(f"{item} lies in the store that is to be written")
        source = open_source(
            item,
            lambda rows: is_header(rows, self.columns),
            block_bytes=block,
            profile=self.profile,
            table=self.table,
            encoding=self.encoding,
        )
        source.name = covered_name(item) or source.name
        return source

    def _map(self, source: Source) -> ColumnMap:
        if any(str(column).strip().lower() == SYNTHETIC for column in source.columns or ()):
            # Made data say so in a column of their own, wherever the file is carried to.
            self.synthetic = True
        if self.profile == "auto" and not self.columns:
            rows = source.head[1:] if source.has_header else source.head
            refuse_search_audit(source.name, source.columns or (), rows)
        required = ("plate", "seen_at")
        required += ("lat", "lon") if self.place_grid is not None else ("camera",)
        # Nested records were told apart by their profile already.
        profile = getattr(source, "profile", None) if self.profile == "auto" else None
        if profile is None or profile == GENERIC:
            profile = self.profile
        chosen = choose_profile(source.columns, profile)[0]
        mapped = map_columns(
            source.name,
            source.columns,
            width=source.width,
            sample=source.head,
            profile=profile,
            columns=self.columns,
            tables=self._look_up(source, chosen) if chosen.tables else None,
            required=() if getattr(source, "only_other_events", False) else required,
        )
        if getattr(source, "only_other_events", False):
            mapped = mapped.with_roles(required, source.width)
        if self.place_grid is not None:
            # The cell plays the camera: the reader's name is not needed.
            mapped.columns.pop("camera", None)
            mapped.words.pop("camera", None)
        if self.cameras_given:
            # The list says where cameras stand; what the rows say is not needed.
            for role in ("lat", "lon"):
                mapped.columns.pop(role, None)
                mapped.words.pop(role, None)
        if mapped.profile.moving and self.place_grid is None:
            raise AmbiguousInputError(
                f"{source.name}: {mapped.profile.title}: these readers move, so a reader is no "
                "place; say how large a place is, for example --place-grid 250m"
            )
        return mapped

    def _check_same_schema(
        self, sources: Sequence[Source], maps: list[ColumnMap]
    ) -> list[ColumnMap]:
        """Refuse files of different kinds; give the maps, all with the same roles."""
        if maps[0].profile.columns and all(m.profile == maps[0].profile for m in maps):
            # A vendor's records leave out what they do not know: no file of one kind differs.
            roles = list({role: None for mapped in maps for role in mapped.columns})
            maps = [m.with_roles(roles, s.width) for m, s in zip(maps, sources, strict=True)]
        first, first_map = sources[0], maps[0]
        for source, mapped in zip(sources[1:], maps[1:], strict=True):
            if mapped.profile == first_map.profile and (
                mapped.words == first_map.words or mapped.profile.columns
            ):
                continue
            roles = [role for role in {**first_map.words, **mapped.words}
                     if first_map.words.get(role) != mapped.words.get(role)]  # fmt: skip
            differences = (
                "; ".join(
                    f"{role}: {_where(first_map, role)} there, {_where(mapped, role)} here"
                    for role in roles
                )
                or f"{first_map.profile.name} there, {mapped.profile.name} here"
            )
            raise InputError(
                f"{source.name}: its columns differ from those of {first.name} ({differences}); "
                "read files of different kinds into the store one after the other, with a key file"
            )
        return maps


def _where(mapped: ColumnMap, role: str) -> str:
    return repr(mapped.words[role]) if role in mapped.words else "none"
