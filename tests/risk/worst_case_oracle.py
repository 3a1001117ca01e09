"""The eight attacks once more, by trying every combination against every vehicle.

Nothing here comes from the package. A row is (vehicle, ms, camera, frames); cameras are
[(lat, lon)]; elements are tuples, counts are collections.Counter, fractions are exact.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import timedelta
from fractions import Fraction
from itertools import combinations

from tests.risk.oracle import local_moment, time_bin


def contains(counts, known):
    return all(counts[element] >= count for element, count in Counter(known).items())


def is_subsequence(known, visits):
    rest = iter(visits)
    return all(place in rest for place in known)


def agrees(known, value, tolerance, in_floats):
    if in_floats:
        known, value = float(known), float(value)
    return value - value * tolerance <= known <= value + value * tolerance


def agree_at_all(known, values, tolerance, in_floats):
    return all(
        place in values and agrees(count, values[place], tolerance, in_floats)
        for place, count in known.items()
    )


def proportional(known, counts, tolerance, in_floats):
    if not all(place in counts for place in known):
        return False
    most_known, most = max(known.values()), max(counts[place] for place in known)
    return all(
        agrees(Fraction(count, most_known), Fraction(counts[place], most), tolerance, in_floats)
        for place, count in known.items()
    )


def published_time(moment, precision):
    """Time as scikit-mobility 1.3.1 truncates it: a text, without the hour, without padding."""
    parts = {
        "Year": [moment.year],
        "Month": [moment.year, moment.month],
        "Day": [moment.year, moment.month, moment.day],
        "Hour": [moment.year, moment.month, moment.day, moment.month],
        "Minute": [moment.year, moment.month, moment.day, moment.month, moment.minute],
        "Second": [
            moment.year, moment.month, moment.day, moment.month, moment.minute, moment.second
        ],
    }  # fmt: skip
    return "".join(str(part) for part in parts[precision])


def matches(rows, attack, k, *, cameras, time=None, tolerance=0, compatible=False, timezone="UTC"):
    """Fewest matches of each vehicle."""
    visits, positions = defaultdict(list), {}
    for vehicle, ms, camera, frames in sorted(rows, key=lambda row: row[:3]):
        lat, lon = cameras[camera]
        nowhere = math.isnan(lat)
        place = ("camera", camera) if nowhere or not compatible else (lat, lon)
        positions[place] = (nowhere, 0 if nowhere else lat, 0 if nowhere else lon, camera)
        moment = None
        if attack == "time" and compatible:
            moment = published_time(local_moment(ms, timezone), time)
        elif attack == "time":
            moment = time_bin(ms, timezone, time)
        visits[vehicle] += [(place, moment)] * (frames if compatible else 1)
    counts = {vehicle: Counter(place for place, _ in own) for vehicle, own in visits.items()}
    tolerance = float(tolerance) if compatible else Fraction(str(tolerance))

    if attack == "home_work":
        sign = 1 if compatible else -1
        tops = {
            vehicle: sorted(own, key=lambda place: (sign * own[place], positions[place]))[:2]
            for vehicle, own in counts.items()
        }
        return {
            vehicle: sum(set(top) <= set(other) for other in tops.values())
            for vehicle, top in tops.items()
        }

    def elements(vehicle):
        own = counts[vehicle]
        if attack in ("location", "sequence"):
            return [place for place, _ in visits[vehicle]]
        if attack == "time":
            return visits[vehicle]
        if attack == "probability":
            return [(place, Fraction(count, own.total())) for place, count in own.items()]
        return list(own.items())

    def match(instance, vehicle):
        own = counts[vehicle]
        if attack == "location":
            return contains(own, instance)
        if attack == "time":
            return contains(Counter(visits[vehicle]), instance)
        if attack == "sequence":
            return is_subsequence(instance, [place for place, _ in visits[vehicle]])
        if attack == "unique_location":
            return all(place in own for place, _ in instance)
        if attack == "frequency":
            return agree_at_all(dict(instance), own, tolerance, compatible)
        if attack == "probability":
            shares = {place: Fraction(count, own.total()) for place, count in own.items()}
            return agree_at_all(dict(instance), shares, tolerance, compatible)
        return proportional(dict(instance), own, tolerance, compatible)

    found = {}
    for vehicle in visits:
        known = elements(vehicle)
        instances = set(combinations(known, min(k, len(known))))
        found[vehicle] = min(
            sum(match(instance, other) for other in visits) for instance in instances
        )
    return found


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
