"""Background: what a question about one vehicle's companions needs to know of everybody else.

Whether two vehicles travel together is judged against chance, and chance is measured on the whole
population: that is nearly all the work, and the same for every vehicle. So what comes out of it
(some numbers a camera, and the companions left out of the traffic) is kept, in memory and beside
the data of a store, by what was asked; and the next question needs only the rows of the vehicle and
of those it met.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass

import numpy as np
import pyarrow as pa

from analyzer.patterns import cotravel
from analyzer.patterns.chance import Chance
from analyzer.patterns.cotravel import CoTravel
from analyzer.patterns.judgement import Judgement, Model, Usual
from analyzer.patterns.pair_passes import Opportunities
from analyzer.patterns.pairs import Terms
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.store.derived import open_derived, write_derived

METHOD = 1
"""Raised whenever the same data give other figures than before: what was kept is then not used."""

_SCHEMA = pa.schema(
    [("name", pa.string()), ("integers", pa.list_(pa.int64())), ("numbers", pa.list_(pa.float64()))]
)


@dataclass(frozen=True)
class Background:
    """What is known of chance in a population.

    Attributes
    ----------
    model : Model
        The model of chance.
    usual : Usual
        What the population does, companions left out.
    thresholds : numpy.ndarray of int64
        Closeness from which on a journey belongs to each level above the lowest.
    opportunities : Opportunities
        Opportunities to travel together.
    travellers, encounters : int
        Vehicles with a trip at enough cameras, and encounters of all vehicles.
    """

    model: Model
    usual: Usual
    thresholds: np.ndarray
    opportunities: Opportunities
    travellers: int
    encounters: int

    @classmethod
    def of(cls, passes: CoTravel, judged: Judgement) -> Background:
        """Take it from a search that was made."""
        return cls(
            judged.model, judged.usual, passes.thresholds, passes.opportunities,
            len(passes.travellers), passes.encounters,
        )  # fmt: skip

    def to_rows(self) -> Rows:
        """Give all of it as arrays."""
        model, usual, there = self.model, self.usual, self.opportunities
        return {
            "levels": _written(model.levels),
            "by_traffic": _written(model.by_traffic),
            "shares": model.shares,
            "mixture": model.mixture,
            "journeys": usual.journeys,
            "anybody": np.array([usual.anybody]),
            "left_out": usual.left_out.ravel(),
            "thresholds": self.thresholds,
            "by_hour": there.by_hour,
            "by_way": there.by_way,
            "by_camera": there.by_camera,
            "counts": np.array([self.travellers, self.encounters]),
        }

    @classmethod
    def from_rows(cls, rows: Rows) -> Background:
        """Make it from its arrays again."""
        travellers, encounters = rows["counts"].tolist()
        return cls(
            Model(
                _read(rows["levels"]), rows["shares"], rows["mixture"], _read(rows["by_traffic"])
            ),
            Usual(rows["journeys"], float(rows["anybody"][0]), rows["left_out"].reshape(-1, 2)),
            rows["thresholds"],
            Opportunities(rows["by_hour"], rows["by_way"], rows["by_camera"]),
            travellers,
            encounters,
        )


def _written(levels: tuple[Chance, ...]) -> np.ndarray:
    return np.array([astuple(chance) for chance in levels], float).ravel()


def _read(numbers: np.ndarray) -> tuple[Chance, ...]:
    return tuple(
        Chance(weight, worth, int(shifts), spread)
        for weight, worth, shifts, spread in numbers.reshape(-1, 4).tolist()
    )


def question(sightings: Sightings, terms: Terms, seed: int, few: int) -> str:
    """Name what the background depends on, beside the data of the store."""
    asked = METHOD, astuple(terms), seed, few, cotravel.PROBED_SIGHTINGS, sightings.view_ms
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


def find_kept(sightings: Sightings, asked: str) -> Background | None:
    """Find a background that is kept, in memory or beside the data."""
    known = sightings.store.memory
    if asked not in known:
        file = open_derived(sightings.store, _name(asked))
        if file is None:
            return None
        with file:
            table = file.read(use_threads=False).to_pydict()
        columns = zip(table["name"], table["integers"], table["numbers"], strict=True)
        known[asked] = Background.from_rows(
            {
                name: np.array(numbers, float) if integers is None else np.array(integers, np.int64)
                for name, integers, numbers in columns
            }
        )
    return known[asked]


def keep(sightings: Sightings, asked: str, background: Background) -> None:
    """Keep a background in memory and, where that can be written, beside the data."""
    store = sightings.store
    store.memory[asked] = background
    rows = background.to_rows()
    whole = {name: column.dtype.kind == "i" for name, column in rows.items()}
    table = pa.table(
        [
            list(rows),
            [column.tolist() if whole[name] else None for name, column in rows.items()],
            [None if whole[name] else column.tolist() for name, column in rows.items()],
        ],
        schema=_SCHEMA,
    )
    write_derived(store, _name(asked), _SCHEMA, lambda writer: writer.write_table(table))


def _name(asked: str) -> str:
    return f"companions-{asked}.parquet"
