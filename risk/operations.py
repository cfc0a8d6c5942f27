"""Deciding: a micro-batch of requests under the account lock, each decision stored whole, orders placed with it.

1. `risk/loss_baselines.py` gives the day's opening equity and the 24 h peak, read at most every two seconds.
2. `risk/account_reading.py` locks the account and reads, in one round trip, all that the batch is decided on; it takes
   one look at the market: rules and latest book of each symbol, marks of what is held (risk/marks.py).
3. Here, what was decided before is taken out and rung again.
4. `risk/rules/decision_batch.py` decides request after request, pure: its inputs, the gates, the layers.
5. `risk/decision/records.py` spells each decision as row, event and order.
6. `execution/operations.py` counts them: the account's count is the number of its last decision.
7. `execution/placing.py` places the orders; the open buys of what is sold are canceled.
8. `risk/exits/intents.py` begins what exits leave to be carried out, and ends what is flat.

All of it commits once, with the signals themselves where they come from the same process (`docs/lane.md`); then
`risk/metrics.py` counts. Below: the limits that are in force from the next batch on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.db import transaction
from msgspec.structs import replace
from prometheus_client import Counter, Histogram

import execution.operations
import execution.placing
from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import lane, outbox
from cdb_site.bus.events import id_text
from cdb_site.clock import Clock
from cdb_site.tallying import count
from execution import live_trading
from execution.commands import placing_event_id
from risk import account_reading, metrics
from risk.account_reading import Reading
from risk.decision.records import Looked, decision_payload, decision_row, order_draft, stop_params
from risk.decision.requests import Request
from risk.exits import intents
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.models import Decision, LimitVersion
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch
from risk.rules.decision_inputs import DecisionInputs
from risk.tape import looks

DECISIONS = Counter("cdb_decisions_total", "Decisions", ["kind", "outcome", "reason"])
RECEIVED = Counter("cdb_signals_received_total", "Signals handed to the risk manager for the first time")
SECONDS = Histogram("cdb_decision_batch_seconds", "Deciding one batch, under the account lock")
PRICE_AGE = Histogram("cdb_decision_price_age_seconds", "Age of the price an entry was decided on")

RISK = "risk"
Decided = tuple[Request, DecisionInputs, Ruling]


def decide_batch(
    account: str,
    requests: Sequence[Request],
    *,
    marks: Marks,
    clock: Clock,
    levels: LevelBoard | None = None,
    in_line: bool = False,
) -> dict[UUID, Ruling]:
    """Decide requests in order. Returns the rulings that are new, by decision id. `in_line`: the caller may wait for a
    venue, so that orders are claimed with their decision where execution lives in this process."""
    board = levels or LevelBoard(account, clock)
    board.at(clock.market_now())  # read, and perhaps settled, before the account is locked
    with outbox.unit_of_work(RISK, in_line=in_line) as unit:
        decided = decide_within(unit, account, requests, marks=marks, clock=clock, levels=board)
    return {request.decision_id: ruling for request, _, ruling in decided}


def decide_within(
    unit: outbox.UnitOfWork,
    account: str,
    requests: Sequence[Request],
    *,
    marks: Marks,
    clock: Clock,
    levels: LevelBoard,
) -> list[Decided]:
    """Decide requests in order inside a unit of work, which may be the one that asks. Returns what is new."""
    now = clock.market_now()
    baselines = levels.at(now)
    wanted = {request.decision_id: request for request in requests}
    bought = {request.symbol for request in requests if request.side == "BUY"}
    known = levels.placed_lately
    stored = account_reading.locked_reading(
        account,
        list(wanted),
        marks,
        now,
        symbols={request.symbol for request in requests},
        bought=bought,
        placed_lately=known,
        gate=unit.in_line and lane.hosts("execution"),
    )
    # Who waited for the account learns here what was placed meanwhile.
    lately = (levels.placed_lately if known is not None else None) or stored.orders_last_minute
    reading = replace(stored, last_sells=_newest_sells(requests, stored.last_sells), orders_last_minute=lately)
    leaving = frozenset(reading.portfolio.leaving)
    fresh = _without_decided(unit, wanted, reading)
    with SECONDS.time():
        levelled = reading.aligned(baselines)
        batch = DecisionBatch(state=reading, markets=reading.look.markets, levels=levelled, market_now=now)
        decided: list[Decided] = [(request, *batch.decide(request)) for request in fresh]
    unit.then(lambda: _count(decided))
    unit.then(partial(looks.note, reading.look.place, looks.DECIDED, clock))
    _write(unit, decided, reading)
    _cancel_buys_of_exits(unit, account, decided, reading, clock)
    intents.follow(unit, account, decided, leaving, clock)
    levels.note_orders(stored.orders_last_minute if known is None else None, batch.placed)
    return decided


def _newest_sells(requests: Sequence[Request], stored: Mapping[str, datetime]) -> dict[str, datetime]:
    """The newest SELL of each symbol where it is among the requests: in line it is not stored yet."""
    newest = dict(stored)
    for request in requests:
        if request.side == "SELL" and request.open_time:
            newest[request.symbol] = max(request.open_time, newest.get(request.symbol, request.open_time))
    return newest


def _without_decided(unit: outbox.UnitOfWork, wanted: dict[UUID, Request], reading: Reading) -> list[Request]:
    """Requests without a decision, each once; for the others what was said then is said again."""
    again = []
    for decision_id, order_id in reading.known.items():
        again.append(id_text("decisions", str(decision_id)))
        if order_id:
            again.append(placing_event_id(order_id))
    if again:
        unit.resend(again)
    return [request for decision_id, request in wanted.items() if decision_id not in reading.known]


def _write(unit: outbox.UnitOfWork, decided: Sequence[Decided], reading: Reading) -> None:
    """Rows and events of the decisions, numbered in their order, and the orders of those that were approved."""
    rows, drafts, causes, account = [], [], [], reading.account.account
    looked = Looked(reading)
    for request, seen, ruling in decided:
        event = unit.emit(
            "decisions",
            decision_payload(account, request, seen, ruling),
            key=str(request.decision_id),
            occurred_at=request.occurred_at,
            cause=request.cause,
        )
        rows.append(decision_row(request, seen, ruling, event.payload, looked))
        if ruling.approved and not ruling.joined_order:
            drafts.append(order_draft(account, request, seen, ruling))
            causes.append(event)
        if ruling.approved and request.kind == "STOP" and not seen.exit_wanted:
            alerts.raise_alert("STOP_LOSS", source="risk", key=str(request.decision_id), params=stop_params(seen))
    if rows:
        unit.write(db.insertion(Decision, rows))
        unit.write(execution.operations.decisions_made(account, len(rows)))
    execution.placing.place(unit, drafts, causes, reading.passage)


def _cancel_buys_of_exits(
    unit: outbox.UnitOfWork, account: str, decided: Sequence[Decided], reading: Reading, clock: Clock
) -> None:
    """An exit comes with the end of its symbol's open buys: what is being bought would be sold again."""
    buying = intents.buys_to_end(decided, reading.portfolio.reserved)
    if buying:
        execution.operations.cancel_entries(unit, account, buying, reason_code="POSITION_EXITING", clock=clock)


