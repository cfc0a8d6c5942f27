"""How well a replay did: the account beside holding its universe, its round trips, what was refused and what it cost.

    exposure time   share of the candles' closes at which something was held
    exposure mean   exposure ÷ equity, averaged over the closes
    turnover        bought and sold, a day, as a multiple of the average equity
    fee share       fees ÷ gross result of the trips
    excess          net return less that of holding the universe

Returns, risk and time under water are explained in `worth`, those of trips in risk.rules.measures. A trip belongs to
the month in which it was closed and to the weekday of its entry, Monday is 1, in UTC. Money is Decimal in the quote
asset, fractions are float. What is not known is None, never 0. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from cdb_site.units import plain
from replay.rules.outcome import ReplayCurve, ReplayDecision, ReplayOutcome, ReplayTrip
from replay.rules.worth import DAY_S, WorthFigures, WorthPath, figures
from risk.rules.measures import TripTally, told_tally, trip
from signals_app.rules.momentum import Floats

REFUSED = ("REJECTED", "EXPIRED")
GROUPS = ("symbol", "exit_reason", "weekday", "month")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """`account` and `benchmark` are None where nothing was played, or nothing is known to hold. `months` are the
    account's returns, `groups` the trips by each of GROUPS, `outcomes` counts decisions, `refusals` those refused by
    reason."""

    start_s: int | None
    end_s: int | None
    starting_cash: Decimal
    equity: Decimal
    account: WorthFigures | None
    benchmark: WorthFigures | None
    months: tuple[tuple[str, float], ...]
    trips: TripTally
    groups: Mapping[str, Mapping[str, TripTally]]
    outcomes: Mapping[str, int]
    refusals: Mapping[str, int]
    fees: Decimal
    turnover: Decimal
    turnover_per_day: float | None
    exposure_time: float | None
    exposure_mean: float | None
    unheld_sells: int
    disagreements: int
    breakers: Mapping[str, int]

    @property
    def net(self) -> Decimal:
        """What all of it brought, in the quote asset: equity at the end less the starting cash."""
        return self.equity - self.starting_cash

    @property
    def excess(self) -> float | None:
        """Net return less that of holding the universe."""
        return self.account.net - self.benchmark.net if self.account and self.benchmark else None

    def as_json(self) -> dict[str, Any]:
        """Plain values: money as exact text, fractions as numbers, what is not known as null."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "starting_cash": plain(self.starting_cash),
            "equity": plain(self.equity),
            "net": plain(self.net),
            "excess": self.excess,
            "account": self.account.as_json() if self.account else None,
            "benchmark": self.benchmark.as_json() if self.benchmark else None,
            "months": [{"month": month, "net": net} for month, net in self.months],
            "trips": told_tally(self.trips),
            **{f"by_{kind}": _told_group(kind, self.groups[kind]) for kind in GROUPS},
            "outcomes": dict(self.outcomes),
            "refusals": dict(self.refusals),
            "fees": plain(self.fees),
            "turnover": plain(self.turnover),
            "turnover_per_day": self.turnover_per_day,
            "exposure_time": self.exposure_time,
            "exposure_mean": self.exposure_mean,
            "unheld_sells": self.unheld_sells,
            "disagreements": self.disagreements,
            "breakers": dict(self.breakers),
        }


def measures(outcome: ReplayOutcome) -> Measures:
    """Everything that a replay's outcome tells."""
    path = path_of(outcome, outcome.curve.equity)
    total, groups = tallies(outcome.trips)
    return Measures(
        start_s=int(path.at_s[0]) if path else None,
        end_s=int(path.at_s[-1]) if path else None,
        starting_cash=outcome.starting_cash,
        equity=outcome.equity,
        account=figures(path) if path else None,
        benchmark=held(outcome),
        months=tuple(path.months()) if path else (),
        trips=total,
        groups=groups,
        outcomes=_counted(one.ruling.outcome for one in outcome.decisions),
        refusals=refusals(outcome.decisions),
        fees=outcome.fees,
        turnover=outcome.turnover,
        turnover_per_day=turnover_per_day(outcome.turnover, path) if path else None,
        exposure_time=exposure_time(outcome.curve),
        exposure_mean=exposure_mean(outcome.curve),
        unheld_sells=outcome.unheld_sells,
        disagreements=outcome.disagreements,
        breakers=dict(outcome.breakers),
    )


def path_of(outcome: ReplayOutcome, value: Floats) -> WorthPath | None:
    """One of the curve's columns, from the opening of the first candle on, when it was the starting cash. None for
    less than two candles, which do not tell when the first one opened, and where no value is known."""
    at_s = outcome.curve.at_s
    if len(at_s) < 2 or not np.isfinite(value).any():
        return None
    return WorthPath.of(at_s, value, start_s=int(2 * at_s[0] - at_s[1]), start_value=float(outcome.starting_cash))


def held(outcome: ReplayOutcome) -> WorthFigures | None:
    """What holding the universe would have brought; None where its last value is not known."""
    path = path_of(outcome, outcome.curve.benchmark)
    return figures(path) if path and np.isfinite(outcome.curve.benchmark[-1]) else None


def tallies(trips: Iterable[ReplayTrip]) -> tuple[TripTally, dict[str, dict[str, TripTally]]]:
    """(all trips together, by kind of group the tally of each key)."""
    total = TripTally()
    groups: dict[str, dict[str, TripTally]] = {kind: defaultdict(TripTally) for kind in GROUPS}
    for one in trips:
        seconds = Decimal(one.closed_at_s - one.opened_at_s)
        single = trip(net=one.net, gross=one.gross, fees=one.fees, held_s=seconds)
        total += single
        for kind, key in zip(GROUPS, _keys(one), strict=True):
            groups[kind][key] += single
    return total, {kind: dict(found) for kind, found in groups.items()}


def _keys(one: ReplayTrip) -> tuple[str, str, str, str]:
    opened = datetime.fromtimestamp(one.opened_at_s, UTC)
    closed = datetime.fromtimestamp(one.closed_at_s, UTC)
    return one.symbol, one.exit_reason, str(opened.isoweekday()), f"{closed:%Y-%m}"


def refusals(decisions: Iterable[ReplayDecision]) -> dict[str, int]:
    """How many decisions were refused or came too late, by reason, the most frequent first."""
    return _counted(one.ruling.reason_code for one in decisions if one.ruling.outcome in REFUSED)


def turnover_per_day(turnover: Decimal, path: WorthPath) -> float | None:
    """turnover ÷ average equity ÷ days; None where nothing was owned."""
    mean = float(np.average(path.value[1:], weights=np.diff(path.at_s)))
    return float(turnover) / mean / (path.length_s / DAY_S) if mean > 0 else None


def exposure_time(curve: ReplayCurve) -> float | None:
    """Closes at which something was held ÷ closes."""
    known = curve.exposure[np.isfinite(curve.exposure)]
    return float((known > 0).mean()) if len(known) else None


def exposure_mean(curve: ReplayCurve) -> float | None:
    """Average over the closes of exposure ÷ equity."""
    known = np.isfinite(curve.exposure) & (curve.equity > 0)
    return float((curve.exposure[known] / curve.equity[known]).mean()) if known.any() else None


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _told_group(kind: str, found: Mapping[str, TripTally]) -> list[dict[str, Any]]:
    """Symbols and exits by what they brought, months and weekdays in their own order."""
    by_result = kind in ("symbol", "exit_reason")
    ordered = sorted(found.items(), key=lambda item: (-item[1].net if by_result else Decimal(0), item[0]))
    return [{kind: key, **told_tally(tally)} for key, tally in ordered]
