"""Daily motifs: graphs of days by hand, and which of them are the same by networkx."""

from __future__ import annotations

from itertools import pairwise

import networkx
import numpy as np
import pytest

from analyzer.patterns.motifs import (
    DAY_BEGINS_MS,
    MAX_NODES,
    MORE,
    UNSEEN,
    canonical,
    day_graphs,
    find_motifs,
    graph_edges,
    motif_name,
)
from analyzer.patterns.places import find_places
from analyzer.patterns.trips import find_trips

from . import lives
from .lives import DAY, HOUR

LONGEST = 120 * HOUR


def graph_of(code):
    graph = networkx.DiGraph(graph_edges(code))
    graph.add_nodes_from(range(code >> MAX_NODES**2))
    return graph


def random_code(random, nodes):
    edges = [(a, b) for a in range(nodes) for b in range(nodes) if a != b]
    kept = [edge for edge in edges if random.uniform() < 0.4]
    return nodes << MAX_NODES**2 | sum(1 << MAX_NODES * a + b for a, b in kept)


@pytest.mark.parametrize("nodes", [2, 3, 4])
def test_motifs_are_equal_where_networkx_says_so(nodes):
    random = np.random.default_rng(nodes)
    codes = [random_code(random, nodes) for _ in range(30)]
    for one in codes:
        assert networkx.is_isomorphic(graph_of(one), graph_of(canonical(one)))
        for other in codes:
            same = networkx.is_isomorphic(graph_of(one), graph_of(other))
            assert same == (canonical(one) == canonical(other))


def days_by_hand(vehicle, start, end, place):
    """Walk each day's stays with sets and lists."""
    found = []
    for one in dict.fromkeys(vehicle):
        rows = [i for i in range(len(vehicle)) if vehicle[i] == one]
        first, last = start[rows[0]], end[rows[-1]]
        for day in range(first // DAY - 1, last // DAY + 2):
            begins = day * DAY + DAY_BEGINS_MS
            if begins < first or begins + DAY > last:
                continue
            stays = [i for i in rows if start[i] < begins + DAY and end[i] > begins]
            names = [place[i] if place[i] >= 0 else ("once", i) for i in stays]
            order = list(dict.fromkeys(names))
            if any(end[i] - start[i] > LONGEST for i in stays):
                found.append((one, day, UNSEEN))
            elif len(order) > MAX_NODES:
                found.append((one, day, MORE))
            elif order:
                edges = {
                    (order.index(a), order.index(b))
                    for a, b in pairwise(names)
                    if a != b
                }
                code = sum(1 << MAX_NODES * a + b for a, b in edges)
                found.append((one, day, len(order) << MAX_NODES**2 | code))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_days_are_those_by_hand(seed):
    random = np.random.default_rng(seed)
    vehicle, start, end, place = [], [], [], []
    for one in range(5):
        at = 20_000 * DAY + int(random.integers(0, DAY))
        for _ in range(int(random.integers(1, 40))):
            length = int(random.exponential(6 * HOUR)) if random.uniform() < 0.97 else 150 * HOUR
            vehicle.append(one)
            start.append(at)
            end.append(at + length)
            place.append(int(random.integers(-1, 9)))
            at += length + int(random.integers(1, HOUR))
    found = day_graphs(
        np.array(vehicle), np.array(start), np.array(end), np.array(place), LONGEST
    )
    expected = days_by_hand(vehicle, start, end, place)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@pytest.fixture(scope="module")
def sightings():
    return lives.sightings_of(lives.everybody() * 3)


def test_a_commuter_goes_there_and_back():
    places = find_places(find_trips(lives.sightings_of([lives.day_worker()])))
    table = find_motifs(places).to_pandas()
    assert table["motif"].iloc[0] == "A>B B>A"
    assert table["days"].sum() == find_motifs(places).days
    assert table["share"].sum() == pytest.approx(1)
    assert (table["vehicles"] == 1).all()


def test_parts_do_not_change_motifs_and_one_vehicle_has_its_own(sightings):
    whole = find_motifs(find_places(find_trips(sightings)))
    split = find_motifs(find_places(find_trips(sightings.with_parts(7))))
    assert whole.to_pandas().equals(split.to_pandas())
    alone = [find_motifs(find_places(find_trips(sightings.of(f"v{i}")))).days for i in range(12)]
    assert sum(alone) == whole.days
    assert "vehicle-days" in whole.summary()
    assert whole.plot().get_xlabel()


def test_names_tell_the_ways():
    assert motif_name(1 << MAX_NODES**2) == "A"
    assert motif_name(MORE) == "more than 6 places"
