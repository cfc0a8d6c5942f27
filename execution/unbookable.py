"""What the venue answered and the books cannot take: kept in quarantine, so that it stops nothing else.

The answer stands as it came in `quarantined_answer`, its order stays open in the state it had, with what it may cost
reserved, and is not asked for again until an operator has settled it (`execution/quarantine.py`).
"""

from __future__ import annotations

from django.db import DataError, IntegrityError, transaction
from prometheus_client import Counter

from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from execution.models import Order, QuarantinedAnswer
from execution.rules.accounting import Oversold
from execution.rules.states import IllegalTransition
from execution.venues.journal import to_line
from execution.venues.protocol import Report

CODE = "FILL_UNBOOKABLE"
ERROR_LENGTH = 500
QUARANTINED = Counter("cdb_answers_quarantined_total", "Answers of the venue that could not be booked")


class Unbookable(ValueError):
    """A trade that can not be one: without a price or quantity, or with a fee below zero."""


# What fails again the same way, whoever tries: the answer is at fault, not a server. ValueError is also an event that
# breaks its schema, ArithmeticError a number beyond what the books hold.
FAULTS = (IntegrityError, DataError, Oversold, IllegalTransition, ValueError, ArithmeticError)


def check(report: Report) -> None:
    """Raises Unbookable for trades that no database needs to be asked about."""
    for trade in report.trades:
        if not (trade.price > 0 and trade.quantity > 0 and trade.fee >= 0):
            raise Unbookable(f"trade {trade.trade_id}: {trade.quantity} @ {trade.price}, fee {trade.fee}")


def set_aside(order_id: str, report: Report, problem: Exception) -> None:
    """Keep an answer that cannot be booked, once per order, and say so."""
    error = f"{type(problem).__name__}: {problem}"[:ERROR_LENGTH]
    with outbox.unit_of_work("execution"):
        order = Order.objects.get(order_id=order_id)
        kept, new = QuarantinedAnswer.objects.get_or_create(
            order=order, state=QuarantinedAnswer.State.OPEN, defaults={"report": to_line(report), "error": error}
        )
        params = {"symbol": order.symbol, "number": kept.pk, "error": error.partition("\n")[0]}
        alerts.raise_alert(CODE, source="execution", key=order_id, params=params)
        if new:
            transaction.on_commit(QUARANTINED.inc)
