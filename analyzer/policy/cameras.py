"""Cameras: what risk a growing number of cameras brings, and what the last one added.

Smaller shares are nested in larger ones, by chance or busiest first. Two questions are told apart:
what an adversary whose knowledge does not depend on the store learns from it (points at cameras
that are not there help nobody), and what somebody who measured only this smaller system would find.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.apart import count_of, few_apart, find_near
from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.fitting import fit_to_engine
from analyzer.policy.applying import kept_cameras
from analyzer.policy.inferred import IN_STRETCHES, WITHIN_TEXT
from analyzer.policy.outcomes import OF_ALL, RISKS, check_risks
from analyzer.policy.policy import Policy
from analyzer.policy.resampling import IS_SHOWN, IS_TARGET, estimate_share
from analyzer.policy.setting import SAMPLE, make_setting
from analyzer.policy.stretches import find_outcomes_within
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw
from analyzer.risk.unicity import measure_unicity
from analyzer.schema import Rows
from analyzer.sightings import Sightings, check_sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ORDERS = ("random", "busiest")
SHARES = (0.1, 0.25, 0.5, 1.0)
METHOD = "all data; bootstrap of vehicles, 95 %"


@dataclass(frozen=True)
class CameraStep:
    """What a number of cameras gives away.

    Attributes
    ----------
    share : float
        Of the cameras.
    cameras : int
        How many.
    risks : dict of str to Estimate
        Share of the vehicles for which each risk comes true, knowledge being fixed.
    within : Estimate
        Unicity as the smaller system alone would measure it, points drawn from what it saw.
    seen : Estimate
        Share of the vehicles of which a known point is at one of these cameras.
    added_per_camera : float
        By how much unicity grows with each camera beyond the step before.
    reported : dict of str to Estimate
        What a report tells of the same data as a whole, of homes, works and commutes; empty where
        some cameras do not record.
    """

    share: float
    cameras: int
    risks: dict[str, Estimate]
    within: Estimate
    seen: Estimate
    added_per_camera: float
    reported: dict[str, Estimate] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class CameraSweep(Result):
    """How risk grows with the number of cameras.

    Attributes
    ----------
    steps : tuple of CameraStep
        By number of cameras.
    order : str
        ``"random"`` or ``"busiest"``: which cameras come first.
    adversary : Adversary
        Who knows what.
    vehicles, seed, synthetic
        Of the data and the draws.
    """

    steps: tuple[CameraStep, ...]
    order: str
    adversary: Adversary
    vehicles: int
    seed: int
    synthetic: bool = False

    def published(self, k: int) -> CameraSweep:
        """Give the sweep as it may be published: no share that stands for 1 to k - 1 vehicles.

        Nor two that differ by so few: what fewer cameras give away, more do too.
        """
        steps: list[CameraStep] = []
        within = _within_apart([step.within for step in self.steps], k)
        of = [
            _apart([_beside_report(step, risk, k) for step in self.steps], k)
            for risk in self.steps[0].risks
        ]
        seen = _apart(
            [_without_company(step.seen, [shares[at] for shares in of], k)
             for at, step in enumerate(self.steps)], k
        )  # fmt: skip
        for at, step in enumerate(self.steps):
            risks = {risk: each[at] for risk, each in zip(step.risks, of, strict=True)}
            first = next(iter(risks))
            small = risks[first] != step.risks[first] or (
                steps and not steps[-1].risks[first].is_measured
            )
            steps.append(
                replace(
                    step,
                    risks=risks,
                    within=within[at],
                    seen=seen[at],
                    added_per_camera=math.nan if small else step.added_per_camera,
                )
            )
        return replace(self, steps=tuple(steps))

    def summary(self) -> str:
        """Tell what each number of cameras gives away, and what the last ones added."""
        first = next(iter(self.steps[0].risks))
        told = "; ".join(
            f"{step.cameras:,} camera{'s' * (step.cameras != 1)}: {step.risks[first].percent()}"
            for step in self.steps
        )
        chosen = "drawn by chance" if self.order == "random" else "the busiest first"
        lines = [
            f"An adversary knows {self.adversary.describe()}. Share of vehicles ({first}), by "
            f"cameras that record, {chosen}: {told}."
        ]
        last = self.steps[-1]
        if len(self.steps) > 1 and not math.isnan(last.added_per_camera):
            before = self.steps[-2].cameras
            lines.append(
                f"From {before:,} to {last.cameras:,} cameras, each further one adds "
                f"{100 * last.added_per_camera:.2g} percentage points."
            )
        if set(self.steps[0].risks) & set(IN_STRETCHES):
            lines.append(WITHIN_TEXT)
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a number of cameras: each risk with its interval, and what was added."""
        rows = []
        for step in self.steps:
            row: dict[str, Any] = {"share": step.share, "cameras": step.cameras}
            for risk, estimate in {**step.risks, "within": step.within, "seen": step.seen}.items():
                row |= {
                    risk: estimate.value,
                    f"{risk}_low": estimate.low,
                    f"{risk}_high": estimate.high,
                    f"{risk}_n": estimate.n,
                    f"{risk}_baseline": estimate.baseline,
                }
            rows.append({**row, "added_per_camera": step.added_per_camera})
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "order": self.order,
            "steps": [
                {
                    "share": step.share,
                    "cameras": step.cameras,
                    "risks": {risk: each.to_dict() for risk, each in step.risks.items()},
                    "within": step.within.to_dict(),
                    "seen": step.seen.to_dict(),
                    "added_per_camera": (
                        None if math.isnan(step.added_per_camera) else step.added_per_camera
                    ),
                }
                for step in self.steps
            ],
            "adversary": self.adversary.to_dict(),
            "vehicles": self.vehicles,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }

    def plot(self) -> Axes:
        """Draw each risk against the number of cameras."""
        from analyzer.charts import new_axes

        axes = new_axes()
        table = self.to_pandas()
        for risk in self.steps[0].risks:
            axes.plot(table["cameras"], 100 * table[risk], marker="o", label=risk)
        axes.set(xlabel="cameras", ylabel="share of vehicles (%)", ylim=(0, 100))
        axes.legend()
        return axes


