"""Words: how risks, and numbers of days, are said in sentences and on charts."""

from __future__ import annotations

from analyzer.policy.inferred import category_of

INFERRED = {
    "homes": "a home that is inferred",
    "works": "a work place that is inferred",
    "commutes": "a commute that is inferred",
    "companions": "companions",
    "linkage": "a new pseudonym that is known again",
    "predictability": "a next place that is told rightly (mean share)",
}
"""What is inferred of vehicles, by the name of the risk."""

UNTIL = {
    "unicity": "are singled out",
    "homes": "have a home that is inferred",
    "works": "have a work place that is inferred",
    "commutes": "have a commute that is inferred",
}
"""What has come true for half of the vehicles, by the name of the risk."""

RISK_NAMES = {
    "unicity": "singled out",
    "homes": "home inferred",
    "works": "work place inferred",
    "commutes": "commute inferred",
    "companions": "companions found",
    "linkage": "new pseudonyms known again",
    "predictability": "next places told rightly",
}
"""What comes true of vehicles, as a table and a chart head it."""


def risk_text(risk: str) -> str:
    """Say a risk in words.

    Examples
    --------
    >>> risk_text("homes"), risk_text("visits: medical")
    ('home inferred', 'plausibly at a site (medical)')
    """
    category = category_of(risk)
    return RISK_NAMES[risk] if category is None else f"plausibly at a site ({category})"


def sample_text(sample: int) -> str:
    """Say among how many vehicles risks of pairs were looked for."""
    return (
        f"Companions were looked for among {sample:,} vehicles, drawn by chance, and linkage for "
        "as many at each change of pseudonyms, among all new ones."
    )


def days_text(count: int) -> str:
    """Write a number of days, e.g. ``"3 days"``."""
    return "1 day" if count == 1 else f"{count:,} days"
