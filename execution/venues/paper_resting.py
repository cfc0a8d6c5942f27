"""Limit orders that rest at the paper venue: how they begin, and what a look at the book makes of them.

Everything about one stands in the model of its report, so that the journal alone brings it back after a crash: order,
rules, the levels it filled at, and what of the book was counted last. `levels` makes every fill derivable again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from cdb_site.clock import iso
from execution.rules.accounting import ZERO
from execution.rules.book_walk import BookLevel, Rules, walk
from execution.rules.fill_evidence import REST, AskedOrder, asked_of, derived, evidence, levels_of, rules_of
from execution.rules.fill_model import Book, Model, refused
from execution.rules.resting import Counted, price_of, reached, within
from execution.venues.protocol import Report, Ticket, Trade

MAKER_FROM = "maker_from"


def begin(ticket: Ticket, limit_price: Decimal, book: Book, rules: Rules, model: Model) -> Report:
    """The order as it arrives: it takes what is shown up to its limit, and rests with what is left."""
    name, side = ticket.client_order_id, ticket.side
    refusal = refused(ticket.quantity, limit_price, ticket.reduce_only, rules)
    if refusal:
        return Report(client_order_id=name, rejected=refusal)
    met = within(side, limit_price, book)
    walked = walk(side=side, quantity=ticket.quantity, limit_price=limit_price, levels=met, rules=rules)
    asked = AskedOrder(side=side, quantity=ticket.quantity, limit_price=limit_price, reduce_only=ticket.reduce_only)
    stated = evidence(REST, asked, book=book, rules=rules, model=model, levels=walked.taken)
    stated |= {"symbol": ticket.symbol, MAKER_FROM: len(walked.taken) + 1}
    return Report(client_order_id=name, model=_counting(stated, book, Counted(met, book.last)), open=True)


def looked_at(report: Report, book: Book, used: Decimal) -> tuple[Report, Decimal]:
    """(The report after a look at the book, base units it took). `used` went to orders before it in the same look."""
    stated = report.model
    asked, limit_price, rules = asked_of(stated), Decimal(stated["limit_price"]), rules_of(stated)
    there, counted = reached(asked.side, limit_price, book, _counted(stated))
    left = asked.quantity - sum((trade.quantity for trade in report.trades), ZERO)
    here = BookLevel(price_of(asked.side, limit_price, rules.price_tick), max(ZERO, there - used))
    walked = walk(side=asked.side, quantity=left, limit_price=limit_price, levels=(here,), rules=rules)
    figures = {name: str(value) for name in ("bid", "ask") if (value := getattr(book, name)) is not None}
    stated = _counting({**stated, **figures}, book, counted)
    if walked.taken:
        stated["levels"] = [*stated.get("levels", []), [str(here.price), str(here.quantity)]]
    return replace(report, model=stated), left - walked.left


def with_trades(report: Report, fee_asset: str, executed_at: datetime) -> Report:
    """The report with the trades that its levels give and that it does not have yet; at its end when it is filled."""
    executions = derived(report.model)
    name, maker_from = report.client_order_id, int(report.model[MAKER_FROM])
    new = tuple(
        Trade(
            trade_id=f"{name}-{number}",
            price=one.price,
            quantity=one.quantity,
            fee=one.fee,
            fee_asset=fee_asset,
            executed_at=executed_at,
            maker=number >= maker_from,
        )
        for number, one in enumerate(executions, 1)
        if number > len(report.trades)
    )
    trades = (*report.trades, *new)
    filled = sum((trade.quantity for trade in trades), ZERO)
    return replace(report, trades=trades, open=filled < asked_of(report.model).quantity)


def first_come(reports: Sequence[Report]) -> list[Report]:
    """Those with the better limit first, else as they came."""
    return sorted(reports, key=_precedence)


def _precedence(report: Report) -> Decimal:
    limit_price = Decimal(report.model["limit_price"])
    return -limit_price if report.model["side"] == "BUY" else limit_price


def _counting(stated: dict[str, Any], book: Book, counted: Counted) -> dict[str, Any]:
    levels = [[str(level.price), str(level.quantity)] for level in counted.levels]
    return stated | {
        "quoted_at": iso(book.quoted_at) if book.quoted_at else None,
        "counted": levels,
        "last": None if counted.last is None else str(counted.last),
    }


def _counted(stated: dict[str, Any]) -> Counted:
    last = stated.get("last")
    return Counted(levels_of({"levels": stated.get("counted", ())}), None if last is None else Decimal(last))