def _count(decided: Sequence[Decided]) -> None:
    metrics.count_verdicts(ruling for _, _, ruling in decided)
    count(DECISIONS, ((request.kind, ruling.outcome, ruling.reason_code) for request, _, ruling in decided))
    RECEIVED.inc(sum(request.signal_id is not None for request, _, _ in decided))
    for request, seen, _ in decided:
        if request.side == "BUY" and seen.price_age_ms is not None:
            PRICE_AGE.observe(seen.price_age_ms / 1000)


def reject_dead_letter(account: str, request: Request, *, marks: Marks, clock: Clock) -> None:
    """Settle a signal that was given up: REJECTED SYSTEM_DEAD_LETTER, unless it was decided meanwhile."""
    now = clock.market_now()
    baselines = LevelBoard(account, clock).at(now)
    with outbox.unit_of_work(RISK) as unit:
        asked = [request.symbol]
        reading = account_reading.locked_reading(account, [request.decision_id], marks, now, symbols=asked)
        if not _without_decided(unit, {request.decision_id: request}, reading):
            return
        levelled, markets = reading.aligned(baselines), reading.look.markets
        seen = DecisionBatch(state=reading, markets=markets, levels=levelled, market_now=now).inputs(request)
        ruling = Ruling(outcome="REJECTED", reason_code="SYSTEM_DEAD_LETTER", exposure_after=seen.exposure)
        _write(unit, [(request, seen, ruling)], reading)
        intents.follow(unit, account, [(request, seen, ruling)], reading.portfolio.leaving, clock)
    _count([(request, seen, ruling)])


def set_limits(account: str, values: dict[str, Decimal], *, by: str, reason: str) -> LimitVersion:
    """A new version of the limits, in force from the next decision. Raises ValidationError naming the field.

    What protects less withdraws live trading, which was enabled with the limits before it."""
    version = check_limits(account, values, by=by, reason=reason)
    with transaction.atomic():
        before = LimitVersion.objects.filter(account=account).first()
        version.save(force_insert=True)
        if before is not None:
            live_trading.withdraw_if_looser(account, before, version, by=by, version=version.pk)
    return version


def check_limits(account: str, values: dict[str, Decimal], *, by: str, reason: str) -> LimitVersion:
    """The version these values would make, not stored. Raises ValidationError naming the field."""
    version = LimitVersion(account=account, changed_by=by, reason=reason, **values)
    version.full_clean()
    return version


def seed_limits(account: str, values: dict[str, Decimal]) -> bool:
    """The first version, from the environment. False when there is one already: the environment only seeds."""
    if LimitVersion.objects.filter(account=account).exists():
        return False
    set_limits(account, values, by="system", reason="seeded from the environment")
    return True
