"""Attributes, chosen points and wrong points: every count equals that of sets in plain Python."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.policy.retention import sweep_retention
from analyzer.risk.adversary import CHOICES, Adversary
from analyzer.risk.choosing import ANY, Chooser, choose_points
from analyzer.risk.knowledge import count_fitting, draw_known, knowledge_of, parts_for
from analyzer.risk.matching import UNCAPPED
from analyzer.risk.unicity import measure_unicity
from tests.risk import oracle
from tests.risk.looks import VALUES, codes_of, sightings_with_looks, with_looks
from tests.risk.regions import AUTUMN, CAMERAS, DAY, HOUR, SPRING, random_rows, sightings_of
from tests.risk.test_points import LENGTHS, SPACES

ATTRIBUTES = tuple(VALUES)


def crowds_of(sightings, adversary, seed, *, cap=UNCAPPED):
    """Counts by target, from the two passes."""
    engine = LocalEngine()
    shared = knowledge_of(sightings, adversary, seed, engine)
    parts = parts_for(sightings, adversary)
    known = draw_known(parts, engine, shared)
    targets = known.of(np.flatnonzero(known.n_points >= adversary.points))
    counts = count_fitting(parts, engine, shared, targets, cap=cap)
    last = count_fitting(parts, engine, shared, targets, cap=cap, last_only=True)
    assert (last[:, 0] == counts[:, -1]).all()
    return dict(zip(targets.vehicle.tolist(), counts.tolist(), strict=True))


def expected_crowds(looked, attributes, adversary, seed, timezone="America/New_York", **options):
    place = oracle.places(SPACES[adversary.space], CAMERAS)
    return oracle.crowds(
        looked, timezone, LENGTHS[adversary.time], place, adversary.points, seed,
        codes=codes_of(looked, attributes), missed=adversary.missed, choose=adversary.choose,
        **options,
    )  # fmt: skip


def looked_rows(seed, attributes=ATTRIBUTES, **options):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, **{"start": SPRING, "busy": 0.3, **options})
    return with_looks(rng, rows, attributes)


@pytest.mark.parametrize("attributes", [("make",), ("color", "make"), ATTRIBUTES])
@pytest.mark.parametrize("missed", [0, 1, 2])
@pytest.mark.parametrize(("time", "space"), [("1h", "camera"), ("1D", "zone"), ("7D", "2km")])
def test_attributes_and_errors_equal_the_oracle(attributes, missed, time, space):
    looked = looked_rows([missed, len(attributes)], attributes, vehicles=40, days=3)
    sightings = sightings_with_looks(looked, attributes)
    adversary = Adversary(3, time, space, attributes, missed=missed)
    expected, _ = expected_crowds(looked, attributes, adversary, 5)
    assert crowds_of(sightings, adversary, 5) == expected
    assert crowds_of(sightings.with_parts(4), adversary, 5) == expected
    assert len({tuple(counts) for counts in expected.values()}) > (2 if time == "1h" else 5)


@pytest.mark.parametrize("missed", [1, 2, 4])
@pytest.mark.parametrize("room", [0, None])
def test_errors_without_attributes_equal_the_oracle(missed, room, monkeypatch):
    # With room for bits or without, lists are looked up in another way.
    if room is not None:
        monkeypatch.setattr("analyzer.risk.knowledge.post", _post_without_bits)
    rows = random_rows(np.random.default_rng(missed), vehicles=25, busy=0.3)
    looked = [(*row, ()) for row in rows]
    adversary = Adversary(5, "1D", "zone", missed=missed)
    expected, vehicles = expected_crowds(looked, (), adversary, 2)
    found = crowds_of(sightings_of(rows), adversary, 2)
    assert found == expected
    assert all(counts[:missed] == [vehicles] * missed for counts in found.values())


def _post_without_bits(vehicle, slot, n_slots):
    from analyzer.risk.postings import post

    return post(vehicle, slot, n_slots, most_bytes=0)


@pytest.mark.parametrize("cap", [1, 2, 3])
@pytest.mark.parametrize("missed", [0, 2])
def test_counts_end_at_the_cap(cap, missed):
    looked = looked_rows(3, ("make",), vehicles=25)
    sightings = sightings_with_looks(looked, ("make",))
    adversary = Adversary(4, "1D", "zone", ("make",), missed=missed)
    exact = crowds_of(sightings, adversary, 1)
    capped = crowds_of(sightings, adversary, 1, cap=cap)
    assert capped == {
        vehicle: [min(cap, count) for count in counts] for vehicle, counts in exact.items()
    }


@pytest.mark.parametrize(
    ("time", "space"), [("5h", "camera"), ("5h", "zone"), ("3D", "camera"), ("1D", "2km")]
)
def test_the_busiest_points_equal_the_oracle(time, space):
    rows = random_rows(np.random.default_rng(8), start=AUTUMN, vehicles=25, most=30)
    adversary = Adversary(3, time, space, choose="busiest")
    looked = [(*row, ()) for row in rows]
    expected, _ = expected_crowds(looked, (), adversary, 6)
    assert crowds_of(sightings_of(rows), adversary, 6) == expected
    anybody = expected_crowds(looked, (), replace(adversary, choose="random"), 6)[0]
    assert anybody != expected


@pytest.mark.parametrize(("time", "space"), [("1h", "camera"), ("1D", "zone"), ("7D", "2km")])
@pytest.mark.parametrize("seed", range(3))
def test_points_by_home_and_work_equal_the_oracle(time, space, seed, monkeypatch):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, vehicles=20, most=40)
    cameras = {vehicle: tuple(rng.integers(-1, 6, 2).tolist()) for vehicle in range(22)}
    place = oracle.places(SPACES[space], CAMERAS)
    anchors = {
        vehicle: tuple(None if camera < 0 else place[camera] for camera in pair)
        for vehicle, pair in cameras.items()
    }
    table = np.array([cameras[vehicle] for vehicle in range(22)], np.int32).T
    monkeypatch.setattr("analyzer.risk.choosing.find_anchors", lambda *_: (table[0], table[1]))
    adversary = Adversary(2, time, space, choose="home_work")
    looked = [(*row, ()) for row in rows]
    expected, _ = expected_crowds(looked, (), adversary, seed, anchors=anchors)
    assert crowds_of(sightings_of(rows), adversary, seed) == expected
    assert 3 < len(expected) < 22


def test_homes_and_works_are_those_that_are_found():
    # A commuter of a week: home by camera 0, work by camera 1, errands by camera 2; and somebody
    # who was only seen on errands.
    hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    vehicle = np.r_[np.zeros(28), [0] * 3, [1] * 9]
    hour = np.r_[hours, [12, 36, 60], 24 * np.arange(9) + 13]
    camera = np.r_[np.tile([0, 1, 1, 0], 7), [2] * 12]
    sightings = from_arrays(vehicle, hour * HOUR, camera)
    for points, places in ((1, {0}), (2, {0, 1}), (20, {0, 1})):
        adversary = Adversary(points, choose="home_work")
        engine = LocalEngine()
        shared = knowledge_of(sightings, adversary, 0, engine)
        known = draw_known(parts_for(sightings, adversary), engine, shared)
        assert known.n_points.tolist() == [28, 0]
        assert set((known.keys[0] % 3).tolist()) == places
    unicity = measure_unicity(sightings, Adversary(2, choose="home_work"))
    assert (unicity.targets, unicity.share.value, unicity.excluded.value) == (1, 1.0, 0.5)
    assert "no home and work" in unicity.summary()
    assert "2 sightings by home and by work, each to the hour" in unicity.summary()


def test_chosen_points_run_out_as_they_must():
    # Two points by home, four by work, on nine places: home, work, home, work, work, work.
    home, work = np.array([3]), np.array([5])
    distinct = np.array([9 + 3, 18 + 5, 27 + 3, 36 + 5, 45 + 5, 54 + 5, 63 + 8])
    known = np.zeros(9, np.int64)
    chooser = Chooser(CHOICES.index("home_work"), 24, home, work)
    assert choose_points(distinct, 0, 9, *chooser, 1, known) == 6
    assert (known[:6] % 9).tolist() == [3, 5, 3, 5, 5, 5]
    assert known[6:].tolist() == [0, 0, 0]
    nowhere = Chooser(CHOICES.index("home_work"), 24, np.array([-1]), work)
    assert choose_points(distinct, 0, 9, *nowhere, 1, known) == 0
    assert ANY.choice == CHOICES.index("random")


def test_a_look_is_one_of_a_sighting_and_not_put_together():
    # The target was seen there twice within the hour, as a red Kia and as a black Lada; the other
    # vehicle as a red Lada: it fits neither of the looks, though it fits each of their values.
    def singled_out(make, color):
        rows = [0, 0, 1], [0, 60_000, 120_000], [0, 0, 0]
        sightings = from_arrays(
            *rows, make=["Kia", "Lada", make], color=["red", "black", color]
        )
        share = measure_unicity(sightings, Adversary(1, attributes=("make", "color"))).share
        return share.value * share.n

    assert singled_out("Lada", "red") == 2
    assert singled_out(None, "red") == singled_out("Kia", "red")
    # A look that tells nothing fits everybody.
    assert singled_out(None, None) == 0


def test_a_sample_is_matched_against_all():
    looked = looked_rows(4, vehicles=30)
    sightings = sightings_with_looks(looked, ATTRIBUTES)
    adversary = Adversary(2, "1D", "zone", ATTRIBUTES)
    counts, vehicles = expected_crowds(looked, ATTRIBUTES, adversary, 7, sample=8)
    result = measure_unicity(sightings, adversary, sample=8, seed=7)
    alone = [sum(own[q] == 1 for own in counts.values()) for q in range(2)]
    assert [round(share.value * 8) for share in result.curve] == alone
    assert (result.targets, result.vehicles) == (8, vehicles)


population = st.builds(
    looked_rows,
    st.integers(0, 10_000),
    vehicles=st.integers(2, 14),
    most=st.integers(2, 14),
)
EXAMPLES = settings(max_examples=12, deadline=None, derandomize=True)


def alone(sightings, adversary, seed=0):
    counts = crowds_of(sightings, adversary, seed, cap=2)
    return {vehicle: own[-1] == 1 for vehicle, own in counts.items()}


@EXAMPLES
@given(population, st.sampled_from(["1h", "1D"]), st.sampled_from(["camera", "zone"]))
def test_more_knowledge_singles_out_more(looked, time, space):
    sightings = sightings_with_looks(looked, ATTRIBUTES)
    base = Adversary(3, time, space, missed=1)
    left = crowds_of(sightings, base, 0)
    for adversary in (
        replace(base, missed=0),
        replace(base, attributes=("color",)),
        replace(base, attributes=ATTRIBUTES),
        replace(base, attributes=ATTRIBUTES, missed=0),
    ):
        right = crowds_of(sightings, adversary, 0)
        assert left.keys() == right.keys()
        assert all(
            1 <= after <= before
            for vehicle in left
            for before, after in zip(left[vehicle], right[vehicle], strict=True)
        )
    for counts in left.values():
        assert counts == sorted(counts, reverse=True)


@EXAMPLES
@given(population, st.sampled_from(CHOICES[::2]), st.integers(0, 1))
def test_codes_of_labels_and_parts_do_not_matter(looked, choose, missed):
    adversary = Adversary(2, "1D", "zone", ATTRIBUTES, choose, missed)
    sightings = sightings_with_looks(looked, ATTRIBUTES)
    one = measure_unicity(sightings, adversary, seed=3)
    assert one == measure_unicity(sightings.with_parts(5), adversary, seed=3)
    renamed = [(v, ms, c, tuple(value and f"z{value}" for value in look))
               for v, ms, c, look in looked]  # fmt: skip
    assert one == measure_unicity(sightings_with_looks(renamed, ATTRIBUTES), adversary, seed=3)


def test_names_the_attributes_that_there_are():
    sightings = from_arrays([0, 1], [0, 0], [0, 0], make=["Kia", None], color=["red", "red"])
    with pytest.raises(UsageError, match=r"no column model; .*: make, color"):
        measure_unicity(sightings, Adversary(1, attributes=("make", "model")))
    with pytest.raises(UsageError, match="none"):
        measure_unicity(from_arrays([0], [0], [0]), Adversary(1, attributes=("make",)))


def test_a_column_without_any_value_tells_nothing():
    rows = [0, 1, 1], [0, 0, HOUR], [0, 0, 0]
    sightings = from_arrays(*rows, make=[None] * 3)
    known = measure_unicity(sightings, Adversary(1, attributes=("make",)))
    assert known.share == measure_unicity(sightings, Adversary(1)).share


def test_describes_what_is_known():
    adversary = Adversary(3, choose="busiest", attributes=("make", "seat_belt"), missed=1)
    assert adversary.describe() == (
        "3 sightings of its firmest habit, each to the hour and the camera, with make and seat "
        "belt, of which 1 may be wrong"
    )


# The retention sweep


def swept(looked, attributes, adversary, windows, seed):
    sightings = sightings_with_looks(looked, attributes)
    sweep = sweep_retention(sightings, windows, adversary, seed=seed)
    return sweep, [round(step.share.value * step.share.n) for step in sweep.windows]


@pytest.mark.parametrize("choose", ["random", "busiest"])
@pytest.mark.parametrize("missed", [0, 1])
@pytest.mark.parametrize("attributes", [(), ("make", "color")])
def test_a_window_that_shows_everything_shows_unicity(choose, missed, attributes):
    # One leak, on the day after the data end, and a window as long as the data.
    looked = looked_rows(12, attributes, vehicles=40, days=5, most=20)
    adversary = Adversary(3, "1D", "zone", attributes, choose, missed)
    sweep, alone = swept(looked, attributes, adversary, ["1D", "5D"], 4)
    assert len(sweep.leak_dates) == 1
    result = measure_unicity(sightings_with_looks(looked, attributes), adversary, seed=4)
    assert alone[-1] == round(result.share.value * result.targets)
    assert alone[0] <= alone[-1]


@pytest.mark.parametrize("missed", [0, 1])
def test_windows_equal_the_oracle_with_attributes_and_errors(missed):
    attributes = ("make", "color")
    looked = looked_rows(13, attributes, vehicles=40, days=5, most=20, busy=1.0)
    adversary = Adversary(3, "1D", "zone", attributes, missed=missed)
    sweep, found = swept(looked, attributes, adversary, ["1D", "2D", "5D"], 5)
    place = oracle.places("zone", CAMERAS)
    made = oracle.making(looked, "America/New_York", LENGTHS["1D"], place)
    last_day = max(day for own in made.values() for _, (day, _) in own)
    for days, alone in zip((1, 2, 5), found, strict=True):
        expected = 0
        for vehicle, own in made.items():
            if len(own) < 3:
                continue
            known = oracle.order_of_draw(vehicle, own, 5, LENGTHS["1D"])[:3]
            left = [point for point in known if (last_day - point[1][0]).days < days]
            looks = {
                point: oracle.look_known(vehicle, own[point], 5, codes_of(looked, attributes))
                for point in left
            }
            fitting = sum(
                sum(
                    any(oracle.agrees(looks[p], look) for *_, look in theirs.get(p, ()))
                    for p in left
                )
                >= len(left) - missed
                for theirs in made.values()
            )
            expected += bool(left) and fitting == 1
        assert alone == expected
    assert 0 < found[-1] < sweep.windows[-1].share.n


def test_the_sweep_refuses_what_long_bins_cannot_tell():
    sightings = from_arrays([0, 1], [0, DAY], [0, 0], make=["Kia", "BYD"])
    for adversary in (Adversary(1, "7D", attributes=("make",)), Adversary(2, "7D", missed=1)):
        with pytest.raises(UsageError, match="time='1D' or shorter"):
            sweep_retention(sightings, ["1D"], adversary)
    assert sweep_retention(sightings, ["1D"], Adversary(1, "7D", choose="busiest")).windows


def test_too_many_vehicles_to_compare_are_refused_with_a_remedy(monkeypatch):
    monkeypatch.setattr("analyzer.risk.tolerant.MOST_LOOKED_AT", 100)
    sightings = sightings_of(random_rows(np.random.default_rng(1), vehicles=30))
    assert measure_unicity(sightings, Adversary(2, "7D", "2km")).targets > 20
    with pytest.raises(TooMuchWorkError, match="sample=1_000"):
        measure_unicity(sightings, Adversary(2, "7D", "2km", missed=1))
