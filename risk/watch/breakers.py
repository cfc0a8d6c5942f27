"""Breakers of layer 2 as rows: opened once, released by calm or by a person, each in one transaction.

Every act is under the lock of execution's gate, not the account's: a frozen holder of the account delays no breaker.
What was seen without the lock is checked again under it. A breaker about the whole account lets trading only reduce;
that hold belongs to the breakers, and ends with the last of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from prometheus_client import Counter

import execution.gate
from cdb_site import db
from cdb_site.alerts import operations as alerts
from cdb_site.bus import outbox
from cdb_site.clock import Clock
from cdb_site.units import in_unit
from execution.gate import Owner
from execution.operations import Refused
from risk import queries
from risk.models import Breaker
from risk.rules.account_state import MarketLook
from risk.rules.circuit_breakers import KINDS, Finding, drawdown
from risk.rules.look_text import look_json, marks_json

OPENED = Counter("cdb_breakers_opened_total", "Circuit breakers opened", ["kind"])
RISK = "risk"


def open_breakers(
    account: str, findings: Sequence[Finding], *, limits_version: int, clock: Clock, look: MarketLook | None = None
) -> int:
    """Open what is not open yet; one about the whole account lets trading only reduce. Returns how many are new. `look`
    has the symbols that the findings are about."""
    with outbox.unit_of_work(RISK):
        execution.gate.lock(account)
        findings = [finding for finding in findings if _still_holds(account, finding, clock)]
        rows = [_row(account, finding, limits_version, clock, look) for finding in findings]
        written = db.bulk_insert(Breaker, rows, on_conflict="DO NOTHING", returning="kind, symbol")
        new = {(kind, symbol) for kind, symbol in written}
        opened = [finding for finding in findings if finding.key in new]
        for finding in opened:
            alerts.raise_alert(
                f"BREAKER_{finding.kind}", source=RISK, key=_key(account, *finding.key), params=_params(finding)
            )
        if whole := [finding for finding in opened if not finding.symbol]:
            unit, first = KINDS[whole[0].kind].unit, whole[0]
            reason = f"breaker {first.kind}: {in_unit(first.observed, unit)}, allowed {in_unit(first.limit, unit)}"
            execution.gate.set_trading_state(account, "REDUCING", by=RISK, reason=reason, owner=Owner.BREAKERS)
    for finding in opened:
        OPENED.labels(finding.kind).inc()
    return len(opened)


def _still_holds(account: str, finding: Finding, clock: Clock) -> bool:
    """A peak that was read before an operator released the drawdown counts no more."""
    if finding.kind != "DRAWDOWN":
        return True
    earned = queries.peak_earned(account, clock.market_now())
    peak = None if earned is None else earned + execution.queries.account(account).paid_in
    return drawdown(Decimal(finding.context["equity"]), peak) >= finding.limit


def release_breaker(breaker_id: int, *, by: str, reason: str) -> bool:
    """Release one breaker; the last one of the account ends the breakers' hold. False when it was released before."""
    if not reason.strip():
        raise Refused(_("a release needs a reason; say why the market is normal again"))
    with outbox.unit_of_work(RISK):
        breaker = Breaker.objects.filter(pk=breaker_id).first()
        if breaker is None:
            raise Refused(
                _("there is no breaker %(number)s; `manage.py status` lists the open ones") % {"number": breaker_id}
            )
        execution.gate.lock(breaker.account)
        if not _release(breaker, by, reason):
            return False
        if not Breaker.objects.filter(account=breaker.account, symbol="", released_at=None).exists():
            why = f"breaker {breaker} released by {by}: {reason}"
            execution.gate.set_trading_state(breaker.account, "ACTIVE", by=RISK, reason=why, owner=Owner.BREAKERS)
    return True


def _release(breaker: Breaker, by: str, reason: str) -> bool:
    changed = Breaker.objects.filter(pk=breaker.pk, released_at=None).update(
        released_at=timezone.now(), released_by=by, reason=reason
    )
    alerts.close_alert(f"BREAKER_{breaker.kind}", source=RISK, key=_key(breaker.account, breaker.kind, breaker.symbol))
    return changed == 1


def _row(account: str, finding: Finding, limits_version: int, clock: Clock, look: MarketLook | None) -> dict[str, Any]:
    seen = look and (look_json(look, finding.symbol) if finding.symbol else marks_json(look))
    return {
        "account": account,
        "kind": finding.kind,
        "symbol": finding.symbol,
        "occurred_at": clock.market_now(),
        "observed": finding.observed,
        "limit": finding.limit,
        "limits_version": limits_version,
        "context": finding.context,
        "look": seen,
        "cause": finding.cause,
        "released_by": "",
        "reason": "",
    }


def _params(finding: Finding) -> dict[str, Any]:
    words: dict[str, Decimal | str] = {"observed": str(finding.observed), "limit": str(finding.limit)}
    return words | ({"symbol": finding.symbol} if finding.symbol else {})


def _key(account: str, kind: str, symbol: str) -> str:
    return f"{account} {kind} {symbol}".strip()
