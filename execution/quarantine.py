"""Settling what is in quarantine: an operator has it booked once its cause is mended, or dismisses it with a reason.

A dismissed answer is never booked: its order ends CANCELED, `ANSWER_DISMISSED`, and what it reserved is free again. Who
settled it, when and why stands with the row.
"""

from __future__ import annotations

from django.db.models.functions import Now

from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from execution import booking
from execution.models import QuarantinedAnswer
from execution.operations import Refused
from execution.unbookable import CODE, FAULTS
from execution.venues.journal import from_line
from execution.venues.protocol import Report

DISMISSED = "ANSWER_DISMISSED"
State = QuarantinedAnswer.State


def waiting(account: str) -> list[QuarantinedAnswer]:
    """What waits for an operator, oldest first."""
    rows = QuarantinedAnswer.objects.filter(state=State.OPEN, order__account_id=account)
    return list(rows.select_related("order").order_by("id"))


def retry(number: int, *, by: str, clock: Clock) -> int:
    """Book the answer as it came. Returns its new fills; Refused says what still hinders."""
    try:
        with outbox.unit_of_work("execution"):
            kept = _open(number)
            fills = _record(kept, from_line(kept.report), clock)
            _settle(kept, State.BOOKED, by, "")
    except FAULTS as problem:
        raise Refused(f"answer {number} still cannot be booked: {problem}") from problem
    return fills


def dismiss(number: int, *, by: str, reason: str, clock: Clock) -> None:
    """Give the answer up: its order ends, and nothing is booked."""
    if not reason.strip():
        raise Refused("dismissing needs a reason: what the venue says it traded will never be in the books")
    with outbox.unit_of_work("execution"):
        kept = _open(number)
        _record(kept, Report(client_order_id=kept.order.client_order_id, canceled=DISMISSED), clock)
        _settle(kept, State.DISMISSED, by, reason)


def _open(number: int) -> QuarantinedAnswer:
    kept = QuarantinedAnswer.objects.select_for_update(of=("self",)).select_related("order").filter(pk=number).first()
    if kept is None or kept.state != State.OPEN:
        state = kept.state if kept else "unknown"
        raise Refused(f"answer {number} is {state}; `manage.py quarantine list` names those that wait")
    return kept


def _record(kept: QuarantinedAnswer, answer: Report, clock: Clock) -> int:
    return booking.record_together(kept.order.account_id, {str(kept.order_id): answer}, clock=clock, causes={})


def _settle(kept: QuarantinedAnswer, state: str, by: str, reason: str) -> None:
    QuarantinedAnswer.objects.filter(pk=kept.pk).update(state=state, settled_at=Now(), settled_by=by, reason=reason)
    alerts.close_alert(CODE, source="execution", key=str(kept.order_id))
