"""Points, draws and matches once more, by sets and calendar arithmetic in plain Python.

Nothing here comes from the package: local time is read off `zoneinfo`, cells are cut anew, hashes
are computed with Python's integers, and matching asks every vehicle about every point.
"""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

EARTH = 6_371_008.8
MASK = (1 << 64) - 1
MONDAY = date(1970, 1, 5)


def local_moment(ms, timezone):
    """Wall time, to the millisecond, without a zone."""
    seconds, rest = divmod(ms, 1000)
    wall = datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(timezone))
    return wall.replace(tzinfo=None) + timedelta(milliseconds=rest)


def local_date(ms, timezone):
    return local_moment(ms, timezone).date()


def time_bin(ms, timezone, length):
    """A label of the bin: (first day, number in the day)."""
    moment = local_moment(ms, timezone)
    day = moment.date()
    if length >= timedelta(days=1):
        since = (day - MONDAY).days // length.days * length.days
        return MONDAY + timedelta(days=since), 0
    since_midnight = moment - datetime.combine(day, datetime.min.time())
    return day, since_midnight // length


def bin_number(label, length):
    """The number that the package documents for the bin: it is part of what is hashed."""
    day, within = label
    if length >= timedelta(days=1):
        return (day - MONDAY).days // length.days
    per_day = math.ceil(timedelta(days=1) / length)
    return (day - date(1970, 1, 1)).days * per_day + within


def cell(lat, lon, side):
    """Equal-area cell: a band of latitude, and a column in it."""
    band = math.floor(math.radians(lat + 90) * EARTH / side)
    south = band * side / EARTH - math.pi / 2
    north = min(math.pi / 2, (band + 1) * side / EARTH - math.pi / 2)
    columns = max(1, round(2 * math.pi * (math.sin(north) - math.sin(south)) * EARTH**2 / side**2))
    return band, math.floor((lon + 180) % 360 / 360 * columns) % columns


def places(space, cameras):
    """Place of each camera, numbered by first appearance; `cameras` is [(lat, lon, zone)]."""
    labels = []
    for code, (lat, lon, zone) in enumerate(cameras):
        if space == "camera":
            labels.append(code)
        elif space == "zone":
            labels.append(zone)
        elif math.isnan(lat):
            labels.append(("unknown", code))
        else:
            labels.append(cell(lat, lon, space))
    numbers = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]


def points_of(sightings, timezone, length, place):
    """Points of each vehicle, each with the local dates on which it was made.

    `sightings` is [(vehicle, ms, camera)].
    """
    points = defaultdict(lambda: defaultdict(set))
    for vehicle, ms, camera in sightings:
        label = time_bin(ms, timezone, length)
        points[vehicle][place[camera], label].add(local_date(ms, timezone))
    return {vehicle: dict(own) for vehicle, own in points.items()}


def mix(bits):
    bits = (bits + 0x9E3779B97F4A7C15) & MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
    return bits ^ (bits >> 31)


def word(text):
    return int.from_bytes(text.encode(), "big")


def vehicle_state(purpose, seed, vehicle):
    return mix(mix(word(purpose) ^ mix(seed)) ^ vehicle)


def order_of_draw(vehicle, points, seed, length):
    """A vehicle's points in the order in which they become known."""
    state = vehicle_state("point", seed, vehicle)

    def hashed(point):
        place, label = point
        return mix(mix(state ^ (bin_number(label, length) & MASK)) ^ place)

    return sorted(points, key=hashed)


def order_of_targets(vehicles, seed):
    return sorted(vehicles, key=lambda vehicle: vehicle_state("target", seed, vehicle))


def holders(points, known):
    """Vehicles that hold all of the known points."""
    return {vehicle for vehicle, own in points.items() if all(point in own for point in known)}


def unicity(points, n_points, seed, length, sample=None):
    """Singled-out targets for 1, 2, … points; targets; vehicles with too few points."""
    enough = {vehicle for vehicle, own in points.items() if len(own) >= n_points}
    targets = order_of_targets(enough, seed)[:sample]
    alone = [0] * n_points
    for vehicle in targets:
        drawn = order_of_draw(vehicle, points[vehicle], seed, length)
        for q in range(n_points):
            alone[q] += holders(points, drawn[: q + 1]) == {vehicle}
    return alone, len(targets), len(points) - len(enough)


