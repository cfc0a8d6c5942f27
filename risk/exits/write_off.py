"""An operator writes a position off: one decision with who and why, its order and fill, and the end of its intent.

Not a sale: nothing goes to a venue and no layer is asked. An exit that only waits for a quote is canceled by it.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

import execution.operations
import execution.queries
import execution.write_off
from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from execution.operations import Refused
from execution.rules.accounting import Booking
from risk import account_reading, queries
from risk.decision.exit_requests import attempt_of
from risk.decision.records import Looked, decision_payload, decision_row
from risk.decision.requests import Request
from risk.exits import intents
from risk.loss_baselines import LevelBoard
from risk.marks import Marks
from risk.models import Decision, ExitIntent
from risk.rules.decide import Ruling
from risk.rules.decision_batch import DecisionBatch

WRITTEN_OFF = "POSITION_WRITTEN_OFF"


def write_off(account: str, symbol: str, *, by: str, reason: str, marks: Marks, clock: Clock) -> Booking:
    """Take a position out of the books for nothing. Raises Refused when it is not held, or is at a venue."""
    if not reason.strip():
        raise Refused(_("a write-off needs a reason; say why the position can never be sold"))
    now = clock.market_now()
    levels = LevelBoard(account, clock).at(now)
    with outbox.unit_of_work(intents.RISK) as unit:
        reading = account_reading.locked_reading(account, (), marks, now, symbols=[symbol])
        request = _request(account, symbol, by, reason, clock)
        _cancel_what_waits(account, symbol, clock)
        levels = reading.aligned(levels)
        batch = DecisionBatch(state=reading, markets=reading.look.markets, levels=levels, market_now=now)
        seen = batch.inputs(request)
        held = seen.held_quantity
        ruling = Ruling(
            outcome="APPROVED",
            reason_code=WRITTEN_OFF,
            wanted_quantity=held,
            quantity=held,
            exposure_after=seen.exposure,
        )
        event = unit.emit(
            "decisions",
            decision_payload(account, request, seen, ruling),
            key=str(request.decision_id),
            occurred_at=request.occurred_at,
        )
        unit.write(db.insertion(Decision, [decision_row(request, seen, ruling, event.payload, Looked(reading))]))
        unit.write(execution.operations.decisions_made(account, 1))
        intents.end(account, [symbol], ExitIntent.Ending.WRITTEN_OFF, clock)
        alerts.close_alert("EXIT_GIVEN_UP", source=intents.RISK, key=intents.alert_key(account, symbol))
        # The order's row refers to its decision by id alone, so it may be written before it.
        return execution.write_off.write_off(unit, account, symbol, decision_id=request.decision_id, clock=clock)


def _cancel_what_waits(account: str, symbol: str, clock: Clock) -> None:
    """In a unit of its own: what follows must see it done."""
    with outbox.unit_of_work(intents.RISK) as unit:
        execution.operations.cancel_waiting_exits(unit, account, [symbol], reason_code="WRITTEN_OFF", clock=clock)


def _request(account: str, symbol: str, by: str, reason: str, clock: Clock) -> Request:
    """The next attempt of an operator's exit of this episode: a write-off is one, and the last."""
    holding = execution.queries.open_positions(account).get(symbol)
    if holding is None or holding.episode_id is None:
        raise Refused(_("%(symbol)s is not held") % {"symbol": symbol})
    tried = queries.attempts(account, [holding.episode_id])
    intent = ExitIntent(account=account, symbol=symbol, kind=Decision.Kind.OPERATOR, asked_by=by, reason=reason)
    return attempt_of(intent, holding, tried, clock.market_now())
