"""What every result can do: say itself in plain sentences, in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Result:
    """Base of the frozen results: subclasses give ``summary``, ``to_pandas`` and ``plot``."""

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        # Only the summary: a table of vehicles must not slip into a published notebook by itself.
        lines = "<br>".join(escape(line) for line in self.summary().splitlines())
        return f"<div><strong>{type(self).__name__}</strong><p>{lines}</p></div>"


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