def within(points, first, last):
    """What points there are by sightings with ``first <= date < last``."""
    shown = {
        vehicle: {
            point: {day for day in days if first <= day < last} for point, days in own.items()
        }
        for vehicle, own in points.items()
    }
    return {
        vehicle: {point: days for point, days in own.items() if days}
        for vehicle, own in shown.items()
        if any(own.values())
    }


def leak(points, leak_day, windows, history, n_points, seed, length, open_days=0):
    """State of each vehicle with enough points, for each window: deleted, shown or alone."""
    before = within(points, leak_day - timedelta(days=history), leak_day)
    states = defaultdict(dict)
    for vehicle, own in before.items():
        if len(own) < n_points:
            continue
        known = order_of_draw(vehicle, own, seed, length)[:n_points]
        for days in windows:
            store = within(points, leak_day - timedelta(days=days + open_days), leak_day)
            left = [point for point in known if point in store.get(vehicle, {})]
            if not left:
                states[vehicle][days] = "deleted"
            else:
                alone = holders(store, left) == {vehicle}
                states[vehicle][days] = "alone" if alone else "shown"
    return states


def wrong_sweep(points, leak_day, windows, n_points, seed, length):
    """The mistaken curve: the points are drawn inside each window."""
    curve = []
    for days in windows:
        store = within(points, leak_day - timedelta(days=days), leak_day)
        alone, targets, _ = unicity(store, n_points, seed, length)
        curve.append(alone[-1] / targets)
    return curve


# Adversaries that know attributes, choose their points, or may be wrong


def order_of_choice(vehicle, points, seed, length, choose="random", home=None, work=None):
    """The points that the adversary can know, in the order in which they become known."""
    drawn = order_of_draw(vehicle, points, seed, length)
    if choose == "random":
        return drawn
    if choose == "busiest":
        def often(point):
            place, (_, within) = point
            return sum((at, label[1]) == (place, within) for at, label in points)

        return sorted(drawn, key=lambda point: -often(point))
    if home is None or work is None:
        return []
    by_home = [point for point in drawn if point[0] == home]
    by_work = [point for point in drawn if point[0] == work and work != home]
    order = []
    while by_home or by_work:
        if by_home:
            order.append(by_home.pop(0))
        if by_work:
            order.append(by_work.pop(0))
    # In turn: as long as both last they alternate, and the rest follows.
    return order


def making(sightings, timezone, length, place):
    """Sightings of each vehicle by the point that they make; a sighting has looks behind it.

    `sightings` is [(vehicle, ms, camera, look)], a look a tuple of values, None where missing.
    """
    made = defaultdict(lambda: defaultdict(list))
    for vehicle, ms, camera, look in sightings:
        made[vehicle][place[camera], time_bin(ms, timezone, length)].append((ms, camera, look))
    return made


def look_known(vehicle, makers, seed, codes):
    """The look of the sighting that is drawn among those that make a point.

    `codes` gives each attribute's values their numbers, from 1; a missing value has 0.
    """
    state = vehicle_state("looks", seed, vehicle)

    def order(maker):
        ms, camera, look = maker
        numbers = [numbering.get(value, 0) for numbering, value in zip(codes, look, strict=True)]
        return mix(mix(state ^ (ms & MASK)) ^ camera), numbers[::-1]

    return min(makers, key=order)[2]


def agrees(one, other):
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def crowds(
    sightings, timezone, length, place, n_points, seed, *,
    codes=(), choose="random", anchors=None, missed=0, sample=None,
):  # fmt: skip
    """For each target the number of vehicles that fit its first 1, 2, … known points."""
    made = making(sightings, timezone, length, place)
    known = {}
    for vehicle, own in made.items():
        home, work = (anchors or {}).get(vehicle, (None, None))
        order = order_of_choice(vehicle, own, seed, length, choose, home, work)
        if len(order) >= n_points:
            known[vehicle] = [
                (point, look_known(vehicle, own[point], seed, codes)) for point in order[:n_points]
            ]
    counts = {}
    for vehicle in order_of_targets(known, seed)[:sample]:
        counts[vehicle] = [
            sum(
                sum(
                    any(agrees(look, theirs) for _, _, theirs in own.get(point, ()))
                    for point, look in known[vehicle][:q]
                )
                >= q - missed
                for own in made.values()
            )
            for q in range(1, n_points + 1)
        ]
    return counts, len(made)
