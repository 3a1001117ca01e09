"""What published counts give away: the attack against an enumeration of all whole numbers."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import UsageError
from analyzer.report.differencing import Knowledge, attack

K = 5


def enumerate_bounds(truth, columns: bool, published: set[str], hidden: set[str]):
    """Oracle: fill both rows of the table in every way; keep what agrees with what is published."""

    def fillings(row: str):
        total = truth[row]
        for first in range(total + 1):
            for second in range(total - first + 1):
                yield first, second, total - first - second

    fitting = []
    for x, y in itertools.product(fillings("x"), fillings("y")):
        size = {f"x{b}": x[at] for at, b in enumerate("pqr")}
        size |= {f"y{b}": y[at] for at, b in enumerate("pqr")}
        if columns:
            size |= {b: size[f"x{b}"] + size[f"y{b}"] for b in "pqr"}
        size |= {"x": sum(x), "y": sum(y), "all": sum(x) + sum(y)}
        if all(size[name] == truth[name] for name in published) and all(
            size[name] >= 1 for name in hidden
        ):
            fitting.append(size)
    return {
        name: (min(each[name] for each in fitting), max(each[name] for each in fitting))
        for name in truth
    }


@st.composite
def publications(draw):
    """A whole of up to 14, split once or twice along two features; some sizes are published."""
    cells = {f"{a}{b}": draw(st.integers(0, 4)) for a in "xy" for b in "pqr"}
    truth = dict(cells)
    sums = []
    for a in "xy":
        truth[a] = sum(cells[f"{a}{b}"] for b in "pqr")
        sums.append((a, tuple(f"{a}{b}" for b in "pqr")))
    columns = draw(st.booleans())
    if columns:
        for b in "pqr":
            truth[b] = cells[f"x{b}"] + cells[f"y{b}"]
            sums.append((b, (f"x{b}", f"y{b}")))
    truth["all"] = truth["x"] + truth["y"]
    sums.append(("all", ("x", "y")))
    published = {name for name in truth if draw(st.booleans())} | {"x", "y"}
    hidden = {name for name in cells if name not in published and truth[name] and
              draw(st.booleans())}  # fmt: skip
    return truth, sums, columns, published, hidden


@settings(max_examples=60, deadline=None)
@given(publications())
def test_the_attack_finds_what_an_enumeration_finds(publication):
    truth, sums, columns, published, hidden = publication
    known = Knowledge()
    for name, size in truth.items():
        if name in published:
            known.add(name, size, size)
        elif name in hidden:
            known.add(name, hidden=True)
        else:
            known.unknown(name)
    for whole, parts in sums:
        known.sum(whole, parts)
    bounds = enumerate_bounds(truth, columns, published, hidden)
    expected = {
        name
        for name, (low, high) in bounds.items()
        if (low >= 1 and high < K) or (name in hidden and high - low < K - 1)
    }
    found = {each.name: each for each in attack(known, K)}
    assert set(found) == expected
    for name, each in found.items():
        # Bounds stop where a group is known to be safe, so that only those of found ones are exact.
        assert (each.low, each.high) == bounds[name]
        assert each.low <= truth[name] <= each.high


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_a_share_and_its_n_give_away_what_is_small_on_either_side(found, rest):
    known = Knowledge()
    known.add("all", found + rest, found + rest)
    known.add("found", found, found)
    known.within("found", "all")
    small = {name for name, size in [("all", found + rest), ("found", found),
                                     ("all, not found", rest)] if 0 < size < 10}  # fmt: skip
    assert {each.name for each in attack(known, 10)} == small


def test_fractions_alone_do_not_make_a_group_safe():
    """Halves would fit: linear bounds are wider here than whole numbers allow."""
    known = Knowledge()
    for pair in ("ab", "bc", "ca"):
        known.add(pair, 7)
        known.sum(pair, tuple(pair))
    with pytest.raises(ValueError, match="contradict"):
        attack(known, 10)


def test_intervals_of_rounded_shares_are_used():
    known = Knowledge()
    known.add("all", 400)
    known.add("found", 397.8, 398.2)
    known.within("found", "all")
    assert [each.name for each in attack(known, 10)] == ["all, not found"]


def test_a_hidden_cell_must_stay_unknown_by_k_values():
    for total, revealed in ((20, ["small", "other"]), (23, [])):
        known = Knowledge()
        known.add("all", total)
        known.add("seen", 10)
        for name in ("small", "other"):
            known.add(name, hidden=True)
        known.sum("all", ["seen", "small", "other"])
        assert [each.name for each in attack(known, 10)] == revealed


def test_an_unbounded_group_is_no_finding():
    known = Knowledge()
    known.add("hidden", hidden=True)
    known.sum("whole", ["hidden", "rest"])
    assert attack(known, 10) == []
    assert math.isinf(known.groups["whole"].high)


def test_thresholds_under_five_are_refused():
    with pytest.raises(UsageError, match="threshold"):
        attack(Knowledge(), 4)
