import numpy as np
import pytest

from analyzer.risk.matching import UNCAPPED, count_all_matches
from analyzer.risk.postings import MOST_BYTES, post, post_days
from analyzer.risk.window_matching import count_window_matches


def random_part(rng, n_vehicles, n_slots, density):
    """Sorted rows, some of slot -1, some repeated; and which slots each vehicle holds."""
    rows = []
    for vehicle in range(n_vehicles):
        # Slots of very unequal popularity, so that long lists meet short ones.
        popular = rng.random(n_slots) < density * np.linspace(0.05, 2, n_slots)
        rows += [(3 * vehicle, slot) for slot in np.flatnonzero(popular)]
        rows += [(3 * vehicle, -1)] * int(rng.integers(0, 3))
    rows += [rows[i] for i in rng.integers(0, len(rows), 20)]
    rows.sort()
    held = {}
    for vehicle, slot in rows:
        held.setdefault(vehicle, set()).add(int(slot))
    vehicle, slot = (np.array(column, np.int32) for column in zip(*rows, strict=True))
    return vehicle, slot, held


def test_postings_list_each_holder_once():
    vehicle, slot, held = random_part(np.random.default_rng(0), 50, 12, 0.3)
    postings = post(vehicle, slot, 12)
    for number in range(12):
        expected = sorted(own for own, slots in held.items() if number in slots)
        own = postings.holders[postings.offsets[number] : postings.offsets[number + 1]]
        assert postings.vehicles[own].tolist() == expected


@pytest.mark.parametrize("room", [0, 3 * 8 * 11, MOST_BYTES])
def test_bits_say_what_the_longest_lists_say(room):
    vehicle, slot, held = random_part(np.random.default_rng(0), 700, 12, 0.3)
    postings = post(vehicle, slot, 12, most_bytes=room)
    lengths = np.diff(postings.offsets)
    with_bits = np.flatnonzero(postings.row_of_bits >= 0)
    assert len(with_bits) == {0: 0, 3 * 8 * 11: 3, MOST_BYTES: 12}[room]
    assert set(np.sort(lengths)[::-1][: len(with_bits)]) == set(lengths[with_bits])
    for number in with_bits:
        row = postings.bits[postings.row_of_bits[number]]
        ranks = [rank for rank in range(700) if int(row[rank // 64]) >> (rank % 64) & 1]
        expected = [own for own, slots in held.items() if number in slots]
        assert postings.vehicles[ranks].tolist() == sorted(expected)


@pytest.mark.parametrize("room", [0, 2 * 8 * 11, MOST_BYTES])
@pytest.mark.parametrize("n_vehicles", [3, 40, 700])
@pytest.mark.parametrize("density", [0.05, 0.4, 0.9])
@pytest.mark.parametrize("n_points", [1, 2, 5])
def test_matches_equal_brute_force(room, n_vehicles, density, n_points):
    rng = np.random.default_rng([n_vehicles, int(100 * density), n_points])
    vehicle, slot, held = random_part(rng, n_vehicles, 10, density)
    # What vehicles of this part know are their own points; those of other parts know any.
    known = [
        rng.permutation(sorted(slots - {-1}))[:n_points]
        for slots in held.values()
        if len(slots - {-1}) >= n_points
    ]
    known += [rng.permutation(10)[:n_points] for _ in range(20)]
    known = np.array(known, np.int32)
    postings = post(vehicle, slot, 10, most_bytes=room)
    for asked, count in zip(known.tolist(), count_all_matches(known, postings), strict=True):
        assert count == sum(set(asked) <= slots for slots in held.values())


@pytest.mark.parametrize("cap", [1, 2, UNCAPPED])
@pytest.mark.parametrize("n_points", [1, 2, 4])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("room", [0, 16, MOST_BYTES])
def test_window_matches_equal_brute_force(room, cap, n_points, seed):
    rng = np.random.default_rng([seed, n_points])
    n_slots, reach = 6, np.array([1, 2, 5, 9, 30])
    rows = sorted(
        {
            (int(rng.integers(0, 25)), int(rng.integers(-1, n_slots)), int(rng.integers(0, 20)))
            for _ in range(int(rng.integers(60, 900)))
        },
        key=lambda row: (row[0], row[2]),
    )
    vehicle, slot, day = (np.array(column) for column in zip(*rows, strict=True))
    known, shown_from, leak_days, wanted = [], [], [], []
    for _ in range(60):
        slots, leak = rng.permutation(n_slots)[:n_points], int(rng.integers(5, 22))
        seen = np.sort(rng.integers(0, leak, n_points))[::-1]
        first = [next((w for w, r in enumerate(reach) if last >= leak - r), 5) for last in seen]
        known.append(slots)
        leak_days.append(leak)
        shown_from.append(first)
        expected = []
        for window, days in enumerate(reach):
            asked = {
                int(s) for s, since in zip(slots, first, strict=True) if since <= window
            }
            held = {}
            for v, s, d in rows:
                if leak - days <= d < leak:
                    held.setdefault(v, set()).add(s)
            matching = sum(asked <= own for own in held.values()) if asked else 0
            expected.append(min(cap, matching))
        wanted.append(expected)
    vehicle, slot = vehicle.astype(np.int32), slot.astype(np.int32)
    postings = post(vehicle, slot, n_slots, most_bytes=room)
    counts = count_window_matches(
        np.array(known, np.int32),
        np.array(shown_from, np.int64),
        np.array(leak_days, np.int64),
        reach,
        postings,
        post_days(vehicle, slot, day, postings),
        cap,
    )
    assert counts.tolist() == wanted


def test_lists_of_one_length_of_which_some_have_bits():
    # Slots 0 to 5 are held by 100 vehicles each, and there is room for the bits of three.
    rng = np.random.default_rng(3)
    rows = sorted((int(v), s) for s in range(6) for v in rng.permutation(200)[:100])
    vehicle, slot = (np.array(column, np.int32) for column in zip(*rows, strict=True))
    postings = post(vehicle, slot, 6, most_bytes=3 * 8 * 4)
    assert (postings.row_of_bits >= 0).sum() == 3
    held = [set(vehicle[slot == s].tolist()) for s in range(6)]
    known = np.array([rng.permutation(6)[:3] for _ in range(200)], np.int32)
    for points in (1, 2, 3):
        counts = count_all_matches(np.ascontiguousarray(known[:, :points]), postings)
        for slots, count in zip(known, counts, strict=True):
            assert count == len(set.intersection(*(held[s] for s in slots[:points])))


@pytest.mark.parametrize("room", [0, MOST_BYTES])
@pytest.mark.parametrize("n_vehicles", [40, 20_000])
def test_all_matches_are_counted_whole(room, n_vehicles):
    # With many vehicles a list is several blocks of words long.
    rng = np.random.default_rng(n_vehicles)
    held = rng.random((n_vehicles, 8)) < np.linspace(0.02, 0.9, 8)
    vehicle, slot = (column.astype(np.int32) for column in np.nonzero(held))
    known = np.array([rng.permutation(8)[:4] for _ in range(60)], np.int32)
    known[::7, 2:] = -1
    known[::11] = -1
    postings = post(vehicle, slot, 8, most_bytes=room)
    for row, count in zip(known, count_all_matches(known, postings), strict=True):
        asked = row[row >= 0]
        assert count == (held[:, asked].all(axis=1).sum() if len(asked) else 0)
