"""Each fault of the simulator's trading side against the venue: one order at the exchange, and its trades once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from execution.venues.protocol import Report
from tests.integration.execution.mexc.exchange_rig import ExchangeRig, Heard, eventually

MET: list[tuple[str, dict[str, Any]]] = [
    ("order_no_answer", {}),
    ("order_no_answer", {"after_s": 4}),
    ("order_late_answer", {"after_s": 4}),
    ("order_late_answer", {"after_s": 0.5}),
    ("order_code_200", {}),
    ("order_code_200", {"code": 31337}),
    ("fill_then_disconnect", {}),
    ("pushes_twice", {"ms": 100}),
    ("pushes_reordered", {"ms": 300}),
    ("pushes_lost", {}),
    ("trades_lack_newest", {"late_s": 1}),
]


def bought(report: Report | None) -> Decimal:
    return sum((trade.quantity for trade in report.trades), Decimal(0)) if report is not None else Decimal(0)


@pytest.mark.parametrize(("kind", "options"), MET, ids=str)
def test_an_order_that_meets_a_fault_is_placed_once_and_known_whole_in_the_end(
    exchange: ExchangeRig, kind: str, options: dict[str, Any]
) -> None:
    venue = exchange.venue()
    heard = Heard(venue)
    ticket = exchange.ticket(quantity="2")
    exchange.fault(kind, seconds=600, **options)

    venue.submit([ticket])

    def whole() -> bool:
        report = venue.query([ticket]).known.get(ticket.client_order_id)
        return report is not None and not report.open and bought(report) == 2

    eventually(whole)
    exchange.clear_faults()
    eventually(whole)
    [placed] = exchange.placed(ticket.client_order_id)
    assert placed.filled == 2
    assert all(bought(report) <= 2 for report in heard.reports.get(ticket.client_order_id, []))


@pytest.mark.parametrize("kind", ["order_no_answer", "order_code_200"])
def test_an_order_that_never_arrived_is_absent(exchange: ExchangeRig, kind: str) -> None:
    venue = exchange.venue()
    ticket = exchange.ticket(quantity="2")
    exchange.fault(kind, placed=0, seconds=600)

    assert venue.submit([ticket]) == []
    assert venue.query([ticket]).absent == {ticket.client_order_id}
    assert exchange.placed(ticket.client_order_id) == []
