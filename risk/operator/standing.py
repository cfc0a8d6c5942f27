"""How the account stands as far as it is stored: trading state and who holds it, the last audit, what is being sold.

Told to the screens of the dashboard and to programs alike. Times are ISO-8601 UTC.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings

from cdb_site import mode_told
from cdb_site.clock import iso
from cdb_site.languages import GERMAN
from cdb_site.own_reasons import own_reason
from execution.gate import Owner
from execution.models import Account
from execution.queries import PAPER
from risk.loss_baselines import midnight_of
from risk.models import AuditRun, CloseOut
from risk.operator import holders

DAY = timedelta(days=1)
Row = dict[str, Any]


def books() -> Row:
    """The last audit and the trading state as stored, with everybody who holds it and why."""
    run = AuditRun.objects.first()
    trading = holders.told(PAPER)
    account = Account.objects.first()
    return {
        "audited_at": iso(run.ran_at) if run else None,
        "violations": run.violations if run else None,
        "acknowledged": run.acknowledged if run else None,
        "first": run.first if run else "",
        "trading_state": trading["state"],
        "reason": trading["reason"],
        "reason_de": own_reason(trading["reason"], GERMAN),
        "changed_by": trading["by"],
        "holders": [hold | {"reason_de": own_reason(hold["reason"], GERMAN)} for hold in trading["holders"]],
        "close_out": close_out(trading["state"]),
        "halt": halt(trading),
        **mode(),
        "quote_asset": account.quote_asset if account else settings.ENVIRONMENT.QUOTE_ASSET,
    }


def mode() -> Row:
    """The execution mode in force, where an entry goes, what was asked for, and what is missing for it."""
    told = mode_told.read()
    return {"mode": told.mode, "venue": told.venue, "mode_asked": told.asked, "mode_missing": list(told.missing)}


def halt(trading: Row) -> Row | None:
    """Why trading is halted, until when a lost day lasts (epoch s of market time), and the commands that lead on."""
    halting = [hold["owner"] for hold in trading["holders"] if hold["state"] == "HALTED"]
    if trading["state"] != "HALTED":
        return None
    lost = CloseOut.objects.filter(account=PAPER, cause="DAILY_LOSS").first() if Owner.LOSS in halting else None
    return {
        "cause": "DAILY_LOSS" if lost else "AUDIT" if Owner.AUDIT in halting else "OPERATOR",
        "day_ends_s": midnight_of(lost.occurred_at.date() + DAY).timestamp() if lost else None,
        "resume": _command('resume_trading --reason "…"'),
        "release": _command('release_breaker KIND --reason "…"'),
        "reset": _command('reset_account --reason "…"'),
        "audit": _command("audit_books"),
    }


def _command(words: str) -> str:
    """How somebody runs a `manage.py` command on this system: on this machine through make, elsewhere as it is."""
    folder = settings.ENVIRONMENT.DATA_DIR
    inside = f"python manage.py {words}".replace('"', "'")
    return f'make exec PROFILE={folder.name} CMD="{inside}"' if folder.parent.name == ".cdb" else f"manage.py {words}"


def close_out(trading_state: str) -> Row | None:
    """The close-out under way, or the one given up while nobody has resumed trading since."""
    row = CloseOut.objects.first()
    if row is None or row.flat_at or (row.given_up_at and trading_state == "ACTIVE"):
        return None
    return {
        "cause": row.cause,
        "asked_by": row.asked_by,
        "since": iso(row.started_at),
        "given_up": row.given_up_at is not None,
    }
