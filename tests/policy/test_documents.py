"""Documents of one store, side by side, give no small group away."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from analyzer.array_sightings import from_arrays
from analyzer.cli import main
from analyzer.engine import get_engine
from analyzer.policy.compare import compare_policies
from analyzer.policy.kept_counts import fewest_in_sums
from analyzer.policy.policy import Policy
from analyzer.policy.populations import count_populations, told_number, told_numbers
from analyzer.policy.retention import sweep_retention
from analyzer.policy.shown_rows import EVERYTHING, ShownRows, find_shown_rows
from analyzer.report.publication import check_contents
from analyzer.risk.adversary import Adversary
from analyzer.synthetic import make_region

K = 10
DAY, HOUR = 86_400_000, 3_600_000
POLICIES = """
[month]
retention = "21D"
[fortnight]
retention = "14D"
[week]
retention = "7D"
[day]
retention = "1D"
[coarse]
retention = "7D"
time = "1D"
[names]
retention = "14D"
rotation = "7D"
"""
BETWEEN = """
[longest]
retention = "LONGEST"
[odd]
retention = "15D"
[even]
retention = "13D"
[six]
retention = "6D"
[three]
retention = "3D"
[one]
retention = "1D"
"""
"""Lengths between the usual ones, on the leaks of the usual sweep where LONGEST is its longest."""

RISKS = [f"--risk={risk}" for risk in ("unicity", "homes", "works", "commutes")]


def run(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(
    scope="module",
    params=[(60, 10, 4, "dense"), (150, 14, 2, "dense"), (300, 28, 1, "dense"),
            (400, 40, 3, "sparse")],
    ids=lambda param: f"{param[0]}-{param[1]}",
)  # fmt: skip
def documents(request, tmp_path_factory):
    """All that the verbs for who writes rules say of one store, and a report and a brief of it."""
    folder = tmp_path_factory.mktemp("documents")
    vehicles, days, seed, regime = request.param
    store = folder / "store"
    make_region(vehicles, days, seed=seed, regime=regime).sightings.save(store)
    (folder / "policies.toml").write_text(POLICIES, encoding="utf-8")
    run("report", store, "-o", folder / "report")
    report = {
        str(path.relative_to(folder / "report")): path.read_text(encoding="utf-8")
        for pattern in ("*.json", "*.html", "tables/*.csv")
        for path in (folder / "report").glob(pattern)
        if path.name != "info.json"
    }
    told = {"brief.txt": run("brief", store, "-o", folder / "brief.html")}
    told["brief.html"] = (folder / "brief.html").read_text(encoding="utf-8")
    as_json = ["--format", "json"]
    told["retention.json"] = run("retention", store, *RISKS, *as_json)
    told["rules.json"] = run("retention", store, "--rules", *RISKS, *as_json)
    told["compare.json"] = run("compare", store, folder / "policies.toml", *RISKS, *as_json)
    told["recommend.json"] = run(
        "recommend", store, "--target", "unicity=0.3", "--target", "homes=0.3", *as_json
    )
    return {**report, **told}


def test_all_documents_together_give_no_small_group_away(documents):
    check = check_contents(documents, K)
    assert check.holds, check.summary()
    assert not check.contradictory


@pytest.mark.parametrize(
    ("vehicles", "days", "seed", "regime", "longest"),
    [(300, 28, 1, "dense", "21D"), (400, 40, 3, "sparse", "30D"),
     (500, 28, 5, "sparse", "21D")],
)  # fmt: skip
def test_lengths_between_the_usual_ones_give_none_away(
    tmp_path, vehicles, days, seed, regime, longest
):
    sightings = make_region(vehicles, days, seed=seed, regime=regime).sightings
    sightings.save(tmp_path / "store")
    policies = tmp_path / "policies.toml"
    policies.write_text(BETWEEN.replace("LONGEST", longest), encoding="utf-8")
    as_json = ["--format", "json"]
    told = {
        "retention.json": run("retention", tmp_path / "store", *RISKS, *as_json),
        "compare.json": run("compare", tmp_path / "store", policies, *RISKS, *as_json),
    }
    one, other = (json.loads(text) for text in told.values())
    assert one["knowledge_days"] == other["knowledge_days"]
    assert one["leak_dates"] == other["leak_dates"]
    check = check_contents(told, K)
    assert check.holds, check.summary()


def test_the_attack_sees_what_two_documents_tell_together(documents):
    """Where one document counts three vehicles fewer than the others do, they are given away."""
    changed = json.loads(documents["compare.json"])
    told = json.loads(documents["retention.json"])["windows"]
    n = max(step["share"]["n"] for step in told if step["risk"] == "homes")
    for each in changed["policies"]:
        each["risks"]["homes"]["n"] = n - 3
    check = check_contents({**documents, "compare.json": json.dumps(changed)}, K)
    assert not check.holds


def test_documents_tell_the_same_of_the_same_length(documents):
    def of(name):
        sweep = json.loads(documents[name])
        return sweep["leak_dates"], sweep["knowledge_days"], {
            (step["risk"], step["days"]): step["share"]["n"] for step in sweep["windows"]
            if step["status"] != "not measurable"
        }  # fmt: skip

    leaks, history, plain = of("retention.json")
    assert (leaks, history) == of("rules.json")[:2]
    ruled = of("rules.json")[2]
    assert all(ruled[key] == n for key, n in plain.items())


def test_numbers_of_vehicles_that_differ_by_few_are_one():
    assert told_numbers((500, 495, 480, 100), K) == (500, 480, 100)
    rng = np.random.default_rng(0)
    for _ in range(300):
        told = told_numbers(rng.integers(0, 80, 5), K)
        for n in rng.integers(1, max(told) + 1, 5):
            shown = told_number(int(n), told, K)
            assert shown >= n
            assert all(shown == each or abs(shown - each) >= K for each in told)


def test_populations_are_those_of_the_usual_sweep():
    sightings = make_region(vehicles=80, days=12, seed=3).sightings
    vehicles, regular, seen, targets = count_populations(sightings, Adversary(), get_engine())
    sweep = sweep_retention(
        sightings, ("1D", "3D", "7D", "14D"), risks=("unicity", "homes")
    )
    assert vehicles == sweep.vehicles
    assert regular == sweep.until_half[0].days.n
    assert seen == sweep.of("homes")[0].share.n
    assert targets == sweep.of("unicity")[0].share.n


def sparse_rows(rng, days=24, vehicles=30):
    """Some days on which three vehicles drive, some on which thirty do."""
    rows = [
        (vehicle, day * DAY + int(rng.integers(0, 24)) * HOUR, 0)
        for day in range(days)
        for vehicle in rng.permutation(vehicles)[: 3 if day % 5 else vehicles]
    ]
    return np.array(sorted(rows)).T


@pytest.mark.parametrize("seed", range(6))
def test_shares_of_the_sightings_tell_of_no_few_vehicles(seed):
    """Oracle: the vehicles seen on the days between any two windows that are told."""
    vehicle, seen_at, camera = sparse_rows(np.random.default_rng(seed))
    sightings = from_arrays(vehicle, seen_at, camera)
    windows = tuple(f"{days}D" for days in (1, 2, 3, 4, 5, 6, 7, 8, 12, 14, 20))
    sweep = sweep_retention(sightings, windows, Adversary(points=1), until_half=False)
    shown = sweep.published(K)
    told = [step.days for step in shown.windows if not math.isnan(step.exposed_rows)]
    assert told and len(told) < len(shown.windows)
    day = seen_at // DAY
    for low, high in [(low, high) for high in (*told, 10**6) for low in (0, *told) if low < high]:
        between = set()
        for leak in map(np.datetime64, sweep.leak_dates):
            back = leak.astype("datetime64[D]").astype(int) - day
            between |= set(vehicle[(back > low) & (back <= high)])
        assert not 0 < len(between) < K
    exact = {step.days: step.exposed_rows for step in sweep.windows}
    assert all(step.exposed_rows == exact[step.days] for step in shown.windows
               if step.days in told)  # fmt: skip


def test_further_windows_do_not_change_which_usual_ones_are_told():
    vehicle, seen_at, camera = sparse_rows(np.random.default_rng(1))
    sightings = from_arrays(vehicle, seen_at, camera)
    runner = get_engine()
    plain = find_shown_rows(sightings, [24], [1, 7], runner)
    more = find_shown_rows(sightings, [24], range(1, 20), runner)
    assert plain.usual == more.usual
    usual = {1, 3, 7, 14, 21}
    assert plain.told([1, 7], K) & usual == more.told(range(1, 20), K) & usual
    assert ShownRows({}, {}).told([], K) == set()
    assert max(plain.every) == EVERYTHING


def test_what_three_policies_keep_does_not_add_up_to_all_but_few():
    """Three sets of cameras hold everything but the sightings of two vehicles at a fourth."""
    rng = np.random.default_rng(2)
    rows = [(vehicle, int(day) * DAY + hour * HOUR, (vehicle + hour) % 3)
            for vehicle in range(60) for day in range(12) for hour in (7, 12, 18)]  # fmt: skip
    rows += [(vehicle, int(rng.integers(0, 12)) * DAY, 3) for vehicle in (0, 1)]
    vehicle, seen_at, camera = np.array(sorted(rows)).T
    sightings = from_arrays(vehicle, seen_at, camera)
    names = sightings.camera_table["name"].tolist()
    policies = {name: Policy(None, cameras=(name,)) for name in names[:3]}
    compared = compare_policies(sightings, policies, Adversary(points=1), risks=["unicity"])
    assert all(outcome.kept > 0.3 for outcome in compared.outcomes)
    kept = [outcome.kept for outcome in compared.published(K).outcomes]
    assert [math.isnan(each) for each in kept] == [False, False, True]
    both = {"both": Policy(None, cameras=tuple(names[:2])), **policies}
    shown = compare_policies(sightings, both, Adversary(points=1), risks=["unicity"]).published(K)
    assert not math.isnan(shown["both"].kept)


@pytest.mark.parametrize("seed", range(4))
def test_sums_of_kept_counts_equal_the_oracle(seed):
    rng = np.random.default_rng(seed)
    everything = rng.integers(3, 9, 40)
    others = [np.zeros(40, int), everything, *(rng.integers(0, 3, 40) for _ in range(3)), None]
    counts = rng.integers(0, 3, 40)
    found = fewest_in_sums(counts, others)
    assert set(found) == {(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)}
    for (one, two), fewest in found.items():
        sizes = set()
        for signs in ((1, -1, -1), (-1, 1, -1), (-1, -1, 1)):
            total = sum(sign * each for sign, each in
                        zip(signs, (counts, others[one], others[two]), strict=True))  # fmt: skip
            sizes.add(int((total != 0).sum()))
        if one > 1:
            sizes.add(int((everything - counts - others[one] - others[two] != 0).sum()))
        assert fewest == min(size for size in sizes if size)
