"""The question before each act: what it is called, what it does, what its button says, and what it would bring now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from cdb_site.bus.redis import UNREACHABLE
from cdb_site.clock import SYSTEM
from cdb_site.units import in_unit
from dashboard.limits.proposal_words import proposal_words
from execution.queries import PAPER
from risk.acts import effects
from risk.acts.effects import SaleEffect
from risk.acts.table import Act
from risk.models import Breaker, Proposal
from risk.operator.proposals import second_person_required
from risk.operator.status_report import fresh_source

log = logging.getLogger(__name__)
Line = str | Promise
Values = Mapping[str, str]
# They are, or have, the second step themselves.
OF_THEIR_OWN = ("approve", "ask_live_trading")
UNREAD = _("What it would bring cannot be read now; the act works all the same.")
NOT_BY_ONE = _("A second person must approve it within an hour.")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the ways in which an act can be done."""

    value: str
    title: Line
    words: Line
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    title: Line
    words: Line
    button: Line
    busy: Line
    stops: bool = False
    lines: tuple[Line, ...] = ()
    choices: tuple[Choice, ...] = ()


ASKED: dict[str, Question] = {
    "halt": Question(
        title=_("Halt trading?"),
        words=_(
            "Entries stop at once and open ones are cancelled. It stays halted over midnight and restarts until "
            "someone resumes it with a reason."
        ),
        button=_("■ Halt now"),
        busy=_("Halting…"),
        stops=True,
    ),
    "exits_only": Question(
        title=_("Allow exits only?"),
        words=_("No new exposure; signals may still sell, stops stay armed. It lasts until someone resumes trading."),
        button=_("Exits only"),
        busy=_("Changing…"),
        stops=True,
    ),
    "resume": Question(
        title=_("Resume trading?"),
        words=_("Entries are allowed again from the next signal on. Whoever else holds trading is asked too."),
        button=_("Resume trading"),
        busy=_("Resuming…"),
    ),
    "release_breaker": Question(
        title=_("Release the breaker?"),
        words=_("What it blocks may be bought again. It opens anew when its condition is met again."),
        button=_("Release"),
        busy=_("Releasing…"),
    ),
    "close_position": Question(
        title=_("Sell the position?"),
        words=_("The whole position is sold at the market, and tried again until the symbol is flat."),
        button=_("Sell at the market"),
        busy=_("Selling…"),
        stops=True,
    ),
    "close_all": Question(
        title=_("Sell everything?"),
        words=_("Every position is sold at the market, each until it is flat. Trading itself stays as it is."),
        button=_("Sell everything"),
        busy=_("Selling…"),
        stops=True,
    ),
    "cancel_order": Question(
        title=_("Cancel the order?"),
        words=_("An order that no exchange has seen ends at once; one that is there may still fill on its way."),
        button=_("Cancel the order"),
        busy=_("Canceling…"),
    ),
    "acknowledge": Question(
        title=_("Seen, and you act?"),
        words=_("Others read that you have seen it. The alert stays open until its condition ends."),
        button=_("Acknowledge"),
        busy=_("Noting…"),
    ),
    "pause_symbol": Question(
        title=_("Pause the symbol?"),
        words=_("Nothing is bought of it; selling, stops and watching go on."),
        button=_("Pause"),
        busy=_("Pausing…"),
    ),
    "unpause_symbol": Question(
        title=_("Allow the symbol again?"),
        words=_("It may be bought again from the next signal on."),
        button=_("Allow it again"),
        busy=_("Changing…"),
    ),
    "propose_limits": Question(
        title=_("Change the limits?"),
        words=_("They hold from the next decision on."),
        button=_("Change the limits"),
        busy=_("Changing…"),
    ),
    "approve": Question(
        title=_("Approve the proposal?"),
        words=_("It is carried out at once, in your name and the proposer's."),
        button=_("Approve"),
        busy=_("Approving…"),
    ),
    "reject": Question(
        title=_("Reject the proposal?"),
        words=_("Nothing of it is done. Your own proposal is withdrawn so."),
        button=_("Reject"),
        busy=_("Rejecting…"),
    ),
    "reset_account": Question(
        title=_("Begin the account anew?"),
        words=_(
            "The cash of the halted, flat account is withdrawn and an amount is paid in. Losses are left behind, the "
            "books are kept. Trading stays halted until someone resumes it."
        ),
        button=_("Begin anew"),
        busy=_("Beginning…"),
        stops=True,
    ),
    "deposit": Question(
        title=_("Pay into the account?"),
        words=_(
            "The amount is free for trading at once. It is no profit: the day's result and the drawdown leave it out."
        ),
        button=_("Pay in"),
        busy=_("Paying…"),
    ),
    "withdraw": Question(
        title=_("Pay out of the account?"),
        words=_("Only what no open buy needs. It is no loss: the day's result and the drawdown leave it out."),
        button=_("Pay out"),
        busy=_("Paying…"),
    ),
    "ask_live_trading": Question(
        title=_("Ask for live trading?"),
        words=_(
            "Orders will be real when an admin has confirmed it and every other key is there. Loosening the limits "
            "afterwards withdraws it."
        ),
        button=_("Ask for it"),
        busy=_("Asking…"),
        stops=True,
    ),
    "withdraw_live_trading": Question(
        title=_("Withdraw live trading?"),
        words=_(
            "From now on no entry is real. What was bought with money is still sold at the exchange; stops stay armed."
        ),
        button=_("Withdraw it"),
        busy=_("Withdrawing…"),
    ),
    "disturb_service": Question(
        title=_("Disturb the service?"),
        words=_("Its process ends, with those that live in it; the supervisor starts it again. Nothing may be lost."),
        button=_("Disturb it"),
        busy=_("Asking…"),
        stops=True,
    ),
}


