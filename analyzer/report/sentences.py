"""Sentences: what an assessment found, said plainly, each figure with its interval and its limits.

The wording stands in the catalogues (`analyzer.report.texts`); functions only choose and fill.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analyzer.estimate import HELD
from analyzer.report.content import Finding
from analyzer.report.disclosure import DEFAULT_K
from analyzer.report.figures import hold_back_commuters
from analyzer.report.texts import ENGLISH, Texts
from analyzer.units import DAY_MS, HOUR_MS, parse_duration

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.estimate import Estimate
    from analyzer.patterns.overview import PatternsOverview
    from analyzer.risk.adversary import Adversary


def publishable(estimate: Estimate, k: int = DEFAULT_K) -> Estimate | None:
    """Withhold a share that stands for 1 to k − 1 vehicles, or is one of so few."""
    count = round(estimate.value * estimate.n) if estimate.is_measured else 0
    return None if 0 < count < k or 0 < estimate.n < k else estimate


def share_text(estimate: Estimate, k: int = DEFAULT_K, texts: Texts = ENGLISH) -> str:
    """Write a share of vehicles; a count from 1 to k − 1 is not given away.

    Examples
    --------
    >>> from analyzer.estimate import wilson
    >>> share_text(wilson(930, 1000)), share_text(wilson(3, 1000)), share_text(wilson(0, 1000))
    ('93 % of vehicles (91–94 %)', 'fewer than 10 vehicles (under 1 %)', 'no vehicle')
    """
    shown = publishable(estimate, k)
    if shown is None:
        return _few(estimate.n, k, texts)
    if estimate.value == 0:
        return texts("sentence.none")
    return texts.figure(shown, "figure.vehicles")


def _few(n: int, k: int, texts: Texts) -> str:
    if n <= k:
        return texts("sentence.few_in_all", k=k)
    below = 100 * min(k / max(n, 1), 1)
    digits = 0 if below >= 10 or f"{below:.2g}" == f"{below:.0f}" else 1 if below >= 1 else 2
    return texts("sentence.few", k=k, share_below=texts.number(below, digits))


def known_text(adversary: Adversary, texts: Texts = ENGLISH) -> str:
    """Say in words what an adversary knows, in the language of the texts.

    Examples
    --------
    >>> from analyzer.risk.adversary import Adversary
    >>> known_text(Adversary())
    '4 sightings, each to the hour and the camera'
    """
    chosen = "" if adversary.choose == "random" else texts(f"known.{adversary.choose}")
    return texts.count_text(
        "known.each",
        "",
        adversary.points,
        sightings=texts.count("sightings", adversary.points),
        chosen=chosen,
        resolution=resolution_text(adversary, texts),
    )


def resolution_text(adversary: Adversary, texts: Texts = ENGLISH) -> str:
    """Say how finely an adversary knows time and place, and what is known beside.

    Examples
    --------
    >>> from analyzer.risk.adversary import Adversary
    >>> resolution_text(Adversary(space="2km", attributes=("make",), missed=1))
    'to the hour and a cell of 2 km, with make, of which 1 may be wrong'
    """
    time = f"known.time.{adversary.time}"
    if adversary.cell_m is None:
        place = texts(f"known.{adversary.space}")
    elif adversary.cell_m >= 1_000:
        place = texts("known.cell.km", n=f"{adversary.cell_m / 1_000:g}")
    else:
        place = texts("known.cell.m", n=f"{adversary.cell_m:g}")
    said = texts(
        "known.resolution", time=texts(time) if texts.has(time) else adversary.time, place=place
    )
    if adversary.attributes:
        names = [texts(f"attribute.{name}") for name in adversary.attributes]
        said += texts("known.attributes", names=texts.listed(names))
    return said + (texts("known.missed", n=adversary.missed) if adversary.missed else "")


def unicity_finding(
    share: Estimate,
    excluded: Estimate,
    *,
    points: int,
    resolution: str,
    vehicles: int,
    texts: Texts = ENGLISH,
    k: int = DEFAULT_K,
) -> Finding:
    """Say how many vehicles a few sightings single out."""
    name = f"unicity-{points}-points"

    def say(key: str, **values: str) -> str:
        return texts.count_text(f"sentence.{key}", texts.number(points), points, **values)

    if not share.is_measured:
        if share.method.startswith(HELD):
            return Finding(name, say("unicity_withheld", k=str(k)), None, "singling out")
        return Finding(name, say("unicity_none"), share, "singling out")
    if excluded.value > 0.1:
        sentence = say(
            "unicity_few",
            share=_figure(share, texts, k),
            excluded=texts("percent", n=texts.number(100 * excluded.value)),
        )
    else:
        sentence = say("unicity", share=share_text(share, k, texts))
    caveat = texts(
        "sentence.unicity_caveat",
        resolution=resolution,
        n=texts.count("vehicles", share.n),
        vehicles=texts.number(vehicles),
    )
    return Finding(name, sentence, publishable(share, k), "singling out", caveat)


def retention_finding(
    sweep: pd.DataFrame,
    *,
    points: int,
    vehicles: int,
    texts: Texts = ENGLISH,
    k: int = DEFAULT_K,
) -> Finding:
    """Say what a leak exposes when sightings are kept for a short and for a long time."""
    measured = sweep[sweep["status"] != "not measurable"].sort_values("days")
    measured = measured[measured["value"].notna()]
    if not len(measured):
        held = sweep["method"].astype(str).str.startswith(HELD).any()
        key = "sentence.retention_withheld" if held else "sentence.retention_none"
        return Finding("retention", texts(key, k=k), None, "singling out")
    short, long = measured.iloc[0], measured.iloc[-1]
    sentence = texts(
        "sentence.retention" if len(measured) > 1 else "sentence.retention_one",
        short=window_text(short["window"], texts),
        long=window_text(long["window"], texts),
        low_share=_figure(_estimate(short), texts, k),
        high_share=_figure(_estimate(long), texts, k),
        n=texts.count("vehicles", int(long["n"])),
    )
    caveat = texts.count_text(
        "sentence.retention_caveat",
        texts.number(points),
        points,
        longest=window_text(long["window"], texts),
        those=texts.number(int(long["n"])),
        vehicles=texts.number(vehicles),
    )
    figure = publishable(_estimate(long), k)
    return Finding("retention", sentence, figure, "singling out", caveat)


def _figure(estimate: Estimate, texts: Texts, k: int) -> str:
    """Write a share, or that it stands for few vehicles."""
    shown = publishable(estimate, k)
    return texts.figure(shown) if shown else share_text(estimate, k, texts)


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


def window_text(window: str, texts: Texts = ENGLISH) -> str:
    """Write a length of keeping as people say it.

    Examples
    --------
    >>> window_text("1D"), window_text("21D"), window_text("12h")
    ('one day', '21 days', '12h')
    """
    days, rest = divmod(parse_duration(window), DAY_MS)
    return window if rest else texts.count("days.words", days)


def duration_text(duration: str, texts: Texts = ENGLISH) -> str:
    """Write a duration in the largest unit that it is whole in.

    Examples
    --------
    >>> duration_text("1h"), duration_text("45min"), duration_text("7D"), duration_text("90s")
    ('1 hour', '45 minutes', '7 days', '90s')
    """
    length = parse_duration(duration)
    for unit, name in ((DAY_MS, "days"), (HOUR_MS, "hours"), (60_000, "minutes")):
        whole, rest = divmod(length, unit)
        if whole and not rest:
            return texts.count(name, whole)
    return duration


def linkage_finding(
    success: Estimate, *, rotation: str, texts: Texts = ENGLISH, k: int = DEFAULT_K
) -> Finding:
    """Say how many vehicles are known again although their pseudonyms change.

    A share of cases is held to the number of different vehicles behind it.
    """
    shown = success.withheld(k)
    if not shown.is_measured:
        said = texts("sentence.linkage_withheld", rotation=window_text(rotation, texts), k=k)
        return Finding("linkage", said, None, "linkability")
    above = success.low > (success.baseline or 0)
    sentence = texts(
        "sentence.linkage" if above else "sentence.linkage_chance",
        rotation=window_text(rotation, texts),
        share=texts.figure(shown),
    )
    chance = 100 * (success.baseline or 0)
    caveat = texts("sentence.linkage_caveat", baseline=_rounded_percent(chance, texts))
    figure = _without_small_baseline(shown, k)
    return Finding("linkage", sentence, figure, "linkability", caveat)


def _rounded_percent(value: float, texts: Texts) -> str:
    """Write percent with two digits that count.

    Examples
    --------
    >>> _rounded_percent(0.0213, ENGLISH), _rounded_percent(12.4, ENGLISH)
    ('0.021 %', '12 %')
    """
    if value <= 0:
        return texts("percent", n=texts.number(0))
    digits = 0
    while digits < 6 and value * 10**digits < 9.95:
        digits += 1
    written = f"{value:.{digits}f}"
    kept = len(written.rstrip("0").rstrip(".").partition(".")[2]) if "." in written else 0
    return texts("percent", n=texts.number(value, kept))


def inference_findings(
    estimates: dict[str, Estimate],
    regular: dict[str, Estimate] | None = None,
    *,
    often: int = 0,
    max_fdr: float,
    texts: Texts = ENGLISH,
    k: int = DEFAULT_K,
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
    texts : Texts
        The words.
    k : int
        Smallest count of vehicles that is shown.
    """
    findings = []
    for name, estimate in estimates.items():
        if name == "companions":
            rate = texts("percent", n=texts.number(100 * max_fdr))
            caveat = texts("sentence.companions_caveat", max_fdr=rate)
        else:
            baseline = _baseline_text(estimate, texts, k)
            caveat = texts("sentence.inference_caveat", baseline=baseline)
        sentence = texts(f"sentence.{name}", share=share_text(estimate, k, texts))
        also = (regular or {}).get(name)
        if also is not None and estimate.value > 0 and _both_publishable(estimate, also, k):
            sentence += " " + texts(
                "sentence.regular", share=texts.figure(also.withheld(k)), often=often
            )
        figure = _without_small_baseline(publishable(estimate, k), k)
        findings.append(Finding(name, sentence, figure, "inference", caveat))
    return findings


