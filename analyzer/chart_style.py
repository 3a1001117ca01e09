"""The style of all charts: colours that are told apart with any colour vision, lines, letters."""

from __future__ import annotations

from typing import Any

ACCENT = "#0b6a8c"
INK = "#1d2329"
MUTED = "#5c6873"
GRID = "#dfe4e8"
PAPER = "#ffffff"

SERIES = (ACCENT, "#d98200", INK, "#8fa3b0", "#7a2f5e", "#c9b458")
"""Colours of several measured things, the accent first: told apart with any colour vision (a test
simulates protanopia, deuteranopia and tritanopia)."""

LINES = ("-", "--", "-.", ":", "-", "--")
"""Line of each of them."""

WIDE, NARROW = (7.0, 3.7), (3.7, 3.5)
"""Sizes in inches: for a page's full width, and for a telephone."""

_STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10.5,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "platerisk",
}


def in_style() -> Any:
    """Give a context in which figures are drawn, and written, in this style."""
    import matplotlib
    from cycler import cycler

    cycle = cycler(color=SERIES) + cycler(linestyle=LINES)
    return matplotlib.rc_context({**_STYLE, "axes.prop_cycle": cycle})
