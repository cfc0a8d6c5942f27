"""Layer 2's circuit breakers (abnormal market), as rules: what is observed, against which limit, and what it opens.

DRAWDOWN      1 − equity ÷ peak of the last 24 h           fraction   whole account   until an operator releases it
REJECT_RATE   orders rejected ÷ last orders                fraction   whole account   until an operator releases it
SLIPPAGE      (fill − decision price) ÷ decision price     fraction   symbol          until an operator releases it
SILENCE       wall time since the last market data         s          account/symbol  releases itself
CLOCK_SKEW    |venue's clock − ours|                       s          whole account   releases itself
ORDER_RATE    orders of the last wall minute               orders     whole account   releases itself
SPREAD        (ask − bid) ÷ mid × 10,000                   bps        symbol          releases itself
JUMP          |mid ÷ mid one market minute ago − 1|        fraction   symbol          releases itself

A finding about the whole account lets trading only reduce; one about a symbol blocks that symbol's entries. Exits are
never blocked. Pure: whoever watches brings the observations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from risk.rules.limits import Limits

ACCOUNT = ""
REJECT_RATE_LEAST_ORDERS = 10
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerKind:
    """`latched` breakers wait for an operator; the others release themselves after a stretch of good data."""

    code: str
    limit: str
    unit: str
    latched: bool
    meaning: str
    meaning_de: str
    next_step: str
    next_step_de: str


KINDS = {
    kind.code: kind
    for kind in (
        BreakerKind(
            code="DRAWDOWN",
            limit="max_drawdown_pct",
            unit="fraction",
            latched=True,
            meaning="Equity fell too far below its peak of the last 24 hours.",
            meaning_de="Das Eigenkapital fiel zu weit unter seinen Höchststand der letzten 24 Stunden.",
            next_step="Look at the open positions and the last decisions; release it when the cause is understood.",
            next_step_de="Positionen und letzte Entscheidungen ansehen; lösen, wenn die Ursache verstanden ist.",
        ),
        BreakerKind(
            code="REJECT_RATE",
            limit="max_reject_rate_pct",
            unit="fraction",
            latched=True,
            meaning="The venue rejected too many of the last orders.",
            meaning_de="Der Handelsplatz wies zu viele der letzten Aufträge zurück.",
            next_step="Read the rejections' reason codes (`manage.py explain ORDER`), mend their cause, release it.",
            next_step_de="Gründe der Zurückweisungen lesen (`manage.py explain ORDER`), Ursache beheben, lösen.",
        ),
        BreakerKind(
            code="SLIPPAGE",
            limit="max_slippage_pct",
            unit="fraction",
            latched=True,
            meaning="A fill was too far from the price it was decided on.",
            meaning_de="Eine Ausführung lag zu weit von dem Preis, auf den sie entschieden wurde.",
            next_step="Look at the symbol's book and spread; release it when the symbol trades normally.",
            next_step_de="Orderbuch und Spanne des Symbols ansehen; lösen, wenn es normal handelt.",
        ),
        BreakerKind(
            code="SILENCE",
            limit="max_data_silence_s",
            unit="s",
            latched=False,
            meaning="No market data came for too long.",
            meaning_de="Zu lange kamen keine Marktdaten.",
            next_step="See the health of the WS and REST screeners; it releases itself when data flows again.",
            next_step_de="Zustand der WS- und REST-Screener ansehen; löst sich selbst, wenn wieder Daten fließen.",
        ),
        BreakerKind(
            code="CLOCK_SKEW",
            limit="max_clock_skew_s",
            unit="s",
            latched=False,
            meaning="The venue's clock and this machine's are too far apart.",
            meaning_de="Die Uhr des Handelsplatzes und die dieser Maschine liegen zu weit auseinander.",
            next_step="Check this machine's time synchronisation; it releases itself when the clocks agree.",
            next_step_de="Zeitabgleich dieser Maschine prüfen; löst sich selbst, wenn die Uhren übereinstimmen.",
        ),
        BreakerKind(
            code="ORDER_RATE",
            limit="max_orders_per_minute",
            unit="orders",
            latched=False,
            meaning="Too many orders were placed within one minute.",
            meaning_de="Binnen einer Minute wurden zu viele Aufträge erteilt.",
            next_step="Look for a signal that fires again and again; it releases itself when the rate falls.",
            next_step_de="Nach einem Signal suchen, das immer wieder feuert; löst sich, wenn es weniger werden.",
        ),
        BreakerKind(
            code="SPREAD",
            limit="max_spread_bps",
            unit="bps",
            latched=False,
            meaning="The symbol's spread is too wide.",
            meaning_de="Die Spanne des Symbols ist zu weit.",
            next_step="Nothing: it releases itself when the spread is narrow again.",
            next_step_de="Nichts: löst sich selbst, wenn die Spanne wieder eng ist.",
        ),
        BreakerKind(
            code="JUMP",
            limit="max_jump_pct",
            unit="fraction",
            latched=False,
            meaning="The symbol's price moved too far within one minute.",
            meaning_de="Der Preis des Symbols bewegte sich binnen einer Minute zu weit.",
            next_step="Look for news of the symbol; it releases itself when the price is calm.",
            next_step_de="Nach Nachrichten zum Symbol suchen; löst sich selbst, wenn der Preis ruhig ist.",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A breaker that must be open. An empty `symbol` is the whole account; `cause` names what may open it once only."""

    kind: str
    symbol: str
    observed: Decimal
    limit: Decimal
    context: dict[str, Any] = field(default_factory=dict)
    cause: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreaker:
    """A breaker that was opened and not released. An empty `symbol` is the whole account."""

    id: int
    kind: str
    symbol: str

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.symbol

    def __str__(self) -> str:
        return f"{self.kind} {self.symbol}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A closed order that slipped: a positive fraction is worse than the decision price."""

    order_id: str
    symbol: str
    slippage: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """What one look at market and account found. Ages are wall seconds; None: not known, which opens nothing.

    `unseen` names the symbols without fresh data, ACCOUNT for the whole feed: nothing shows there that a breaker's
    cause is over.
    """

    equity: Decimal
    peak_equity: Decimal | None = None
    feed_age_s: Decimal | None = None
    quote_ages_s: Mapping[str, Decimal] = field(default_factory=dict)
    spreads_bps: Mapping[str, Decimal] = field(default_factory=dict)
    moves: Mapping[str, Decimal] = field(default_factory=dict)
    orders_last_minute: int = 0
    orders_closed: int = 0
    orders_rejected: int = 0
    clock_skew_s: Decimal | None = None
    slips: tuple[Slip, ...] = ()
    unseen: frozenset[str] = frozenset()


