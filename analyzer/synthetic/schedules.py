"""What a vehicle does on one day: its trips, from the driver's habits and the calendar.

`plan_day` depends on nothing but the vehicle, the day and the seed, so any day of any vehicle can
be made alone. A day starts where the day before ended (at home, or at work after a night shift).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analyzer.synthetic.driving import (
    ALONE,
    AT_CLINIC,
    AT_ONCE,
    AT_SCHOOL,
    AT_SHOP,
    AT_VISIT,
    AT_WORSHIP,
    ELSEWHERE,
    LEAST_STAY_MS,
    drive,
    put,
    put_home,
    put_point,
    put_site,
    put_work,
)
from analyzer.synthetic.kernels import kernel
from analyzer.synthetic.land_use import CHOICES, CLINIC, SHOP, WORSHIP
from analyzer.synthetic.people import COMMUTER, HOMEKEEPER, SHIFT, STUDENT, TAXI, THROUGH, VAN
from analyzer.synthetic.randomness import bell, bits, pick, stream, uniform
from analyzer.units import HOUR_MS, MINUTE_MS

TAXI_TRIPS = 16
"""Fares that a taxi takes on a day, at most."""

FRIENDS = 4
"""Places that somebody visits again and again."""

LAST_OUTING_MS = 20 * HOUR_MS + 45 * MINUTE_MS
"""Nobody sets out for an errand after this hour, so that days never run into each other."""

FIRST_MS = 4 * HOUR_MS + 45 * MINUTE_MS
"""Nobody sets out before."""

CONVOY_BASE = 1 << 30
"""Joint trips bear a number above 0: household + 1 for couples, group + CONVOY_BASE for convoys."""

_DAY, _TASTE, _FRIEND, _NIGHT, _JOINT = 960, 961, 962, 963, 964


@kernel
def _go_home(world, plan, n, v, when, day):
    put_home(world, plan, n + 1, v)
    return drive(
        world, plan, n, when, bits(day.key, 100 + n), day.habit, day.free_day, ALONE, AT_ONCE
    )


@kernel
def _go_to_work(world, plan, n, v, when, day):
    put_work(world, plan, n + 1, v)
    return drive(
        world, plan, n, when, bits(day.key, 100 + n), day.habit, day.free_day, ALONE, AT_ONCE
    )


@kernel
def _favourite(world, category, node, draw):
    """Choose among the near sites: mostly the nearest."""
    choice = 0 if draw < 0.65 else (1 if draw < 0.88 else CHOICES - 1)
    return world.sites.nearest[category, node, choice]


@kernel
def _choose_outing(world, plan, n, v, key, owner):
    """Choose where to go for an errand or for leisure; give how long one stays there, in ms.

    Everything is drawn with `key` and `owner`, so a couple that shares them goes to the same place.
    """
    home = world.people[v].home_node
    what, draw, length = uniform(key, 0), uniform(key, 1), uniform(key, 2)
    if what < 0.45:
        put_site(world, plan, n + 1, AT_SHOP, _favourite(world, SHOP, home, draw))
        return np.int64((15.0 + 50.0 * length) * MINUTE_MS)
    if what < 0.75:
        friend = stream(world.seed, owner, int(draw * FRIENDS), _FRIEND)
        node = pick(world.leisure_choice[home], uniform(friend, 5))
        put_point(world, plan, n + 1, AT_VISIT, node, friend)
        return np.int64((50.0 + 120.0 * length) * MINUTE_MS)
    node = pick(world.job_choice[home], draw)
    put_point(world, plan, n + 1, ELSEWHERE, node, bits(key, 3))
    return np.int64((30.0 + 110.0 * length) * MINUTE_MS)


@kernel
def _outing(world, plan, n, v, when, key, day):
    """Go out and come home again, unless it is too late for that."""
    if n > 0:
        when = max(when, plan[n - 1].arrive + 10 * MINUTE_MS)
    if when > LAST_OUTING_MS:
        return n
    stay = _choose_outing(world, plan, n, v, key, v)
    n = drive(world, plan, n, when, bits(key, 9), day.habit, day.free_day, ALONE, AT_ONCE)
    return _go_home(world, plan, n, v, plan[n - 1].arrive + stay, day)


@kernel
def _errand(world, plan, n, when, key, day, kind, category):
    """Go from where one is to a near site of a category."""
    put_site(world, plan, n + 1, kind, _favourite(world, category, plan[n].node, uniform(key, 0)))
    return drive(world, plan, n, when, bits(key, 9), day.habit, day.free_day, ALONE, AT_ONCE)


@kernel
def _after(plan, n, minutes, draw):
    """Give when one leaves again: after `minutes`, 30 % more or less."""
    return plan[n - 1].arrive + np.int64(minutes * (0.7 + 0.6 * draw) * MINUTE_MS)


@kernel
def _at(minute):
    """Give a minute of the day in ms, not before anybody sets out."""
    return max(FIRST_MS, np.int64(minute * MINUTE_MS))


@kernel
def _shift(world, v, day, weekday):
    """Tell which shift begins on a day: 0 none, 1 by day, 2 by night."""
    people = world.people
    if uniform(stream(world.seed, v, day, _NIGHT), 0) > 0.96:
        return 0
    if people[v].nights:
        return 2 if (people[v].workdays >> weekday) & 1 else 0
    turn = (day + people[v].phase) % 4
    return 1 if turn == 0 else (2 if turn == 1 else 0)


class Day(NamedTuple):
    """What one vehicle's day is drawn from.

    Attributes
    ----------
    number, weekday : int
        Days since 1970; Monday is 0.
    is_holiday, has_school, free_day : int
        1 or 0; free days are weekends and public holidays.
    key : numpy.uint64
        Draws of this day.
    habit : numpy.uint64
        Draws that are the same every day.
    """

    number: int
    weekday: int
    is_holiday: int
    has_school: int
    free_day: int
    key: np.uint64
    habit: np.uint64


@kernel
def plan_day(world, plan, v, calendar, row):
    """Plan the trips of one vehicle on one day.

    Parameters
    ----------
    world : World
    plan : numpy.ndarray of STOP
        Room for the trips (see `make_plan`); overwritten.
    v : int
        Vehicle.
    calendar : numpy.ndarray of int64, shape (days + 1, 4)
        See `holidays.make_calendar`.
    row : int
        Row of the day in the calendar, 1 or more.

    Returns
    -------
    int
        Number of trips.
    """
    person = world.people[v]
    number, weekday, is_holiday, has_school = calendar[row]
    free_day = np.int64(1 if weekday >= 5 or is_holiday else 0)
    day = Day(
        number, weekday, is_holiday, has_school, free_day, stream(world.seed, v, number, _DAY),
        np.uint64(person.habit),
    )  # fmt: skip
    n = np.int64(0)
    if person.kind == THROUGH:
        return _plan_crossing(world, plan, n, v, day)
    put_home(world, plan, n, v)
    if world.convoys.of[v] >= 0:
        trips = _plan_convoy(world, plan, n, v, day)
        if trips:
            return trips
    if person.kind == TAXI:
        return _plan_taxi(world, plan, n, v, day)
    if person.kind == VAN:
        return _plan_van(world, plan, n, v, day)
    if person.kind == SHIFT:
        return _plan_shift(world, plan, n, v, day, calendar[row - 1])
    works = (person.workdays >> weekday) & 1 and not is_holiday
    works = works and uniform(day.key, 0) < world.rates.car_use
    if person.kind == STUDENT:
        works = works and has_school
    if works:
        n = _plan_work(world, plan, n, v, day)
        if person.partner >= 0 and not free_day:
            n = _go_out_together(world, plan, n, v, day)
        return n
    if person.partner >= 0 and free_day:
        n = _go_out_together(world, plan, n, v, day)
    n = _plan_free(world, plan, n, v, day)
    if person.partner >= 0 and not free_day:
        n = _go_out_together(world, plan, n, v, day)
    return n


@kernel
def _plan_work(world, plan, n, v, day):
    person, key = world.people[v], day.key
    leave = _at(person.leave_home + person.spread * bell(key, 1))
    if person.kind == COMMUTER and person.child_site >= 0 and day.has_school:
        n = _bring_child(world, plan, n, person.child_site, leave, bits(key, 2), day)
        leave = _after(plan, n, 5.0, uniform(key, 3))
    n = _go_to_work(world, plan, n, v, leave, day)
    noon = _at(12 * 60 + 15 + 20 * uniform(key, 4))
    if plan[n - 1].arrive < noon - HOUR_MS:
        if day.weekday == 4 and person.worship and uniform(key, 5) < 0.75:
            n = _errand(world, plan, n, noon, bits(key, 6), day, AT_WORSHIP, WORSHIP)
            n = _go_to_work(world, plan, n, v, _after(plan, n, 60.0, uniform(key, 7)), day)
        elif uniform(key, 8) < 0.05:
            n = _errand(world, plan, n, noon, bits(key, 9), day, AT_SHOP, SHOP)
            n = _go_to_work(world, plan, n, v, _after(plan, n, 35.0, uniform(key, 10)), day)
    leave = _at(person.leave_work + 1.6 * person.spread * bell(key, 11))
    leave = max(leave, plan[n - 1].arrive + 2 * HOUR_MS)
    after = uniform(key, 12)
    if after < 0.16:
        n = _errand(world, plan, n, leave, bits(key, 13), day, AT_SHOP, SHOP)
        leave = _after(plan, n, 25.0, uniform(key, 14))
    elif after < 0.172:
        n = _errand(world, plan, n, leave, bits(key, 13), day, AT_CLINIC, CLINIC)
        leave = _after(plan, n, 50.0, uniform(key, 14))
    n = _go_home(world, plan, n, v, leave, day)
    if uniform(key, 15) < 0.13:
        when = plan[n - 1].arrive + HOUR_MS // 2
        n = _outing(world, plan, n, v, when, bits(key, 16), day)
    return n


@kernel
def _bring_child(world, plan, n, site, when, word, day):
    put_site(world, plan, n + 1, AT_SCHOOL, site)
    return drive(world, plan, n, when, word, day.habit, day.free_day, ALONE, AT_ONCE)


@kernel
def _plan_free(world, plan, n, v, day):
    """Plan a day without work: school run, mosque, clinic, up to two outings."""
    person, key = world.people[v], day.key
    before = n
    if person.kind == HOMEKEEPER and person.child_site >= 0 and day.has_school and day.weekday < 5:
        for run in range(2):
            usual = 12.9 * 60 if run else 7.6 * 60
            when = _at(usual + 0.6 * person.spread * bell(key, 30 + run))
            n = _bring_child(world, plan, n, person.child_site, when, bits(key, 32 + run), day)
            n = _go_home(world, plan, n, v, _after(plan, n, 8.0, uniform(key, 34 + run)), day)
    if day.weekday == 4 and person.worship and uniform(key, 36) < 0.75:
        noon = _at(12 * 60 + 5 + 20 * uniform(key, 37))
        n = _errand(world, plan, n, noon, bits(key, 38), day, AT_WORSHIP, WORSHIP)
        n = _go_home(world, plan, n, v, _after(plan, n, 60.0, uniform(key, 39)), day)
    visits_clinic = 0.035 if person.kind > COMMUTER and day.weekday < 5 else 0.004
    if n == before and uniform(key, 40) < visits_clinic:
        when = _at(60 * (8.5 + 2.5 * uniform(key, 41)))
        n = _errand(world, plan, n, when, bits(key, 42), day, AT_CLINIC, CLINIC)
        n = _go_home(world, plan, n, v, _after(plan, n, 70.0, uniform(key, 43)), day)
    if uniform(key, 44) < (0.68 if day.free_day else 0.60):
        when = _at(60 * (9.0 + 7.0 * uniform(key, 45)))
        n = _outing(world, plan, n, v, when, bits(key, 46), day)
    if uniform(key, 47) < 0.28:
        when = _at(60 * (16.5 + 3.0 * uniform(key, 48)))
        n = _outing(world, plan, n, v, when, bits(key, 49), day)
    return n


@kernel
def _plan_shift(world, plan, n, v, day, day_before):
    person, key = world.people[v], day.key
    before = _shift(world, v, day_before[0], day_before[1])
    today = _shift(world, v, day.number, day.weekday)
    leave_home, leave_work = 19 * 60.0, 8 * 60.0 + 10.0
    if person.nights:
        leave_home, leave_work = person.leave_home, person.leave_work
    if before == 2:
        put_work(world, plan, n, v)
        n = _go_home(world, plan, n, v, _at(leave_work + person.spread * bell(key, 60)), day)
    if today == 1:
        n = _go_to_work(world, plan, n, v, _at(7 * 60.0 + person.spread * bell(key, 61)), day)
        return _go_home(world, plan, n, v, _at(20 * 60 + 10.0 + person.spread * bell(key, 62)), day)
    if uniform(key, 63) < (0.45 if today == 0 else 0.15):
        when = _at(60 * (12.0 + 4.0 * uniform(key, 64)))
        n = _outing(world, plan, n, v, when, bits(key, 65), day)
    if today == 2:
        n = _go_to_work(world, plan, n, v, _at(leave_home + person.spread * bell(key, 66)), day)
    return n


@kernel
def _plan_taxi(world, plan, n, v, day):
    key = day.key
    if uniform(key, 0) > 0.85:
        return n
    starts = 6.0 + 4.0 * uniform(day.habit, 1)
    when = _at(60 * (starts + 0.5 * bell(key, 1)))
    until = when + np.int64((7.0 + 4.0 * uniform(key, 2)) * HOUR_MS)
    while n < TAXI_TRIPS and when < until:
        at = plan[n].node
        if uniform(key, 200 + 4 * n) < 0.5:
            node = pick(world.job_choice[at], uniform(key, 201 + 4 * n))
        else:
            node = pick(world.leisure_choice[at], uniform(key, 201 + 4 * n))
        wait = np.int64((4.0 + 30.0 * uniform(key, 203 + 4 * n)) * MINUTE_MS)
        n = _drive_anywhere(world, plan, n, when, node, bits(key, 202 + 4 * n), day)
        when = plan[n - 1].arrive + wait
    return _go_home(world, plan, n, v, when, day)


@kernel
def _drive_anywhere(world, plan, n, when, node, word, day):
    put_point(world, plan, n + 1, ELSEWHERE, node, word)
    return drive(world, plan, n, when, word, day.habit, day.free_day, ALONE, AT_ONCE)


@kernel
def _plan_van(world, plan, n, v, day):
    key = day.key
    if day.weekday == 6 or uniform(key, 0) > 0.88:
        return n
    when = _at(60 * (8.0 + 1.5 * uniform(day.habit, 1) + 0.2 * bell(key, 1)))
    home = world.people[v].home_node
    for stop in range(4 + int(uniform(key, 2) * 4)):
        node = pick(world.job_choice[home], uniform(key, 200 + 3 * stop))
        n = _drive_anywhere(world, plan, n, when, node, bits(key, 201 + 3 * stop), day)
        when = _after(plan, n, 24.0, 1.7 * uniform(key, 202 + 3 * stop) - 0.7)
        if when > 18 * HOUR_MS:
            break
    return _go_home(world, plan, n, v, when, day)


@kernel
def _plan_crossing(world, plan, n, v, day):
    """Cross the region from gate to gate every few days, there and back in turn."""
    person = world.people[v]
    since = day.number - person.phase
    if since % person.period:
        return n
    start, end = person.home_node, person.work_node
    if (since // person.period) % 2:
        start, end = end, start
    put(plan, n, ELSEWHERE, world.nodes[start].lat, world.nodes[start].lon, start, 0.0)
    put(plan, n + 1, ELSEWHERE, world.nodes[end].lat, world.nodes[end].lon, end, 0.0)
    when = _at(60 * (5.0 + 14.0 * uniform(day.key, 0)))
    return drive(world, plan, n, when, bits(day.key, 1), day.habit, day.free_day, ALONE, AT_ONCE)


@kernel
def _plan_convoy(world, plan, n, v, day):
    """Meet the others, drive there and back with them; no trip when there is no journey today."""
    number = world.convoys.of[v]
    group, person = world.convoys.groups[number], world.people[v]
    if day.weekday != group.weekday or uniform(day.key, 0) < 0.08:
        return n
    shared = stream(world.seed, CONVOY_BASE + number, day.number, _JOINT)
    if uniform(shared, 0) >= world.rates.convoy_days:
        return n
    leave = _at(group.leave + 10.0 * bell(shared, 1))
    # Whoever comes leaves early enough for the slowest traffic there is, and waits.
    slowest = 2.9 * world.free_s[person.home_node, group.meet_node]
    slowest += person.home_access + group.meet_access
    start = leave - np.int64(1_000.0 * slowest) - 10 * MINUTE_MS
    if start < FIRST_MS:
        return n
    joint = CONVOY_BASE + number
    lag = world.convoys.rank[v] * 12_000 + np.int64(6_000 * uniform(day.key, 1))
    taste = stream(world.seed, CONVOY_BASE + number, 0, _TASTE)
    _put_meeting(plan, n + 1, group)
    n = drive(world, plan, n, start, bits(day.key, 2), day.habit, day.free_day, ALONE, AT_ONCE)
    put(plan, n + 1, ELSEWHERE, group.end_lat, group.end_lon, group.end_node, group.end_access)
    n = drive(world, plan, n, leave, bits(shared, 2), taste, day.free_day, joint, lag)
    stay = np.int64((2.0 + 3.0 * uniform(shared, 3)) * HOUR_MS)
    back = plan[n - 1].arrive - lag + stay
    _put_meeting(plan, n + 1, group)
    n = drive(world, plan, n, back, bits(shared, 4), taste, day.free_day, joint, lag)
    return _go_home(world, plan, n, v, _after(plan, n, 8.0, uniform(day.key, 3)), day)


@kernel
def _put_meeting(plan, n, group):
    put(plan, n, ELSEWHERE, group.meet_lat, group.meet_lon, group.meet_node, group.meet_access)


@kernel
def _go_out_together(world, plan, n, v, day):
    """Add an outing of both cars of a household, if both can be there."""
    person = world.people[v]
    shared = stream(world.seed, person.household, day.number, _JOINT)
    rates = world.rates
    wanted = rates.pair_outings_weekend if day.free_day else rates.pair_outings_weekday
    if uniform(shared, 0) >= wanted:
        return n
    # On free days before what each does alone, else after it; who is at work then, or not yet at
    # home, stays behind, and the other goes alone.
    earliest, room = (9.5, 3.0) if day.free_day else (19.5, 0.75)
    when = _at(60 * (earliest + room * uniform(shared, 1)))
    if n > 0 and plan[n - 1].arrive + LEAST_STAY_MS > when:
        return n
    owner = min(v, person.partner)
    lag = np.int64(0 if v == owner else 6_000 + 9_000 * uniform(shared, 2))
    taste = world.people[owner].habit
    joint = person.household + 1
    stay = _choose_outing(world, plan, n, v, bits(shared, 4), owner)
    n = drive(world, plan, n, when, bits(shared, 5), taste, day.free_day, joint, lag)
    put_home(world, plan, n + 1, v)
    back = plan[n - 1].arrive - lag + stay
    return drive(world, plan, n, back, bits(shared, 6), taste, day.free_day, joint, lag)
