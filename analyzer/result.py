"""What every result can do: say itself in plain sentences, in a terminal and in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Result:
    """Base of the frozen results: subclasses give ``summary``, ``to_pandas`` and ``plot``."""

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        # Only the summary: a table of vehicles must not slip into a published notebook by itself.
        lines = "<br>".join(escape(line) for line in self.summary().splitlines())
        return f"<div><strong>{type(self).__name__}</strong><p>{lines}</p></div>"


def draw_in_notebooks(png: Callable[[Figure], bytes]) -> None:
    """Let a notebook draw axes that a cell ends with, as ``result.plot()`` gives them.

    Notebooks draw by themselves only what pyplot keeps; figures here are kept by nobody, so that
    writing a page shows none.

    Parameters
    ----------
    png : callable
        Writes a figure, at twice the size at which it is shown.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    formatter = getattr(shell, "display_formatter", None)
    if formatter is None:
        return

    def drawn(axes: Axes) -> tuple[bytes, dict[str, int]] | None:
        if axes.figure.canvas.manager is not None:
            return None  # pyplot's own, which the notebook draws already
        width, height = 100 * axes.figure.get_size_inches()
        return png(axes.figure), {"width": round(width), "height": round(height)}

    formatter.formatters["image/png"].for_type_by_name("matplotlib.axes._axes", "Axes", drawn)


def as_table(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Make a table whose columns of names are text, also where nothing is in them.

    Examples
    --------
    >>> import numpy as np
    >>> as_table({"vehicle": np.empty(0, object), "days": np.empty(0, int)}).dtypes.tolist()
    [<StringDtype(na_value=nan)>, dtype('int64')]
    """
    import pandas as pd

    table = pd.DataFrame(columns)
    names = [name for name in table if pd.api.types.is_object_dtype(table[name])]
    return table.astype(dict.fromkeys(names, "str"))