def watch(seen: Observations, limits: Limits) -> list[Finding]:
    """Every breaker that the observations ask for."""
    return [*_account_findings(seen, limits), *_symbol_findings(seen, limits), *_slips(seen.slips, limits)]


def drawdown(equity: Decimal, reference: Decimal | None) -> Decimal:
    """Fraction lost since `reference`, 0 or more."""
    if reference is None or reference <= 0 or equity >= reference:
        return ZERO
    return (reference - equity) / reference


def _account_findings(seen: Observations, limits: Limits) -> Iterable[Finding]:
    fallen = drawdown(seen.equity, seen.peak_equity)
    if fallen >= limits.max_drawdown_pct:
        context = {"equity": str(seen.equity), "peak_equity": str(seen.peak_equity)}
        yield _found("DRAWDOWN", ACCOUNT, fallen, limits, context)
    if seen.feed_age_s is not None and seen.feed_age_s > limits.max_data_silence_s:
        yield _found("SILENCE", ACCOUNT, seen.feed_age_s, limits)
    if seen.orders_last_minute > limits.max_orders_per_minute:
        yield _found("ORDER_RATE", ACCOUNT, Decimal(seen.orders_last_minute), limits)
    if seen.clock_skew_s is not None and abs(seen.clock_skew_s) > limits.max_clock_skew_s:
        yield _found("CLOCK_SKEW", ACCOUNT, abs(seen.clock_skew_s), limits)
    if seen.orders_closed >= REJECT_RATE_LEAST_ORDERS:
        share = Decimal(seen.orders_rejected) / seen.orders_closed
        if share > limits.max_reject_rate_pct:
            context = {"rejected": str(seen.orders_rejected), "orders": str(seen.orders_closed)}
            yield _found("REJECT_RATE", ACCOUNT, share, limits, context)


def _symbol_findings(seen: Observations, limits: Limits) -> Iterable[Finding]:
    for kind, observed, limit in (
        ("SILENCE", seen.quote_ages_s, limits.max_data_silence_s),
        ("SPREAD", seen.spreads_bps, limits.max_spread_bps),
        ("JUMP", {symbol: abs(move) for symbol, move in seen.moves.items()}, limits.max_jump_pct),
    ):
        for symbol, value in observed.items():
            if value > limit:
                yield _found(kind, symbol, value, limits)


def _slips(slips: Iterable[Slip], limits: Limits) -> Iterable[Finding]:
    for slip in slips:
        if slip.slippage > limits.max_slippage_pct:
            context = {"order_id": slip.order_id}
            yield _found("SLIPPAGE", slip.symbol, slip.slippage, limits, context, cause=slip.order_id)


def _found(
    kind: str,
    symbol: str,
    observed: Decimal,
    limits: Limits,
    context: dict[str, Any] | None = None,
    cause: str = "",
) -> Finding:
    limit = getattr(limits, KINDS[kind].limit)
    return Finding(
        kind=kind, symbol=symbol, observed=round(observed, 8), limit=limit, context=context or {}, cause=cause
    )