def _baseline_text(estimate: Estimate, texts: Texts, k: int) -> str:
    known = _without_small_baseline(estimate, k)
    if known is None or known.baseline is None:
        return _few(estimate.n, k, texts)
    return texts("percent", n=texts.number(100 * known.baseline, 1))


def _both_publishable(all_vehicles: Estimate, regular: Estimate, k: int = DEFAULT_K) -> bool:
    """Whether two nested figures can stand together: their difference is a figure too.

    So is what is left of that: those that are not regular, and without the property.
    """
    found = [round(each.value * each.n) if each.n else 0 for each in (all_vehicles, regular)]
    seldom = all_vehicles.n - regular.n
    differences = (found[0] - found[1], seldom, seldom - (found[0] - found[1]))
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
        figures["regular"][name] = (
            _without_small_baseline(publishable(regular, k), k) if together else None
        )
    return {of: hold_back_commuters(shown, k) for of, shown in figures.items()}


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


def population_sentences(patterns: PatternsOverview, k: int = DEFAULT_K) -> str:
    """Say what is inferred about how many vehicles, with no count under the threshold."""
    findings = inference_findings(
        patterns.estimates,
        patterns.regular,
        often=patterns.often,
        max_fdr=patterns.max_fdr,
        k=k,
    )
    said = [finding.sentence for finding in findings]
    return "\n".join([*said, patterns.not_looked_for] if patterns.not_looked_for else said)


def once_finding(once: Estimate, texts: Texts = ENGLISH, k: int = DEFAULT_K) -> Finding:
    """Say how many vehicles are seen only once."""
    sentence = texts("sentence.once", share=share_text(once, k, texts))
    sentence = sentence[0].upper() + sentence[1:]
    figure = publishable(once, k)
    return Finding("seen-once", sentence, figure, "data", texts("sentence.once_caveat"))
