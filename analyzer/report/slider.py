"""The slider of a page: rules by which it shows and hides steps, and the script that moves it."""

from __future__ import annotations

from importlib.resources import files


def step_rules(steps: int) -> str:
    """Write the style rules by which the slider shows and hides what belongs to other steps.

    Examples
    --------
    >>> step_rules(2).splitlines()[0]
    '[data-step="0"] .from-1, [data-step="0"] .at-1 { display: none; }'
    """
    rules = []
    for shown in range(steps):
        here = f'[data-step="{shown}"]'
        hidden = [f"{here} .from-{step}" for step in range(shown + 1, steps)]
        hidden += [f"{here} .at-{step}" for step in range(steps) if step != shown]
        if hidden:
            rules.append(f"{', '.join(hidden)} {{ display: none; }}")
    return "\n".join(rules)


def slider_script() -> str:
    """Give the script by which a slider shows the steps of a page."""
    path = files("analyzer.report").joinpath("assets/slider.js")
    return path.read_text(encoding="utf-8").strip()
