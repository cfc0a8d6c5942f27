"""Live trading as the database knows it: asked for by one step, enabled by another, withdrawn by one.

It is one of the keys that orders with money need (`execution.rules.mode`), and the only one that people turn while the
system runs. Each step takes the gate's lock, which excludes every claim: an entry is claimed before a withdrawal, or
goes to paper after it. Who may take which step is asked by those who call (`risk/acts/`, the page of live trading).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cdb_site import db
from cdb_site.limit_table import LIMITS
from execution import gate, queries
from execution.models import LiveTrading
from execution.operations import Refused

Step = LiveTrading.Step
WITHOUT_WORDS = "withdrawn"
NAMES = ", ".join(limit.name for limit in LIMITS)
NEWEST_STEP = """SELECT step, limits_version, recorded_at FROM live_trading WHERE account_id = %s
    ORDER BY id DESC LIMIT 1"""
NEWEST_LIMITS = f"SELECT version, {NAMES} FROM limit_version WHERE account = %s ORDER BY version DESC LIMIT 1"  # noqa: S608
LIMITS_OF = f"SELECT version, {NAMES} FROM limit_version WHERE account = %s AND version = %s"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKeys:
    """The database's two keys of live trading, and since when they stand so."""

    enabled: bool = False
    limits: bool = False
    since: datetime | None = None


def keys(account: str) -> LiveKeys:
    """Whether live trading is enabled, and whether the limits it was enabled with still protect."""
    rows = db.select(NEWEST_STEP, (account,))
    if not rows or rows[0][0] != Step.ENABLED:
        return LiveKeys(since=rows[0][2] if rows else None)
    return LiveKeys(enabled=True, limits=_hold(account, rows[0][1]), since=rows[0][2])


def _hold(account: str, version: int) -> bool:
    """Whether no limit in force protects less than it did in that version."""
    chosen, now = db.select(LIMITS_OF, (account, version)), db.select(NEWEST_LIMITS, (account,))
    return bool(chosen and now) and not _looser(chosen[0][1:], now[0][1:])


def _looser(before: Sequence[Decimal], after: Sequence[Decimal]) -> bool:
    pairs = zip(LIMITS, before, after, strict=True)
    return any(new > old if limit.tighter == "LOWER" else new < old for limit, old, new in pairs)


def newest(account: str) -> LiveTrading | None:
    """The last step; None: live trading was never asked for."""
    return LiveTrading.objects.filter(account_id=account).order_by("-id").first()


def ask(account: str, *, limits_version: int, by: str, reason: str) -> LiveTrading:
    """The first step: nothing changes but that it can be confirmed. Raises Refused."""
    if not reason.strip():
        raise Refused(_("live trading needs a reason; say why orders shall be real"))
    with transaction.atomic():
        queries.account(account)
        gate.lock(account)
        _refuse_other_limits(account, limits_version)
        if (last := newest(account)) and last.step == Step.ENABLED:
            raise Refused(_("live trading is enabled already, by %(person)s") % {"person": last.confirmed_by})
        return LiveTrading.objects.create(
            account_id=account, step=Step.ASKED, asked_by=by, reason=reason.strip(), limits_version=limits_version
        )


def confirm(account: str, request_id: int, *, by: str, alone: bool) -> LiveTrading:
    """The second step, in a later transaction: from now on this key is turned. `alone`: who asked may confirm.

    Raises Refused: somebody came between, it is an hour old, the limits are others, or it is one's own.
    """
    with transaction.atomic():
        gate.lock(account)
        asked = newest(account)
        if asked is None or asked.pk != request_id or asked.step != Step.ASKED:
            raise Refused(_("nobody asks for live trading any more, or somebody asked anew; look again"))
        if asked.asked_by == by and not alone:
            raise Refused(_("you asked for live trading yourself; another admin must confirm it"))
        _refuse_other_limits(account, asked.limits_version or 0)
        try:
            with transaction.atomic():
                return LiveTrading.objects.create(
                    account_id=account,
                    step=Step.ENABLED,
                    request=asked,
                    asked_by=asked.asked_by,
                    confirmed_by=by,
                    reason=asked.reason,
                    limits_version=asked.limits_version,
                )
        except IntegrityError as problem:
            raise Refused(_("it was asked for more than an hour ago, or only just now; ask again")) from problem


def withdraw(account: str, *, by: str, reason: str) -> bool:
    """Orders are real no more: from this commit on no entry is. False when there was nothing to withdraw."""
    if newest(account) is None:
        return False
    with transaction.atomic():
        gate.lock(account)
        last = newest(account)
        if last is None or last.step == Step.WITHDRAWN:
            return False
        LiveTrading.objects.create(
            account_id=account, step=Step.WITHDRAWN, withdrawn_by=by, reason=reason.strip() or WITHOUT_WORDS
        )
        return True


def withdraw_if_looser(account: str, before: Any, after: Any, *, by: str, version: int) -> bool:
    """New limits that protect less end what was enabled with the old ones: ask again, with these."""
    values = [[getattr(one, limit.name) for limit in LIMITS] for one in (before, after)]
    if not _looser(values[0], values[1]):
        return False
    return withdraw(account, by=by, reason=f"limits loosened, version {version}")


def _refuse_other_limits(account: str, version: int) -> None:
    now = db.select(NEWEST_LIMITS, (account,))
    if not now or now[0][0] != version:
        words = _("version %(version)s of the limits is not in force, but %(now)s; look at them and ask again")
        raise Refused(words % {"version": version, "now": now[0][0] if now else "–"})
