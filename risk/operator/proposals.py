"""Two persons for what makes the protection looser: one proposes, another approves, or an hour passes.

With REQUIRE_SECOND_APPROVER off every wish is granted at once. Tightening and halting never wait. An approval carries
the wish out through the same door as without it, in the transaction that marks it approved. New limits are stored only
if the version they were made from is still in force: what somebody else changed meanwhile would be undone unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cdb_site.clock import Clock
from cdb_site.units import text
from execution.operations import Refused
from risk import operations, queries
from risk.loss_baselines import read as read_levels
from risk.marks import Marks
from risk.models import Breaker, LimitVersion, Proposal
from risk.rules.limits import NAMES, loosened
from risk.watch import breakers, kill_switch

LIFETIME = timedelta(hours=1)


def second_person_required() -> bool:
    return bool(settings.ENVIRONMENT.REQUIRE_SECOND_APPROVER == "on")


def change_limits(
    account: str, values: Mapping[str, Decimal], *, by: str, reason: str, based_on: int | None = None
) -> LimitVersion | Proposal:
    """New limits at once, or a proposal if they protect less and a second person is asked for.

    Raises Refused when `based_on`, the version the wish was made from, is in force no more.
    """
    with transaction.atomic():
        _one_change_at_a_time(account)
        changed = "" if based_on is None else changed_since(account, based_on)
        if changed:
            raise Refused(changed)
        return _change_limits(account, values, by, reason)


def changed_since(account: str, version: int) -> str:
    """Who changed which limits after this version, as a sentence for whoever started from it; empty: nobody."""
    versions = list(LimitVersion.objects.filter(account=account, version__gte=version).order_by("version"))
    if not versions or versions[-1].version == version:
        return ""
    steps = [
        _("%(person)s at %(time)s UTC (%(reason)s): %(changes)s")
        % {
            "person": later.changed_by,
            "time": f"{later.changed_at:%H:%M:%S}",
            "reason": later.reason,
            "changes": _differences(earlier, later),
        }
        for earlier, later in pairwise(versions)
    ]
    return _(
        "Nothing is stored: the limits have changed since version %(old)s, which this change was made from."
        " %(steps)s. Start again from version %(new)s."
    ) % {"old": version, "steps": "; ".join(steps), "new": versions[-1].version}


def _differences(earlier: LimitVersion, later: LimitVersion) -> str:
    pairs = [(name, text(getattr(earlier, name)), text(getattr(later, name))) for name in NAMES]
    return ", ".join(f"{name} {old} → {new}" for name, old, new in pairs if old != new) or _("no limit")


def _one_change_at_a_time(account: str) -> None:
    """Hold back other changes of the limits until this transaction ends: of two from one version the second finds
    it followed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('limit_version'), hashtext(%s))", (account,))


def _change_limits(account: str, values: Mapping[str, Decimal], by: str, reason: str) -> LimitVersion | Proposal:
    before = queries.limits(account)
    looser = loosened(before, values)
    if not (looser and second_person_required()):
        return operations.set_limits(account, dict(values), by=by, reason=reason)
    operations.check_limits(account, dict(values), by=by, reason=reason)
    payload = {"version": before.version, "values": {name: text(values[name]) for name in NAMES}}
    summary = ", ".join(f"{name} {text(getattr(before, name))} → {text(values[name])}" for name in looser)
    return _propose(account, Proposal.Kind.LIMITS, payload, summary, by, reason)


def release_breaker(breaker: Breaker, *, by: str, reason: str) -> bool | Proposal:
    """Release at once (False: it was released before), or a proposal."""
    if not second_person_required():
        return breakers.release_breaker(breaker.pk, by=by, reason=reason)
    payload = {"breaker": breaker.pk}
    return _propose(breaker.account, Proposal.Kind.BREAKER_RELEASE, payload, f"release {breaker}", by, reason)


