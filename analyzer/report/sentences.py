"""Sentences: what an assessment found, said plainly, each figure with its interval and its limits.

The wording stands in one catalogue, so that it can be translated; functions only choose and fill.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analyzer.report.content import Finding
from analyzer.report.disclosure import DEFAULT_K
from analyzer.units import DAY_MS, parse_duration

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.estimate import Estimate
    from analyzer.patterns.overview import PatternsOverview

SENTENCES = {
    "unicity": "{points} sightings single out {share}.",
    "unicity_few": (
        "Of the vehicles that are seen at {points} different places and times or more, {points} "
        "sightings single out {share}; {excluded} of all vehicles are seen less often."
    ),
    "unicity_none": (
        "No vehicle is seen at {points} different places and times, so it cannot be measured how "
        "many vehicles {points} sightings single out."
    ),
    "unicity_caveat": (
        "Each sighting is known {resolution}. Measured on {n} vehicles against all "
        "{vehicles}; a blind guess would be right for one in {vehicles}."
    ),
    "retention": (
        "Of {n} vehicles seen often enough, a leak singles out {low_share} if sightings are kept "
        "for {short}, and {high_share} if they are kept for {long}."
    ),
    "retention_one": (
        "Of {n} vehicles seen often enough, a leak singles out {high_share} if sightings are kept "
        "for {long}."
    ),
    "retention_none": (
        "What a leak exposes for each length of keeping cannot be measured: no vehicle is seen "
        "often enough in the time that the data cover."
    ),
    "retention_caveat": (
        "The adversary knows {points} sightings of a vehicle from the {longest} before the leak; "
        "those already deleted help nobody. The {n} are those seen at {points} different places "
        "and times or more in that time, of {vehicles} in all."
    ),
    "linkage": (
        "New pseudonyms every {rotation} would not keep vehicles apart: of those seen before and "
        "after a change, {share} are known again at the first guess by what they do."
    ),
    "linkage_chance": (
        "New pseudonyms every {rotation} would keep vehicles apart here: known again at the first "
        "guess are {share}, no more than chance gives."
    ),
    "linkage_caveat": (
        "Profiles of places and hours in adjacent periods are matched; the adversary was chosen on "
        "earlier periods, never on the answers. A blind guess would be right for {baseline}. Trips "
        "that the change cuts are not among them: they are linked by their continuation."
    ),
    "homes": "The area of the home is inferred for {share}.",
    "works": "The area of the work place is inferred for {share}.",
    "commutes": "A commute between home and work is inferred for {share}.",
    "companions": (
        "A companion (another vehicle with which it travels more often than habit and traffic "
        "explain) is found for {share}."
    ),
    "regular": "Of those seen {often} times or more: {share}.",
    "inference_caveat": (
        "Inferred, not verified: methods are calibrated on synthetic data. Guessing the commonest "
        "answer for everybody would be right for {baseline}."
    ),
    "companions_caveat": (
        "At a false discovery rate of {max_fdr} among the pairs. A single joint journey is rarely "
        "significant, so most couples who seldom travel together are not among them."
    ),
    "few_in_all": "fewer than {k} vehicles",
    "few": "fewer than {k} vehicles (under {share_below} %)",
    "none": "no vehicle",
    "once": "{share} are seen only once.",
    "once_caveat": (
        "About a vehicle that is seen once the data tell one place and one time. Misread plates "
        "are among them: each makes a vehicle that does not exist, and lowers the other shares."
    ),
}


def publishable(estimate: Estimate, k: int = DEFAULT_K) -> Estimate | None:
    """Withhold a share that stands for 1 to k − 1 vehicles, or is one of so few."""
    count = round(estimate.value * estimate.n) if estimate.is_measured else 0
    return None if 0 < count < k or 0 < estimate.n < k else estimate


def share_text(estimate: Estimate, k: int = DEFAULT_K) -> str:
    """Write a share of vehicles; a count from 1 to k − 1 is not given away.

    Examples
    --------
    >>> from analyzer.estimate import wilson
    >>> share_text(wilson(930, 1000)), share_text(wilson(3, 1000)), share_text(wilson(0, 1000))
    ('93 % of vehicles (91–94 %)', 'fewer than 10 vehicles (under 1 %)', 'no vehicle')
    """
    if publishable(estimate, k) is None:
        return _few(estimate.n, k)
    if estimate.value == 0:
        return SENTENCES["none"]
    return estimate.percent("vehicles")


def _few(n: int, k: int) -> str:
    if n <= k:
        return SENTENCES["few_in_all"].format(k=k)
    below = 100 * min(k / max(n, 1), 1)
    return SENTENCES["few"].format(
        k=k, share_below=f"{below:.0f}" if below >= 10 else f"{below:.2g}"
    )


def unicity_finding(
    share: Estimate, excluded: Estimate, *, points: int, resolution: str, vehicles: int
) -> Finding:
    """Say how many vehicles a few sightings single out."""
    name = f"unicity-{points}-points"
    if not share.is_measured:
        return Finding(name, SENTENCES["unicity_none"].format(points=points), share, "singling out")
    key = "unicity_few" if excluded.value > 0.1 else "unicity"
    sentence = SENTENCES[key].format(
        points=points,
        share=_figure(share) if key == "unicity_few" else share_text(share),
        excluded=f"{100 * excluded.value:.0f} %",
    )
    caveat = SENTENCES["unicity_caveat"].format(
        resolution=resolution, n=f"{share.n:,}", vehicles=f"{vehicles:,}"
    )
    return Finding(name, sentence, publishable(share), "singling out", caveat)


def retention_finding(sweep: pd.DataFrame, *, points: int, vehicles: int) -> Finding:
    """Say what a leak exposes when sightings are kept for a short and for a long time."""
    measured = sweep[sweep["status"] != "not measurable"].sort_values("days")
    measured = measured[measured["value"].notna()]
    if not len(measured):
        return Finding("retention", SENTENCES["retention_none"], None, "singling out")
    short, long = measured.iloc[0], measured.iloc[-1]
    key = "retention" if len(measured) > 1 else "retention_one"
    sentence = SENTENCES[key].format(
        short=window_text(short["window"]),
        long=window_text(long["window"]),
        low_share=_figure(_estimate(short)),
        high_share=_figure(_estimate(long)),
        n=f"{int(long['n']):,}",
    )
    caveat = SENTENCES["retention_caveat"].format(
        points=points,
        longest=window_text(long["window"]),
        n=f"{int(long['n']):,}",
        vehicles=f"{vehicles:,}",
    )
    return Finding("retention", sentence, publishable(_estimate(long)), "singling out", caveat)


def _figure(estimate: Estimate) -> str:
    """Write a share, or that it stands for few vehicles."""
    return estimate.percent() if publishable(estimate) else share_text(estimate)


def _estimate(row: pd.Series) -> Estimate:
    from analyzer.estimate import Estimate

    return Estimate(
        float(row["value"]),
        float(row["low"]),
        float(row["high"]),
        int(row["n"]),
        str(row["method"]),
        float(row["baseline"]),
    )


def window_text(window: str) -> str:
    """Write a length of keeping as people say it.

    Examples
    --------
    >>> window_text("1D"), window_text("21D"), window_text("12h")
    ('one day', '21 days', '12h')
    """
    days, rest = divmod(parse_duration(window), DAY_MS)
    if rest:
        return window
    return "one day" if days == 1 else f"{days} days"


def linkage_finding(success: Estimate, *, rotation: str) -> Finding:
    """Say how many vehicles are known again although their pseudonyms change."""
    above = success.low > (success.baseline or 0)
    sentence = SENTENCES["linkage" if above else "linkage_chance"].format(
        rotation=window_text(rotation), share=_figure(success)
    )
    caveat = SENTENCES["linkage_caveat"].format(baseline=f"{100 * (success.baseline or 0):.2g} %")
    figure = _without_small_baseline(publishable(success), DEFAULT_K)
    return Finding("linkage", sentence, figure, "linkability", caveat)


def inference_findings(
    estimates: dict[str, Estimate],
    regular: dict[str, Estimate] | None = None,
    *,
    often: int = 0,
    max_fdr: float,
) -> list[Finding]:
    """Say for how many vehicles a home, a work place, a commute, a companion is inferred.

    Parameters
    ----------
    estimates : dict of str to Estimate
        Shares of all vehicles.
    regular : dict of str to Estimate, optional
        Shares of the vehicles that are seen `often` times or more.
    often : int
        How often a regular vehicle is seen.
    max_fdr : float
        Share of false pairs among the companions, at most.
    """
    findings = []
    for name, estimate in estimates.items():
        if name == "companions":
            caveat = SENTENCES["companions_caveat"].format(max_fdr=f"{100 * max_fdr:.0f} %")
        else:
            caveat = SENTENCES["inference_caveat"].format(baseline=_baseline_text(estimate))
        sentence = SENTENCES[name].format(share=share_text(estimate))
        also = (regular or {}).get(name)
        if also is not None and estimate.value > 0 and _both_publishable(estimate, also):
            sentence += " " + SENTENCES["regular"].format(share=also.percent(), often=often)
        figure = _without_small_baseline(publishable(estimate), DEFAULT_K)
        findings.append(Finding(name, sentence, figure, "inference", caveat))
    return findings


def _baseline_text(estimate: Estimate) -> str:
    known = _without_small_baseline(estimate, DEFAULT_K)
    if known is None or known.baseline is None:
        return _few(estimate.n, DEFAULT_K)
    return f"{100 * known.baseline:.1f} %"


def _both_publishable(all_vehicles: Estimate, regular: Estimate, k: int = DEFAULT_K) -> bool:
    """Whether two nested figures can stand together: their difference is a figure too."""
    found = [round(each.value * each.n) if each.n else 0 for each in (all_vehicles, regular)]
    differences = (found[0] - found[1], all_vehicles.n - regular.n)
    return (
        publishable(all_vehicles, k) is not None
        and publishable(regular, k) is not None
        and not any(0 < difference < k for difference in differences)
    )


def published_figures(patterns: PatternsOverview, k: int = DEFAULT_K) -> dict[str, dict[str, Any]]:
    """Give the figures about all vehicles, and about regular ones, as they may be published.

    Parameters
    ----------
    patterns : PatternsOverview
        What was inferred.
    k : int
        Smallest count of vehicles that is shown.

    Returns
    -------
    dict
        ``"all"`` and ``"regular"``: by name an `Estimate`, or None where the figure, or its
        difference to the other one, stands for 1 to k − 1 vehicles. A baseline that stands for
        so few is left out.
    """
    figures: dict[str, dict[str, Any]] = {"all": {}, "regular": {}}
    for name, estimate in patterns.estimates.items():
        regular = patterns.regular[name]
        together = _both_publishable(estimate, regular, k)
        figures["all"][name] = _without_small_baseline(publishable(estimate, k), k)
        figures["regular"][name] = _without_small_baseline(regular, k) if together else None
    return figures


def _without_small_baseline(estimate: Estimate | None, k: int) -> Estimate | None:
    """Leave out a baseline that stands for few, or for all but few of what the share stands for."""
    if estimate is None or estimate.baseline is None:
        return estimate
    chance = estimate.baseline * estimate.n
    rest = round(estimate.value * estimate.n - chance) if estimate.is_measured else 0
    return replace(estimate, baseline=None) if 0 < chance < k or 0 < rest < k else estimate


def published_table(patterns: PatternsOverview, k: int = DEFAULT_K) -> pd.DataFrame:
    """Give the same figures as a table: inferred, of, value, low, high, n, method, baseline."""
    import pandas as pd

    rows = [
        {"inferred": name, "of": of, **({} if estimate is None else estimate.to_dict())}
        for of, figures in published_figures(patterns, k).items()
        for name, estimate in figures.items()
    ]
    columns = ["inferred", "of", "value", "low", "high", "n", "method", "baseline"]
    return pd.DataFrame(rows, columns=columns)


def population_sentences(patterns: PatternsOverview) -> str:
    """Say what is inferred about how many vehicles, with no count under the threshold."""
    findings = inference_findings(
        patterns.estimates,
        patterns.regular,
        often=patterns.often,
        max_fdr=patterns.max_fdr,
    )
    said = [finding.sentence for finding in findings]
    return "\n".join([*said, patterns.not_looked_for] if patterns.not_looked_for else said)


def once_finding(once: Estimate) -> Finding:
    """Say how many vehicles are seen only once."""
    sentence = SENTENCES["once"].format(share=share_text(once))
    sentence = sentence[0].upper() + sentence[1:]
    return Finding("seen-once", sentence, publishable(once), "data", SENTENCES["once_caveat"])
