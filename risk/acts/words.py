"""What an act answers, by code: stored as code and parameters, told in the language of whoever reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

UNDER_WAY = _("It is under way: the wish is stored, and is carried out as soon as it can be.")

ANSWERS: dict[str, str | Promise] = {
    "HALTED": _("Trading is halted: no entry is sent from now on, open ones are being canceled."),
    "HALTED_BEFORE": _("Trading was halted already, by %(by)s."),
    "HALTED_SELLING": _("Trading is halted, and every position is being sold until the account is flat."),
    "EXITS_ONLY": _("Only exits are allowed from now on."),
    "EXITS_ONLY_BEFORE": _("Only exits were allowed already."),
    "RESUMED": _("Trading is active."),
    "ACTIVE_BEFORE": _("Trading was active already."),
    "STILL_HELD": _("The operator's hold is released; trading is still %(state)s: %(holders)s."),
    "PROPOSED": _("Proposed as #%(number)s; another person must approve it within an hour."),
    "BREAKER_RELEASED": _("%(breaker)s is released."),
    "BREAKER_RELEASED_BEFORE": _("%(breaker)s was released before."),
    "SELLING": _("%(symbols)s: being sold at the market."),
    "SELLING_NOTHING": _("Nothing is held that could be sold now%(why)s."),
    "ORDER_CANCELED": _("The order is canceled."),
    "CANCEL_ASKED": _("The exchange is asked to cancel the order; a fill may still cross it."),
    "ACKNOWLEDGED": _("Noted: %(by)s has seen it. The alert stays open until its condition ends."),
    "ACKNOWLEDGED_BEFORE": _("It is closed, or was seen before."),
    "PAUSED": _("%(symbol)s is paused: nothing is bought of it."),
    "PAUSED_UNTIL": _("%(symbol)s is paused until %(until)s UTC: nothing is bought of it."),
    "UNPAUSED": _("%(symbol)s may be bought again."),
    "LIMITS_IN_FORCE": _("Version %(version)s of the limits is in force from the next decision on."),
    "LIMITS_UNCHANGED": _("These limits are in force already."),
    "APPROVED": _("#%(number)s is approved and carried out."),
    "REJECTED": _("#%(number)s is rejected."),
    "WITHDRAWN": _("#%(number)s is withdrawn."),
    "ACCOUNT_RESET": _("The account begins anew with %(deposited)s; trading stays halted until somebody resumes it."),
    "DEPOSITED": _("%(amount)s are paid in, as entry %(number)s of the ledger."),
    "PAID_OUT": _("%(amount)s are paid out, as entry %(number)s of the ledger."),
    "LIVE_TRADING_ASKED": _(
        "Asked for. An admin must confirm it within an hour, in the settings; until then orders are paper."
    ),
    "LIVE_TRADING_WITHDRAWN": _("Live trading is withdrawn: no entry is real from now on. What is held is still sold."),
    "LIVE_TRADING_NOT_ENABLED": _("Live trading was neither enabled nor asked for."),
    "SERVICE_KILLED": _("The supervisor kills %(service)s, and starts it again."),
    "SERVICE_STOPPED": _("The supervisor stops %(service)s, and starts it again after %(seconds)s s."),
    # Refusals.
    "REFUSED": "%(words)s",
    "NOT_FOUND": _("%(what)s is not known, or not open any more."),
    "EXIT_ORDER": _("An exit is not canceled by hand: its position would stay without protection."),
    "ORDER_OVER": _("The order has ended already: %(state)s."),
    "NOT_SIMULATED": _("Services are killed and stopped in a simulated market only."),
    "NO_SUPERVISOR": _("No local supervisor runs here that could start a service again."),
    "BUSY": _("Nothing was done: somebody held the account for too long. Try again."),
    "INTERRUPTED": _("Nothing was done: the server was interrupted before it began. Try again."),
    "FAILED": _("Nothing was done: the act failed. The log of the dashboard names the cause."),
}


def told(code: str, params: Mapping[str, Any]) -> str:
    """The answer as a sentence."""
    sentence = str(ANSWERS[code]) % dict(params)
    return sentence[:1].upper() + sentence[1:]