def _beside_report(step: CameraStep, risk: str, k: int) -> Estimate:
    """Withhold a share of few, or one that is few beside what a report tells of all cameras."""
    share = step.risks[risk].withheld(k)
    whole = step.reported.get(risk)
    counts = count_of(share), None if whole is None else count_of(whole.withheld(k))
    near = None not in counts and few_apart(counts[0], counts[1:], k)
    return share.hidden(k) if near else share


def _without_company(seen: Estimate, shares: Sequence[Estimate], k: int) -> Estimate:
    """Withhold the vehicles seen where those of them for whom a risk comes true are few less."""
    inside = [count_of(share) for share in shares if share.n == seen.n and share.is_exact]
    seen = seen.withheld(k)
    count = count_of(seen)
    return seen.hidden(k) if count is not None and few_apart(count, inside, k) else seen


def _apart(shares: Sequence[Estimate], k: int) -> list[Estimate]:
    """Withhold shares that are fewer than k vehicles beside that of more cameras."""
    near = find_near([*map(count_of, shares)], k, order=reversed(range(len(shares))))
    return [share.hidden(k) if at else share for share, at in zip(shares, near, strict=True)]


def _within_apart(shares: Sequence[Estimate], k: int) -> list[Estimate]:
    """Withhold shares of those left whose number is fewer than k beside that of more cameras.

    The baseline is one in the number of vehicles that the cameras see at all: it goes too.
    """
    most_first = list(reversed(range(len(shares))))
    near = find_near([share.n for share in shares], k, order=most_first)
    held = [
        replace(share.hidden(k), n=0) if at else share.withheld(k)
        for share, at in zip(shares, near, strict=True)
    ]
    seen = [1 / share.baseline if share.baseline else None for share in held]
    near = find_near(seen, k, order=most_first)
    for at, (share, count) in enumerate(zip(held, seen, strict=True)):
        if near[at] or (count is not None and few_apart(count, [share.n], k)):
            held[at] = replace(share, baseline=None)
    return _apart(held, k)


