"""Tables that are made when they are asked for, so that a large one does not wait for its turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd


class TablesInTurn(Mapping[str, pd.DataFrame]):
    """Tables by name, each made anew whenever it is asked for, and not kept.

    Parameters
    ----------
    made_by : mapping of str to callable
        What makes each table.

    Examples
    --------
    >>> tables = TablesInTurn({"squares": lambda: pd.DataFrame({"n": [1, 4, 9]})})
    >>> list(tables), tables["squares"]["n"].sum()
    (['squares'], np.int64(14))
    """

    def __init__(self, made_by: Mapping[str, Callable[[], pd.DataFrame]]):
        self._made_by = dict(made_by)

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._made_by[name]()

    def __contains__(self, name: object) -> bool:
        return name in self._made_by

    def __iter__(self) -> Iterator[str]:
        return iter(self._made_by)

    def __len__(self) -> int:
        return len(self._made_by)
