"""Predictors of the next place, tried on weeks that they have not seen.

Each predictor counts, in the weeks before, which place followed in a context, and says the
commonest: in no context at all (the most frequent place), after the last place, after the last two
(Markov predictors of order 0, 1 and 2), at this hour of the day, or after the last place at this
hour. A context not met before is backed off from: two things known to one, one to none. When a week
is over, it is learned, and the next one is predicted; no answer is known before it is given.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.risk.open_table import find_key, table_room

PREDICTORS = ("most_frequent", "markov_1", "markov_2", "hour", "markov_1_hour")
"""Names, in the order of the columns that `hits_on_held_out_weeks` gives."""

ANY_PLACE, LAST_PLACE, LAST_TWO, HOUR, LAST_PLACE_AND_HOUR = range(5)

_HOURS = 24


@numba.njit(cache=True, nogil=True)
def _context(place: np.ndarray, hour: np.ndarray, n_places: int, i: int, predictor: int) -> int:
    """Number the context in which a predictor says the destination at `i`; -1 if there is none."""
    if predictor == ANY_PLACE:
        return 0
    if predictor == HOUR:
        return 1 + hour[i]
    if i == 0:
        return -1
    last, first = place[i - 1], 1 + _HOURS
    if predictor == LAST_PLACE:
        return first + last
    first += n_places
    if predictor == LAST_PLACE_AND_HOUR:
        return first + last * _HOURS + hour[i]
    first += n_places * _HOURS
    return first + place[i - 2] * n_places + last if i > 1 else -1


@numba.njit(cache=True, nogil=True)
def hits_on_held_out_weeks(
    place: np.ndarray, hour: np.ndarray, week: np.ndarray, first_tested: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count the destinations of one vehicle that each predictor says rightly.

    Parameters
    ----------
    place : numpy.ndarray of int64, shape (n,)
        Destinations in order, as whole numbers from 0.
    hour : numpy.ndarray of int64, shape (n,)
        Local hour at which the trip to each began.
    week : numpy.ndarray of int64, shape (n,)
        Week of each; never falls.
    first_tested : int
        Weeks from this one on are held out for the test. Earlier ones are predicted, too, each from
        those before it, so that a predictor can be chosen without looking at the test.

    Returns
    -------
    hits : numpy.ndarray of int64, shape (2, predictors)
        Right answers of each of `PREDICTORS` before the test, and in it; of places that followed
        equally often, the one that did so first is said.
    tested : numpy.ndarray of int64, shape (2,)
        Destinations that were predicted: those of weeks with something to learn from before them.

    Examples
    --------
    >>> place, week = np.array([0, 1, 0, 1, 0, 1, 0, 2]), np.repeat([0, 1], 4)
    >>> hits, tested = hits_on_held_out_weeks(place, np.zeros(8, int), week, 1)
    >>> hits[1].tolist(), tested.tolist()
    ([2, 3, 3, 2, 3], [0, 4])
    """
    n = len(place)
    hits = np.zeros((2, len(PREDICTORS)), np.int64)
    tested = np.zeros(2, np.int64)
    if n == 0:
        return hits, tested
    n_places = place.max() + 1
    room = table_room(len(PREDICTORS) * n)
    followed = np.full(room, -1, np.int64)
    count = np.zeros(room, np.int64)
    contexts = np.full(room, -1, np.int64)
    most = np.zeros(room, np.int64)
    commonest = np.zeros(room, np.int64)
    learned = 0
    for i in range(n):
        if i > 0 and week[i] != week[i - 1]:
            for j in range(learned, i):
                for predictor in range(len(PREDICTORS)):
                    context = _context(place, hour, n_places, j, predictor)
                    if context < 0:
                        continue
                    key = context * n_places + place[j]
                    at = find_key(followed, key)
                    followed[at] = key
                    count[at] += 1
                    here = find_key(contexts, context)
                    contexts[here] = context
                    if count[at] > most[here]:
                        most[here], commonest[here] = count[at], place[j]
            learned = i
        if learned == 0:
            continue
        held_out = 1 if week[i] >= first_tested else 0
        tested[held_out] += 1
        for predictor in range(len(PREDICTORS)):
            # Back off until a context is known; that of no context always is.
            tried = predictor
            while True:
                context = _context(place, hour, n_places, i, tried)
                if context >= 0:
                    here = find_key(contexts, context)
                    if contexts[here] >= 0:
                        break
                tried = LAST_PLACE if tried > HOUR or tried == LAST_TWO else ANY_PLACE
            hits[held_out, predictor] += commonest[here] == place[i]
    return hits, tested
