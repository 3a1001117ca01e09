"""Open stores: the curves side by side are those of single sweeps; visits are a risk of them."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from analyzer.errors import UsageError
from analyzer.policy.compare import compare_policies
from analyzer.policy.open_store import UNBOUNDED, sweep_open_store
from analyzer.policy.policy import Policy
from analyzer.policy.retention import sweep_retention
from analyzer.risk.inference import measure_inference
from analyzer.synthetic import make_region
from tests.process_engine import ProcessEngine

WINDOWS = ("1D", "3D", "7D", "60D")
RISKS = ("unicity", "homes", "companions", "linkage")


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=200, days=21, seed=6).sightings


@pytest.fixture(scope="module")
def opened(region):
    return sweep_open_store(
        region, WINDOWS, open_for=("0D", "4D", "180D"), seed=1, risks=RISKS
    )


def test_each_curve_is_that_of_its_own_sweep(region, opened):
    for sweep in opened.sweeps:
        alone = sweep_retention(
            region, WINDOWS, open_for=f"{sweep.open_days}D", seed=1, risks=RISKS,
            until_half=False,
        )  # fmt: skip
        assert alone.to_dict() == {**sweep.to_dict(), "days_until_half": []}
    assert opened.closed.until_half
    shares = {
        sweep.open_days: [step.share.value for step in sweep.of("unicity")[:3]]
        for sweep in opened.sweeps
    }
    assert shares[0][0] < shares[4][0] < shares[180][0]
    # A store that stood open for longer than there are data gives away all of them, kept or not.
    assert len(set(shares[180])) == 1


def test_says_that_no_limit_bounds_a_breach(opened):
    said = opened.summary()
    assert UNBOUNDED in said
    assert "Had the store stood open for 180 days (singled out): kept 1 day:" in said
    assert "The data hold 21 days: a store that exposes more gives away at least" in said
    assert [each["open_days"] for each in opened.to_dict()["open"]] == [4, 180]
    json.dumps(opened.to_dict(), allow_nan=False)
    table = opened.to_pandas()
    assert table["open_days"].unique().tolist() == [0, 4, 180]
    assert len(opened.plot().get_lines()) >= 3


@pytest.mark.parametrize("open_for", [(), "30D", ("12h",)])
def test_refuses_odd_openings(region, open_for):
    with pytest.raises(UsageError, match="open_for"):
        sweep_open_store(region, WINDOWS, open_for=open_for)


@pytest.fixture(scope="module")
def sites(region):
    cameras = region.cameras.geometry
    return pd.DataFrame(
        {
            "lat": cameras.y.to_numpy()[[0, 1, 2, 3, 28]] + 0.003,
            "lon": cameras.x.to_numpy()[[0, 1, 2, 3, 28]] + 0.003,
            "category": ["medical"] * 4 + ["rare"],
            "min_minutes": [10.0] * 4 + [60.0],
            "max_minutes": [2_000.0] * 4 + [240.0],
        }
    )


def test_visits_are_those_of_the_inference(region, sites):
    sweep = sweep_retention(region, ["1D", "7D", "21D"], sites=sites, until_half=False)
    assert sweep.risks == ("unicity", "visits: medical", "visits: rare")
    steps = sweep.of("visits: medical")
    # The longest window shows all of the data: who is exposed there is exposed in it.
    (whole,) = (
        each
        for each in measure_inference(region, sites, draws=20).sites
        if each.category == "medical" and each.days == 1
    )
    assert steps[2].share.n == region.n_vehicles
    assert steps[2].share.value == whole.share.value > 0
    assert steps[1].share.value < steps[2].share.value
    assert 0 <= steps[2].share.baseline < 1
    assert "plausibly at a site of the category “medical”" in sweep.summary()
    apart = sweep_retention(
        region.with_parts(4), ["1D", "7D", "21D"], sites=sites, until_half=False,
        engine=ProcessEngine(seed=3),
    )  # fmt: skip
    assert json.dumps(apart.to_dict()) == json.dumps(sweep.to_dict())


def test_few_visitors_are_never_given(region, sites):
    sweep = sweep_retention(region, ["1D", "7D"], sites=sites, until_half=False)
    compared = compare_policies(
        region, {"week": Policy("7D"), "day": Policy("1D")}, risks=["visits"], sites=sites
    )
    assert compared.risks == ("visits: medical", "visits: rare")
    shares = [step.share for step in sweep.windows if step.risk != "unicity"]
    shares += [each for outcome in compared.outcomes for each in outcome.risks.values()]
    for share in shares:
        count = 0 if math.isnan(share.value) else round(share.value * share.n)
        assert count == 0 or count >= 10
    assert any(share.method.startswith("withheld") for share in shares)
    assert "plausibly at a site (medical)" in compared.summary()
    assert compared["week"].risks["visits: medical"].value == (
        sweep.of("visits: medical")[1].share.value
    )


def test_visits_need_sites(region):
    with pytest.raises(UsageError, match="needs the sensitive sites"):
        sweep_retention(region, ["1D"], risks=["visits"])


def test_says_on_which_sample_pairs_rest(region):
    sweep = sweep_retention(region, ["7D"], risks=["companions"], sample=60, until_half=False)
    assert sweep.of("companions")[0].share.n == 60
    assert "Companions were looked for among 60 vehicles, drawn by chance" in sweep.summary()
    assert "linkage for as many at each change" in sweep.summary()
    whole = sweep_retention(region, ["7D"], risks=["companions"], until_half=False)
    assert whole.sample is None
