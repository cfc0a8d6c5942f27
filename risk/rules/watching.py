"""What watches an account, as rules: from how things stand to what is to be done about it. Pure.

    layer 1   equity at the day's loss limit → halt, cancel open buys, sell everything, until the account is flat
    layer 2   breakers opened as they are found; self-releasing ones released after a stretch of good data, not of none
    layer 5   the bid of a held symbol at or below its stop → an exit, asked for again no sooner than RETRY_STOP_S
    buys      those that are open on a halted account, and those of a symbol that is to be sold, are canceled

The services read what is asked for here, call, and carry out (`risk/watch/`); a replay calls the same functions. Times
with `_s` are seconds on one monotonic clock; what a rule remembers is handed in, and handed back changed.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple, TypeVar

from execution.rules.accounting import Holding
from risk.rules.account_state import AccountState, Levels
from risk.rules.circuit_breakers import KINDS, Finding, Observations, OpenBreaker
from risk.rules.layers import ABNORMAL_MARKET, DAILY_LOSS, STOP_LOSS

RETRY_STOP_S = 1.0
# Wall seconds that a stop rests after its exit was given up.
STOP_REST_S = 900.0

BreakerKey = tuple[str, str]
Named = TypeVar("Named", bound=Hashable)


def loss_acted_on(state: AccountState, levels: Levels, first_seen: Mapping[str, Decimal]) -> Levels | None:
    """The levels that layer 1 sells everything for now; None while the day's loss is below its limit. `first_seen` are
    today's first prices of what lacks its last close before midnight."""
    opening = levels.certain_opening(first_seen)
    limit = state.limits.max_daily_drawdown_pct
    if not DAILY_LOSS.reached(equity=state.portfolio.equity, opening=opening, limit=limit):
        return None
    return replace(levels, opening=opening, missing=())


def loss_is_dealt_with(state: AccountState, *, halted_for_it: bool, closed_out: bool) -> bool:
    """Whether a loss at its limit needs nothing more: trading is halted for it and either nothing is held or selling
    everything has begun on this market day."""
    return halted_for_it and (closed_out or not state.portfolio.holdings)


def has_buys_of_a_halt(state: AccountState) -> bool:
    """Whether buys are still open on a halted account: the halt could not wait for it, or its process died."""
    return state.trading_state == "HALTED" and bool(state.portfolio.reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketActs:
    """What layer 2 wants after one look: breakers to open, and those to release with their seconds of good data.

    `good_since` is since when the data of an open breaker is good; `causes` were met and open nothing again.
    """

    opened: tuple[Finding, ...]
    released: tuple[tuple[OpenBreaker, float], ...]
    good_since: Mapping[BreakerKey, float]
    causes: Set[BreakerKey]


def watch_market(
    state: AccountState,
    seen: Observations,
    *,
    good_since: Mapping[BreakerKey, float],
    known_causes: Collection[BreakerKey],
    now_s: float,
) -> MarketActs:
    """One look at the market. A cause that was met while its breaker was open opens none later: its release spoke for
    all of them."""
    findings = ABNORMAL_MARKET.watch(seen, state.limits)
    calm = _calm(state.breakers, seen, findings)
    since = since_when(good_since, calm, now_s)
    rested = ((row, now_s - since[key]) for key, row in calm.items())
    open_keys = {row.key for row in state.breakers}
    return MarketActs(
        opened=tuple(
            item for item in findings if item.key not in open_keys and (item.kind, item.cause) not in known_causes
        ),
        released=tuple((row, good_s) for row, good_s in rested if good_s >= state.limits.good_data_s),
        good_since=since,
        causes=frozenset((item.kind, item.cause) for item in findings if item.cause),
    )


def _calm(
    breakers: Iterable[OpenBreaker], seen: Observations, findings: Iterable[Finding]
) -> dict[BreakerKey, OpenBreaker]:
    """Open breakers that release themselves and whose cause is seen to be over."""
    abnormal = {finding.key for finding in findings}
    return {
        row.key: row
        for row in breakers
        if not KINDS[row.kind].latched and row.key not in abnormal and row.symbol not in seen.unseen
    }


def since_when(before: Mapping[Named, float], now_so: Iterable[Named], now_s: float) -> dict[Named, float]:
    """Since when each is so: what was so before keeps its time, what is so no more is forgotten."""
    return {name: before.get(name, now_s) for name in now_so}


def stops_reached(
    holdings: Iterable[Holding],
    bids: Mapping[str, Decimal],
    stop_loss_pct: Decimal,
    *,
    tried_at: Mapping[str, float],
    now_s: float,
) -> list[Holding]:
    """The positions whose bid is at or below their stop. `bids` are those of fresh books alone; `tried_at` is when a
    stop of a symbol was last asked for."""
    return [
        holding
        for holding in holdings
        if (bid := bids.get(holding.symbol)) is not None
        and now_s - tried_at.get(holding.symbol, float("-inf")) >= RETRY_STOP_S
        and STOP_LOSS.triggered(bid=bid, avg_entry_price=holding.avg_entry_price, stop_loss_pct=stop_loss_pct)
    ]


class CloseOutStep(NamedTuple):
    """What a close-out does next: exits to begin, in order of symbol; or it ends, flat or given up."""

    begun: tuple[str, ...] = ()
    flat: bool = False
    given_up: bool = False


def close_out_step(
    left: Set[str], *, orders_open: bool, leaving: Set[str] = frozenset(), hopeless: Set[str] = frozenset()
) -> CloseOutStep:
    """`left` are the symbols held beyond dust, `leaving` those whose exit is under way, `hopeless` those whose exit was
    given up since the close-out began."""
    if not left and not orders_open:
        return CloseOutStep(flat=True)
    if begun := tuple(sorted(left - leaving - hopeless)):
        return CloseOutStep(begun=begun)
    return CloseOutStep(given_up=bool(left) and left <= hopeless and not orders_open)
