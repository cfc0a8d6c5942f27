"""One chain end to end, through real processes: candle, signal, decision, command, fill, page."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from cdb_site.local.system import System
from tests.flow.looking import Books, page_socket, venue_answers


def next_filled_order(system: System) -> dict[str, Any]:
    """The first order of a signal that a browser sees turn FILLED; a stop has no candle behind it."""
    with page_socket(system) as socket:
        texts, acked_s, deadline_s = 1, 0.0, time.monotonic() + 45
        while time.monotonic() < deadline_s:
            message = orjson.loads(socket.recv(timeout=20))
            texts += 1
            if time.monotonic() - acked_s >= 1:
                acked_s = time.monotonic()
                socket.send(f'{{"ack": {texts}}}')
            for order in (message.get("changes") or {}).get("orders", ()):
                if order["status"] == "FILLED" and order["signal_id"]:
                    return dict(order)
    raise AssertionError("no order of a signal turned FILLED on the page within 45 s")


def test_a_candle_becomes_a_fill_in_the_browser_and_every_step_names_its_cause(system: System, books: Books) -> None:
    shown = next_filled_order(system)

    filled = books.rows(
        "SELECT * FROM event WHERE topic = 'order_results' AND payload->>'order_id' = %s"
        " AND payload->>'status' = 'FILLED'",
        shown["id"],
    )
    chain = [filled[0]]
    while chain[-1]["causation_id"] is not None:
        chain.append(books.event(chain[-1]["causation_id"]))

    assert len(filled) == 1
    assert [event["topic"] for event in chain] == ["order_results", "orders", "decisions", "signals", "market_data"]
    assert len({event["correlation_id"] for event in chain[:-1]}) == 1
    assert [event["producer"] for event in chain[:4]] == ["execution", "risk", "risk", "signal"]
    closed = {candle["symbol"] for candle in chain[-1]["payload"]["candles"]}
    assert shown["symbol"] in closed


def test_the_fill_on_the_page_is_the_venues_trade_to_the_digit(system: System, books: Books) -> None:
    shown = next_filled_order(system)

    booked = books.rows("SELECT price, quantity, fee FROM fill WHERE order_id = %s ORDER BY fill_id", shown["id"])
    spoken = books.value(
        "SELECT payload->'fills' FROM event WHERE topic = 'order_results' AND payload->>'order_id' = %s"
        " AND payload->>'status' = 'FILLED'",
        shown["id"],
    )

    answered = next(item for item in venue_answers(system) if item["client_order_id"] == UUID(shown["id"]).hex)
    figures = ("price", "quantity", "fee")
    traded = [tuple(Decimal(trade[name]) for name in figures) for trade in answered["trades"]]
    assert [tuple(fill[name] for name in figures) for fill in booked] == traded
    assert [tuple(Decimal(fill[name]) for name in figures) for fill in spoken] == traded


def test_each_signal_has_exactly_one_decision(books: Books) -> None:
    old = "created_at < now() - interval '20 seconds'"

    twice = books.rows("SELECT signal_id FROM decision WHERE signal_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1")
    without = books.rows(
        f"SELECT signal_id FROM signal s WHERE {old}"
        " AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.signal_id)"
    )

    assert books.value("SELECT count(*) FROM signal") > 0
    assert (twice, without) == ([], [])