def release_after_reset(account: str, *, by: str, reason: str) -> list[tuple[Breaker, bool | Proposal]]:
    """The peak a drawdown was measured from counts no more when the account begins anew; what came of each release."""
    rows = Breaker.objects.filter(account=account, kind="DRAWDOWN", released_at=None)
    words = f"the account begins anew: {reason}"
    return [(row, release_breaker(row, by=by, reason=words)) for row in rows]


def resume(account: str, *, by: str, reason: str, marks: Marks, clock: Clock) -> bool | Proposal:
    """Resume at once (False: it was active), or a proposal."""
    if not second_person_required():
        return _resume(account, by, reason, marks, clock)
    return _propose(account, Proposal.Kind.RESUME, {}, "resume trading", by, reason)


def approve(proposal_id: int, *, by: str, marks: Marks, clock: Clock) -> Proposal:
    """Carry a proposal out. Raises Refused when it is settled, expired, one's own, or no longer fits."""
    with transaction.atomic():
        proposal = _open_proposal(proposal_id)
        if proposal.proposed_by == by:
            raise Refused(
                _("#%(number)s is your own proposal; another person must approve it") % {"number": proposal_id}
            )
        _carry_out(proposal, f"{proposal.proposed_by}, approved by {by}", marks, clock)
        return _settle(proposal, Proposal.State.APPROVED, by)


def reject(proposal_id: int, *, by: str) -> Proposal:
    """Settle a proposal without doing it; the proposer withdraws it so."""
    with transaction.atomic():
        proposal = _open_proposal(proposal_id)
        state = Proposal.State.WITHDRAWN if proposal.proposed_by == by else Proposal.State.REJECTED
        return _settle(proposal, state, by)


def _propose(account: str, kind: str, payload: dict[str, Any], summary: str, by: str, reason: str) -> Proposal:
    if not reason.strip():
        raise Refused(_("a proposal needs a reason; say why it should be allowed"))
    return Proposal.objects.create(
        account=account,
        kind=kind,
        payload=payload,
        summary=summary,
        reason=reason,
        proposed_by=by,
        expires_at=timezone.now() + LIFETIME,
    )


def _open_proposal(proposal_id: int) -> Proposal:
    """The proposal, locked: of two who decide at once the second finds it settled."""
    proposal = Proposal.objects.select_for_update().filter(pk=proposal_id).first()
    if proposal is None:
        raise Refused(_("there is no proposal #%(number)s") % {"number": proposal_id})
    if proposal.state != Proposal.State.PROPOSED:
        raise Refused(
            _("#%(number)s is %(state)s by %(person)s already")
            % {"number": proposal_id, "state": proposal.state, "person": proposal.decided_by}
        )
    if proposal.expires_at <= timezone.now():
        raise Refused(
            _("#%(number)s expired at %(time)s; propose it again")
            % {"number": proposal_id, "time": f"{proposal.expires_at:%H:%M:%S}"}
        )
    return proposal


def _settle(proposal: Proposal, state: str, by: str) -> Proposal:
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, timezone.now()
    proposal.save(update_fields=["state", "decided_by", "decided_at"])
    return proposal


def _carry_out(proposal: Proposal, by: str, marks: Marks, clock: Clock) -> None:
    if proposal.kind == Proposal.Kind.LIMITS:
        _one_change_at_a_time(proposal.account)
        changed = changed_since(proposal.account, proposal.payload["version"])
        if changed:
            raise Refused(changed)
        values = {name: Decimal(value) for name, value in proposal.payload["values"].items()}
        operations.set_limits(proposal.account, values, by=by, reason=proposal.reason)
    elif proposal.kind == Proposal.Kind.BREAKER_RELEASE:
        breakers.release_breaker(proposal.payload["breaker"], by=by, reason=proposal.reason)
    else:
        _resume(proposal.account, by, proposal.reason, marks, clock)


def _resume(account: str, by: str, reason: str, marks: Marks, clock: Clock) -> bool:
    levels = read_levels(account, clock.market_now())
    return kill_switch.resume(account, by=by, reason=reason, levels=levels, marks=marks, clock=clock)
