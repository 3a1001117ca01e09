import pytest

from analyzer.policy.leaks import (
    MEASURED,
    NOT_MEASURABLE,
    ONE_LEAK_DAY,
    LeakPlan,
    plan_leaks,
)


def test_no_window_fits():
    assert plan_leaks(100, 102, (4, 9)) == LeakPlan(0, (), (NOT_MEASURABLE, NOT_MEASURABLE))


def test_a_window_as_long_as_the_data_leaves_one_leak_day_for_all():
    plan = plan_leaks(100, 127, (1, 7, 28, 30))
    assert plan.leak_days == (128,)
    assert plan.history == 28
    assert plan.statuses == (ONE_LEAK_DAY, ONE_LEAK_DAY, ONE_LEAK_DAY, NOT_MEASURABLE)


@pytest.mark.parametrize("covered", [*range(1, 40), 90, 180, 365])
@pytest.mark.parametrize("windows", [(1,), (1, 7), (2, 3, 5), (1, 7, 21, 30, 90, 180)])
def test_plans_keep_their_promises(covered, windows):
    first = 20_000
    plan = plan_leaks(first, first + covered - 1, windows)
    fitting = [days for days in windows if days <= covered]
    assert plan.history == max(fitting, default=0)
    for leak in plan.leak_days:
        # Days of knowledge lie in the data; the last leak shows the last day of data.
        assert first + plan.history <= leak <= first + covered
    gaps = {b - a for a, b in zip(plan.leak_days, plan.leak_days[1:], strict=False)}
    assert len(gaps) <= 1
    assert all(gap > 0 for gap in gaps)
    assert 1 <= len(plan.leak_days) <= 4 or not fitting
    for days, status in zip(windows, plan.statuses, strict=True):
        apart = len(plan.leak_days) >= 3 and min(gaps) >= days
        expected = MEASURED if apart else ONE_LEAK_DAY
        assert status == (expected if days in fitting else NOT_MEASURABLE)
    if plan.leak_days:
        assert plan.leak_days[-1] == first + covered


def test_a_window_is_measured_wherever_three_leaks_fit():
    for covered in range(1, 60):
        for days in range(1, 8):
            plan = plan_leaks(0, covered - 1, (days,))
            # Knowledge of `days`, and two more windows to move through.
            assert (plan.statuses[0] == MEASURED) == (covered >= 3 * days)


def test_leaks_fall_on_several_days_of_the_week():
    plan = plan_leaks(0, 27, (1, 6))
    assert len({leak % 7 for leak in plan.leak_days}) == len(plan.leak_days)
    # Unless a week apart is what a window of seven days needs.
    assert plan_leaks(0, 27, (1, 7)).leak_days == (7, 14, 21, 28)
