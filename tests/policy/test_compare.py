"""Policies compared: equal to the oracle, to the sweep, and to itself in parts."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from analyzer.errors import UsageError
from analyzer.estimate import wilson
from analyzer.policy.benefit import AGES, Uses
from analyzer.policy.compare import compare_policies
from analyzer.policy.hits import KNOWN
from analyzer.policy.policy import Policy
from analyzer.policy.retention import sweep_retention
from analyzer.risk.adversary import Adversary
from analyzer.synthetic import make_region
from tests.policy.release_oracle import release, singled_out
from tests.process_engine import ProcessEngine
from tests.risk import oracle
from tests.risk.regions import CAMERAS, random_rows, sightings_of
from tests.risk.test_points import LENGTHS as BINS
from tests.risk.test_points import SPACES

NEW_YORK = "America/New_York"


def latest_known(rows, leak_date, history, n_points, seed, length, place):
    """Numbers of the rows that are known of each vehicle: the latest that make its drawn points."""
    points = oracle.points_of(rows, NEW_YORK, length, place)
    before = oracle.within(points, leak_date - timedelta(days=history), leak_date)
    known = {}
    for vehicle, own in before.items():
        if len(own) < n_points:
            continue
        known[vehicle] = []
        for point in oracle.order_of_draw(vehicle, own, seed, length)[:n_points]:
            made = [
                (ms, camera, at)
                for at, (who, ms, camera) in enumerate(rows)
                if who == vehicle
                and (place[camera], oracle.time_bin(ms, NEW_YORK, length)) == point
                and oracle.local_date(ms, NEW_YORK) < leak_date
            ]
            known[vehicle].append(max(made)[2])
    return known


@pytest.mark.parametrize(
    "policy",
    [
        Policy("4D"),
        Policy("4D", time="6h", space="zone"),
        Policy("4D", time="1D", space="2km"),
        Policy("4D", rotation="1D"),
        Policy("4D", rotation="7D", cameras=0.5),
        Policy("2D", min_k=2),
        Policy("4D", time="45min", hits=("v0", "v1", "v2", "v14", "v15")),
        Policy("0D"),
    ],
    ids=Policy.describe,
)
@pytest.mark.parametrize(("time", "space"), [("1h", "camera"), ("1D", "zone"), ("7D", "2km")])
def test_unicity_equals_the_oracle(policy, time, space):
    from analyzer.policy.applying import kept_cameras

    rng = np.random.default_rng(len(policy.describe()))
    length, place = BINS[time], oracle.places(SPACES[space], CAMERAS)
    rows = random_rows(rng, days=12, vehicles=14, most=20)
    # One sighting an instant and vehicle, so that "the latest" is one row.
    rows = sorted({(vehicle, ms): (vehicle, ms, camera) for vehicle, ms, camera in rows}.values())
    sightings = sightings_of(rows)
    compared = compare_policies(
        sightings, {"four": Policy("4D"), "other": policy}, Adversary(2, time, space), 3,
        risks=["unicity"],
    )  # fmt: skip
    assert compared.knowledge_days == 4
    assert len(compared.leak_dates) >= 2
    longer = {None: None, "45min": timedelta(minutes=45), "6h": timedelta(hours=6),
              "1D": timedelta(days=1), "7D": timedelta(days=7)}  # fmt: skip
    for outcome, of in zip(compared.outcomes, (Policy("4D"), policy), strict=True):
        alone = targets = 0
        for leak in map(date.fromisoformat, compared.leak_dates):
            released = release(
                rows, timezone=NEW_YORK, leak_date=leak, days=of.days,
                kept=set(kept_cameras(of.cameras, sightings.camera_table, 3).tolist()),
                vehicles=of.hits and {int(name[1:]) for name in of.hits}, length=longer[of.time],
                place=None if of.space is None else oracle.places(SPACES[of.space], CAMERAS),
                period=longer[of.rotation], min_k=of.min_k,
            )  # fmt: skip
            # What is released is known as finely as it is shown, and no finer than it was known.
            where = _places_of_released(of.space, space)
            released = {
                at: (vehicle, number, ms, where[camera])
                for at, (vehicle, number, ms, camera) in released.items()
            }
            for known in latest_known(rows, leak, 4, 2, 3, length, place).values():
                targets += 1
                alone += singled_out(released, known, NEW_YORK, length) == "alone"
        assert outcome.risks["unicity"].value == alone / targets
    assert compared.outcomes[0].risks["unicity"].value > 0


def _places_of_released(released_space, space):
    """What an adversary who knows places so finely can tell apart in what is released."""
    if released_space is None:
        return dict(enumerate(oracle.places(SPACES[space], CAMERAS)))
    places = oracle.places(SPACES[released_space], CAMERAS)
    table = {}
    for code, place in enumerate(places):
        members = [CAMERAS[at] for at, other in enumerate(places) if other == place]
        if space == "camera" or (space == "zone" and released_space == "zone") or space == "zone":
            table[place] = place
        elif released_space == "zone":
            lat = np.nanmean([lat for lat, _, _ in members])
            lon = np.nanmean([lon for _, lon, _ in members])
            table[place] = ("cell", oracle.cell(lat, lon, SPACES[space]))
        else:
            table[place] = place
        assert code < len(CAMERAS)
    return table


def test_retention_alone_is_the_sweep():
    sightings = sightings_of(random_rows(np.random.default_rng(8), days=20, vehicles=30, most=30))
    windows = ("1D", "3D", "6D")
    for open_for in ("0D", "2D"):
        sweep = sweep_retention(sightings, windows, Adversary(2), open_for, 5)
        compared = compare_policies(
            sightings, {window: Policy(window) for window in windows}, Adversary(2), 5,
            risks=["unicity"], open_for=open_for,
        )  # fmt: skip
        assert compared.leak_dates == sweep.leak_dates
        for step in sweep.windows:
            outcome = compared[step.window]
            assert outcome.risks["unicity"].value == step.share.value
            assert outcome.risks["unicity"].n == step.share.n
            assert outcome.status == step.status


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=250, days=21, seed=5)


POLICIES = {
    "week": Policy("7D"),
    "day": Policy("1D"),
    "new names": Policy("7D", rotation="1D"),
    "rounded": Policy("7D", time="1h", space="zone"),
    "few cameras": Policy("7D", cameras=0.2),
    "year": Policy("365D"),
}


@pytest.fixture(scope="module")
def compared(region):
    return compare_policies(region.sightings, POLICIES, Adversary(points=3))


def test_parts_and_processes_change_no_digit(region, compared):
    apart = compare_policies(
        region.sightings.with_parts(5), POLICIES, Adversary(points=3),
        engine=ProcessEngine(seed=4),
    )  # fmt: skip
    assert apart.to_dict() == compared.to_dict()


def test_less_kept_is_less_risk(compared):
    risks = {outcome.name: outcome.risks for outcome in compared.outcomes}
    for risk in ("unicity", "homes", "works", "commutes"):
        assert risks["day"][risk].value < risks["week"][risk].value
        assert compared["day"].differences[risk].high < 0
        assert compared["week"].differences[risk].value == 0
    # New names every day stop what needs several days, and not that a few sightings single out.
    assert risks["new names"]["homes"].value == 0
    assert risks["new names"]["unicity"].value > 0.3
    assert not risks["rounded"]["companions"].is_measured
    assert "cannot be told" in risks["rounded"]["companions"].method
    assert compared["year"].status == "not measurable"
    assert compared["day"].kept < compared["week"].kept < 1
    assert compared["rounded"].traffic < compared["week"].traffic < 1
    assert all(0 <= risk.baseline < 0.2 for risk in risks["week"].values())


def test_undominated_policies_are_not_beaten(compared):
    marked = {outcome.name for outcome in compared.outcomes if outcome.undominated}
    assert "day" in marked
    assert "year" not in marked
    # It shows as much, and the same names for longer: worse for people, and no better for use.
    assert "week" not in marked


def test_says_what_it_found(compared):
    said = compared.summary()
    assert "week (kept 7 days; attributes dropped): singled out" in said
    assert "year (kept 365 days; attributes dropped): not measurable." in said
    assert "The data are synthetic." in said
    table = compared.to_pandas()
    assert table["policy"].tolist() == list(POLICIES)
    assert (table["unicity_low"] <= table["unicity"]).to_numpy()[:5].all()
    assert compared.plot().get_xlabel() == "vehicles: singled out (%)"


def test_uses_served_come_from_the_users_file_alone(region):
    two = {"week": Policy("7D"), "day": Policy("1D")}
    without = compare_policies(region.sightings, two, risks=["unicity"])
    assert without["week"].served is None
    assert "served" not in without.to_pandas()
    uses = Uses(np.array([0.1, 0.5, 3.0, 9.0]), AGES, 0)
    with_uses = compare_policies(region.sightings, two, risks=["unicity"], uses=uses)
    assert with_uses["week"].served.value == 0.75
    assert with_uses["day"].served.value == 0.5
    assert uses.caveat in with_uses.summary()


@pytest.mark.parametrize(
    ("policies", "options", "message"),
    [
        ({}, {}, "write one or more"),
        (["30D"], {}, "write one or more"),
        ({"a": Policy("400D")}, {}, "the data cover 21 days"),
        ({"a": Policy("7D")}, {"risks": ["gossip"]}, "'gossip' is not known"),
        ({"a": Policy("7D")}, {"risks": []}, "none is given"),
    ],
)
def test_what_cannot_be_compared_is_refused(region, policies, options, message):
    with pytest.raises(UsageError, match=message):
        compare_policies(region.sightings, policies, **options)


def test_rotation_is_undone_by_linkage_and_never_changing_needs_none(region):
    two = {"month": Policy("14D"), "new names": Policy("14D", rotation="7D")}
    compared = compare_policies(
        region.sightings, two, Adversary(points=2), risks=["unicity", "linkage", "predictability"]
    )
    never, weekly = (compared[name].risks["linkage"] for name in two)
    assert (never.value, never.method) == (1.0, "by definition: pseudonyms never change")
    assert weekly.baseline < 0.02 < weekly.value < 1
    assert compared["new names"].differences["linkage"].high < 0
    # Nobody has a hundred destinations in two weeks: not measured, and said so.
    told = compared["month"].risks["predictability"]
    assert not told.is_measured


def test_hits_that_name_nobody_are_refused_and_not_shown(region):
    with pytest.raises(UsageError, match="none of the 2 names listed is a vehicle") as caught:
        compare_policies(region.sightings, [Policy("7D")], hits=["01A123BC", "x9"])
    said = str(caught.value)
    assert "pseudonyms" in said and "01A123BC" not in said and "x9" not in said


def test_share_of_kept_data_that_was_searched_for(region, tmp_path):
    frame = region.sightings.to_pandas()
    names = sorted(frame["vehicle"].unique())[:15]
    path = tmp_path / "searched.txt"
    path.write_text("\n".join([*names, "nobody", "", names[0]]) + "\n", encoding="utf-8")
    policies = {"week": Policy("7D"), "new names": Policy("7D", rotation="1D")}
    with pytest.warns(UserWarning, match="^15 of the 16 names searched for") as caught:
        compared = compare_policies(region.sightings, policies, risks=["unicity"], hits=path)
    assert not any(name in str(caught[0].message) for name in [*names, "nobody"])
    assert compared.searched == wilson(15, 16, method=KNOWN)
    assert compared.to_dict()["searched"]["n"] == 16
    assert "Of the 16 names" in compared.summary()
    # That one of the names is no vehicle here is about one vehicle.
    assert not compared.published(10).searched.is_measured
    leak = compared.leak_dates[-1]
    end = np.datetime64(leak)
    local = frame["seen_at"].dt.tz_localize(None)
    kept = frame[(local < end) & (local >= end - np.timedelta64(7, "D"))]
    for outcome in compared.outcomes:
        assert outcome.hits.value == kept["vehicle"].isin(names).mean()
        assert outcome.hits.n == len(kept)
        assert outcome.hit_vehicles == len(set(kept["vehicle"]) & set(names))
    assert "of the kept sightings, searched for" in compared.summary()
    few = compare_policies(region.sightings, policies, risks=["unicity"], hits=names[:3])
    hidden = few.published(10)
    assert not hidden["week"].hits.is_measured
    assert hidden.to_dict()["policies"][0]["hits"]["value"] is None
    assert compare_policies(region.sightings, policies, risks=["unicity"])["week"].hits is None
