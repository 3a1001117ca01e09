"""Blocks of second vehicles: what several parts hold of them, laid under each other.

A block is large, so its columns are joined one by one, each taken from the frames that hold it:
what is joined is never held twice as a whole.
"""

from __future__ import annotations

import numpy as np

from analyzer.engine.freed import give_back
from analyzer.schema import Rows, n_rows


def join_rows(frames: list[Rows]) -> Rows:
    """Lay the rows of parts under each other; takes them out of the frames.

    Examples
    --------
    >>> frames = [{"a": np.array([1])}, {"a": np.array([2])}]
    >>> join_rows(frames), frames
    ({'a': array([1, 2])}, [{}, {}])
    """
    frames = with_rows(frames)
    joined = {
        name: np.concatenate([frame.pop(name) for frame in frames]) for name in list(frames[0])
    }
    give_back()
    return joined


def with_rows(frames: list[Rows]) -> list[Rows]:
    """Leave out the frames without rows, which may lack the right types, unless all are."""
    return [rows for rows in frames if n_rows(rows)] or frames[:1]


def join_arranged(frames: list[Rows]) -> Rows:
    """Lay vehicles of several parts, arranged part by part, under each other.

    Parameters
    ----------
    frames : list of Rows
        ``vehicles`` (codes, each in one frame only), columns of what is known of them, and columns
        that tell where each vehicle begins in these, one longer, whose names end in ``starts``.
        What is joined is taken out.

    Returns
    -------
    dict
        The same, with ``vehicles`` in order and, as ``places``, where each stands in the starts.

    Examples
    --------
    >>> one = {"vehicles": np.array([4]), "starts": np.array([0, 2]), "times": np.array([7, 8])}
    >>> two = {"vehicles": np.array([3]), "starts": np.array([0, 1]), "times": np.array([9])}
    >>> {name: column.tolist() for name, column in join_arranged([one, two]).items()}
    {'vehicles': [3, 4], 'places': [1, 0], 'starts': [0, 2, 3], 'times': [7, 8, 9]}
    """
    vehicles = np.concatenate([frame.pop("vehicles") for frame in frames])
    places = np.argsort(vehicles)
    joined = {"vehicles": vehicles[places], "places": places}
    for name in list(frames[0]):
        columns = [frame.pop(name) for frame in frames]
        if name.endswith("starts"):
            before = np.cumsum([0, *(column[-1] for column in columns[:-1])])
            columns = [column[1:] + first for column, first in zip(columns, before, strict=True)]
            columns = [np.zeros(1, np.int64), *columns]
        joined[name] = np.concatenate(columns)
    give_back()
    return joined
