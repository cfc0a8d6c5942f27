"""The stage of the scenarios: a running system, its market, its books, and services that die on cue.

Every scenario begins on a new market day with a flat, ACTIVE account and symbols of its own. What a scenario expects
and does not see ends it with a sentence (`Unmet`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import execution.queries
from cdb_site.clock import SYSTEM
from cdb_site.local.system import System
from execution.models import TradingStateChange
from execution.queries import PAPER
from proofs.rig.waiting import Unmet, expect, pause
from proofs.scenarios.market import StagedMarket
from risk import operations
from risk.loss_baselines import read as read_levels
from risk.marks import process_marks
from risk.models import Breaker, CloseOut, Decision
from risk.rules.circuit_breakers import KINDS
from risk.rules.limits import LIMITS
from risk.watch import breakers, kill_switch

WAIT_S = 40.0
LOOK_S = 0.02
OPERATOR = "operator"
MARKET_DAY = timedelta(days=1)
FOLLOW_S = 1.5
REJECT_RATE_OPEN = "0.99"


class Stage:
    """What all scenarios act on."""

    def __init__(self, system: System, market: StagedMarket) -> None:
        self.system, self.market = system, market

    def buy(self, **strengths: str) -> dict[str, Decision]:
        """Signal BUYs in one candle and wait for their decisions; strength 0.8 wants 80 % of the position limit."""
        wanted = self.market.signal_buys(strengths)
        self.wait(lambda: self._decided(wanted.values()) == len(wanted), f"the decisions on {', '.join(wanted)}")
        rows = {str(row.decision_id): row for row in Decision.objects.filter(decision_id__in=wanted.values())}
        return {symbol: rows[decision_id] for symbol, decision_id in wanted.items()}

    def hold(self, **strengths: str) -> None:
        """Buy and wait until every position is there."""
        for symbol, decision in self.buy(**strengths).items():
            expect(decision.outcome in ("APPROVED", "TRIMMED"), f"BUY {symbol} was {decision}")
        self.wait(
            lambda: set(strengths) <= set(self.held()) and not execution.queries.open_orders(PAPER), "the positions"
        )

    def limits(self, **changes: str) -> None:
        """The default limits but for these, in force from the next decision and the next mark.

        Rejections of one scenario are among the last orders of the next: only who asks for it is stopped by them.
        """
        chosen = {"max_reject_rate_pct": REJECT_RATE_OPEN} | changes
        values = {limit.name: limit.default for limit in LIMITS} | {k: Decimal(v) for k, v in chosen.items()}
        operations.set_limits(PAPER, values, by=OPERATOR, reason="scenario")

    def resume(self) -> None:
        """Release a halt as an operator does. Raises Refused."""
        levels = read_levels(PAPER, self.market.now)
        kill_switch.resume(PAPER, by=OPERATOR, reason="next", levels=levels, marks=process_marks(), clock=SYSTEM)

    def held(self) -> dict[str, Decimal]:
        return {symbol: row.quantity for symbol, row in execution.queries.open_positions(PAPER).items()}

    def state(self) -> str:
        return execution.queries.trading_state(PAPER)

    def breakers(self) -> list[str]:
        return sorted(str(row) for row in Breaker.objects.filter(account=PAPER, released_at=None))

    def opened(self, kind: str, symbol: str = "") -> Breaker:
        """Wait for a breaker to open."""
        rows = Breaker.objects.filter(account=PAPER, kind=kind, symbol=symbol, released_at=None)
        self.wait(rows.exists, f"breaker {kind} {symbol}".strip())
        return rows.get()

    def released(self, breaker: Breaker) -> Breaker:
        """Wait for a breaker to be released."""
        rows = Breaker.objects.filter(pk=breaker.pk, released_at__isnull=False)
        self.wait(rows.exists, f"the release of {breaker}")
        return rows.get()

    def state_since(self, state: str, after_s: float) -> datetime:
        """When trading took this state, once it has after that wall time."""
        rows = TradingStateChange.objects.filter(account_id=PAPER, state=state).order_by("-id")
        self.wait(
            lambda: (row := rows.first()) is not None and row.changed_at.timestamp() >= after_s, f"trading {state}"
        )
        return rows[0].changed_at

    @property
    def together(self) -> bool:
        """Whether signal, risk and execution live in one process."""
        return self.system.process("risk") is self.system.process("execution")

    def flat(self) -> bool:
        """Orders are read first: one that is filled in between shows as a position."""
        return not execution.queries.open_orders(PAPER) and not execution.queries.open_positions(PAPER)

    def wait(self, seen: Callable[[], object], what: str, timeout_s: float = WAIT_S) -> None:
        deadline_s = SYSTEM.monotonic_s() + timeout_s
        while not seen():
            if SYSTEM.monotonic_s() > deadline_s:
                raise Unmet(f"{what} did not come within {timeout_s:g} s; {self.told()}")
            pause(LOOK_S)

    def told(self) -> str:
        last = Decision.objects.order_by("-decided_at").first()
        return (
            f"trading is {self.state()}, breakers {self.breakers()}, held {sorted(self.held())}, "
            f"{len(execution.queries.open_orders(PAPER))} open orders, last decision {last}"
        )

    def _decided(self, decision_ids: Iterable[str]) -> int:
        return Decision.objects.filter(decision_id__in=list(decision_ids)).count()

    def begin_day(self) -> None:
        """Flat, no breakers, a day without losses, ACTIVE."""
        self.market.silent = False
        for terms in self.market.terms.values():
            terms.silent = False
        self.limits(good_data_s="1", stop_loss_pct="0.9", max_daily_drawdown_pct="0.99", max_drawdown_pct="0.99")
        if not self.flat():
            kill_switch.halt(PAPER, by=OPERATOR, reason="end of the scenario", close_positions=True, clock=SYSTEM)
        self.wait(lambda: self.flat() and not CloseOut.objects.filter(flat_at=None).exists(), "a flat account")
        self.market.move_clock_to(
            (self.market.now + 2 * MARKET_DAY).replace(hour=12, minute=0, second=0, microsecond=0)
        )
        pause(FOLLOW_S)
        for row in Breaker.objects.filter(account=PAPER, released_at=None):
            if KINDS[row.kind].latched:
                breakers.release_breaker(row.pk, by=OPERATOR, reason="the scenario is over")
            else:
                self.released(row)
        if self.state() != "ACTIVE":
            self.resume()
        self.limits()
        for _ in range(3):
            self.market.close_candles()


def share(part: Decimal | None, whole: Decimal | None) -> float:
    """A fraction to a tenth of a percent."""
    return round(float((part or Decimal(0)) / (whole or Decimal(1))), 3)