def question(act: Act, typed: Values) -> Question:
    """The act's question with what it would bring now; what cannot be read is said to be so."""
    asked = ASKED[act.name]
    lines: tuple[Line, ...] = (
        (NOT_BY_ONE,) if act.loosens and second_person_required() and act.name not in OF_THEIR_OWN else ()
    )
    teller = TELLERS.get(act.name)
    choices: tuple[Choice, ...] = ()
    try:
        if act.name == "halt":
            choices = _ways_to_halt()
        elif teller:
            lines = (*teller(typed), *lines)
    except (DatabaseError, LookupError, *UNREACHABLE):
        log.exception("what %s would bring cannot be told", act.name)
        lines = (UNREAD, *lines)
        choices = _ways_to_halt(unread=True) if act.name == "halt" else ()
    return Question(
        title=asked.title,
        words=asked.words,
        button=asked.button,
        busy=asked.busy,
        stops=asked.stops,
        lines=lines,
        choices=choices,
    )


def money(value: Any) -> str:
    return in_unit(round(value, 2), "MONEY") if abs(value) >= 100 else f"{value:.2f}"


def signed(value: Any) -> str:
    return f"+{money(value)}" if value > 0 else money(value).replace("-", "−")


def _ways_to_halt(*, unread: bool = False) -> tuple[Choice, ...]:
    keeps: Line = _("Stops and signals may still sell.")
    sells: Line = UNREAD if unread else _("Nothing is held.")
    note = result = ""
    if not unread:
        source = fresh_source(PAPER, SYSTEM)
        reading = effects.read(PAPER, source.marks, SYSTEM)
        sale, stop = effects.sale(reading, source.marks), effects.nearest_stop(reading)
        if stop:
            distance = in_unit(stop.distance, "FRACTION")
            keeps = gettext("Stops and signals may still sell; the nearest stop is %(symbol)s, %(distance)s away.") % {
                "symbol": stop.symbol,
                "distance": distance,
            }
        if sale.count:
            note, result, sells = *_worth(sale), _market_sells(sale)
    return (
        Choice(value="keep", title=_("Halt, keep positions"), words=keeps, note=note),
        Choice(value="sell", title=_("Halt and sell everything"), words=sells, note=result),
        Choice(
            value="exits_only",
            title=_("Exits only"),
            words=_("No new buys either, but one that is at the venue may still fill. Softer than a halt."),
        ),
    )


def _worth(sale: SaleEffect) -> tuple[str, str]:
    """(what is held, what selling it would bring)."""
    held = ngettext("%(count)s position, %(value)s", "%(count)s positions, %(value)s", sale.count)
    told = {"count": sale.count, "value": money(sale.value)}
    return held % told, gettext("result about %(result)s") % {"result": signed(sale.result)}


def _market_sells(sale: SaleEffect) -> str:
    told = {"count": sale.count, "fees": money(sale.fees)}
    return gettext("%(count)s market sells, about %(fees)s fees; each is tried again until flat.") % told


def _sale_lines(symbols: list[str] | None) -> tuple[Line, ...]:
    source = fresh_source(PAPER, SYSTEM)
    sale = effects.sale(effects.read(PAPER, source.marks, SYSTEM), source.marks, symbols)
    if not sale.count:
        return (_("Nothing of it is held."),)
    told = {
        "symbols": ", ".join(sale.symbols),
        "proceeds": money(sale.proceeds),
        "fees": money(sale.fees),
        "result": signed(sale.result),
    }
    line = gettext("%(symbols)s: brings about %(proceeds)s, less %(fees)s fees; result %(result)s.") % told
    return (line, _("A price is missing: its last close stands in.")) if sale.guessed else (line,)


def _breaker_lines(typed: Values) -> tuple[Line, ...]:
    row = Breaker.objects.filter(pk=int(typed.get("breaker") or 0)).first()
    return (f"#{row.pk} {row}",) if row else ()


def _proposal_lines(typed: Values) -> tuple[Line, ...]:
    row = Proposal.objects.filter(pk=int(typed.get("proposal") or 0)).first()
    return (f"#{row.pk} {proposal_words(row)}", f"{row.proposed_by}: “{row.reason}”") if row else ()


TELLERS: dict[str, Callable[[Values], tuple[Line, ...]]] = {
    "close_position": lambda typed: _sale_lines([typed.get("symbol", "")]),
    "close_all": lambda typed: _sale_lines(None),
    "release_breaker": _breaker_lines,
    "approve": _proposal_lines,
    "reject": _proposal_lines,
}