def sweep_cameras(
    sightings: Sightings,
    shares: Sequence[float] = SHARES,
    adversary: Adversary | None = None,
    seed: int = 0,
    *,
    order: str = "random",
    risks: Sequence[str] = ("unicity",),
    sample: int | None = SAMPLE,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> CameraSweep:
    """Measure how risk grows with the number of cameras: what the 100th camera adds.

    Parameters
    ----------
    sightings : Sightings
        The population, with all cameras.
    shares : sequence of float
        Shares of the cameras, each above 0 and up to 1; a smaller share is part of a larger one.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    seed : int
        Of the draws, that of the cameras too.
    order : {"random", "busiest"}
        Which cameras come first: drawn by chance, or those with the most sightings.
    risks : sequence of str
        ``"unicity"``, ``"homes"``, ``"works"``, ``"commutes"``, ``"companions"``.
    sample : int or None
        Vehicles among which companions are looked for.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    CameraSweep

    Raises
    ------
    UsageError
        If a share or the order is impossible.

    Notes
    -----
    The leak shows all days. What is known are points of the whole system's data, drawn once; those
    at cameras that are not there help nobody, and a vehicle without any is not singled out.
    ``within`` is `measure_unicity` in the smaller data alone.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> hour = 3_600_000
    >>> two = from_arrays([0, 0, 1, 1], [0, hour, 0, hour], [0, 1, 0, 2])
    >>> sweep_cameras(two, (1.0,), Adversary(points=2)).to_pandas()[["cameras", "unicity"]]
       cameras  unicity
    0        3      1.0
    """
    check_sightings(sightings)
    adversary = Adversary() if adversary is None else adversary
    check_draw(sample, seed)
    risks = check_risks(risks)
    if risks[0] in OF_ALL:
        raise UsageError(f"risks: begin with one of {', '.join(RISKS)}")
    shares = check_shares(shares)
    if order not in ORDERS:
        raise UsageError(f"order={order!r} is not known; write 'random' or 'busiest'")
    runner, sightings = fit_to_engine(sightings, engine, memory)
    setting = make_setting(
        sightings,
        [Policy(None)],
        adversary,
        sample=sample,
        seed=seed,
        engine=runner,
        memory=memory,
    )
    ranked = _ranked(sightings, order, int(seed), setting.runner)
    steps: list[CameraStep] = []
    names = sightings.camera_table["name"].to_numpy(object)
    for share in shares:
        count = max(1, math.ceil(share * len(ranked) - 1e-9))
        policy = Policy(None, cameras=tuple(names[ranked[:count]]), attributes="keep")
        found = find_outcomes_within(setting, policy, risks)
        figures = {
            risk: found.estimate(
                risk, days_vary=False, seed=[setting.seed, number], method=METHOD
            )
            for number, risk in enumerate(risks)
        }
        seen = estimate_share(
            found.states[risks[0]],
            IS_SHOWN,
            IS_TARGET,
            days_vary=False,
            rng=np.random.default_rng([setting.seed, len(risks)]),
            method=METHOD,
        )
        released = setting.released(policy, 0)
        within = (
            measure_unicity(released, adversary, seed=seed, engine=setting.runner).share
            if len(released)
            else Estimate(math.nan, math.nan, math.nan, 0, "nothing was seen")
        )
        added = math.nan
        if steps and count > steps[-1].cameras:
            gained = figures[risks[0]].value - steps[-1].risks[risks[0]].value
            added = gained / (count - steps[-1].cameras)
        reported = {
            risk: found.estimate(
                risk, days_vary=False, seed=[setting.seed, number], method=METHOD, of_whole=True
            )
            for number, risk in enumerate(risks)
            if risk in found.whole and count == len(ranked)
        }
        steps.append(CameraStep(share, count, figures, within, seen, added, reported))
    return CameraSweep(
        steps=tuple(steps),
        order=order,
        adversary=adversary,
        vehicles=sightings.n_vehicles,
        seed=int(seed),
        synthetic=sightings.synthetic,
    )


def check_shares(shares: Sequence[float]) -> tuple[float, ...]:
    """Refuse what is no share of the cameras; give them ascending, each once.

    Raises
    ------
    UsageError
        With what to write instead.

    Examples
    --------
    >>> check_shares([1.0, 0.5, 0.5])
    (0.5, 1.0)
    """
    given = [shares] if isinstance(shares, (int, float)) else list(shares)
    wrong = [share for share in given if not (isinstance(share, (int, float)) and 0 < share <= 1)]
    if wrong or not given:
        raise UsageError(
            "shares: write shares above 0 and up to 1, for example shares=(0.1, 0.5, 1.0)"
        )
    return tuple(sorted({float(share) for share in given}))


def _ranked(sightings: Sightings, order: str, seed: int, runner: Engine) -> np.ndarray:
    """Give camera codes in the order in which they come."""
    table = sightings.camera_table
    if order == "random":
        return kept_cameras(1.0, table, seed)
    counted = runner.map(sightings.parts("camera"), count_cameras, {"cameras": len(table)})
    return np.argsort(-sum(rows["count"] for rows in counted), kind="stable")


def count_cameras(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the sightings of each camera in a part."""
    return {"count": np.bincount(rows["camera"], minlength=broadcast["cameras"])}
