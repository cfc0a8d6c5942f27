"""Who is sent next, what an order looks like on the wire, and whose it is to send."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisGone

from execution.venues.mexc import sent
from execution.venues.mexc.asking import parameters_of
from execution.venues.mexc.sent import ASK_FIRST, HELD, OURS, SharedNotes
from execution.venues.mexc.turns import Turns
from execution.venues.protocol import Ticket


def make_ticket(**changes: Any) -> Ticket:
    values: dict[str, Any] = {
        "client_order_id": "a" * 32, "symbol": "索拉拉USDT", "side": "BUY", "quantity": Decimal("1E+3"),
        "limit_price": Decimal("0.00006089000"), "reduce_only": False, "order_type": "LIMIT_IOC",
        "claimed_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return Ticket(**(values | changes))


@pytest.mark.parametrize(
    ("order_type", "kind"), [("MARKET", "MARKET"), ("LIMIT_IOC", "IMMEDIATE_OR_CANCEL"), ("LIMIT", "LIMIT")]
)
def test_numbers_travel_as_plain_text(order_type: str, kind: str) -> None:
    told = parameters_of(make_ticket(order_type=order_type))

    expected = {
        "symbol": "索拉拉USDT", "side": "BUY", "type": kind, "quantity": "1000", "price": "0.00006089",
        "newClientOrderId": "a" * 32,
    }  # fmt: skip
    if order_type == "MARKET":
        del expected["price"]
    assert told == expected


def test_a_limit_order_without_a_price_is_no_order() -> None:
    with pytest.raises(ValueError, match="without a limit price"):
        parameters_of(make_ticket(limit_price=None))


async def test_exits_pass_entries_that_wait_and_who_came_first_goes_first() -> None:
    turns, passed = Turns(), []

    async def take(name: str, rank: int) -> None:
        async with turns.of(rank):
            passed.append(name)
            await asyncio.sleep(0)

    async with turns.of(1):
        waiting = [asyncio.create_task(take(name, 1)) for name in ("entry 1", "entry 2")]
        await asyncio.sleep(0)
        waiting += [asyncio.create_task(take(name, 0)) for name in ("exit 1", "exit 2")]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert passed == ["exit 1", "exit 2", "entry 1", "entry 2"]


async def test_who_gives_up_waiting_keeps_nobody_else_from_going() -> None:
    turns = Turns()

    async def take() -> None:
        async with turns.of(1):
            await asyncio.sleep(0)

    async with turns.of(1):
        gone, waiting = asyncio.create_task(take()), asyncio.create_task(take())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await waiting
        await take()


async def test_who_is_canceled_just_as_it_is_called_passes_its_turn_on() -> None:
    turns = Turns()

    async def take() -> None:
        async with turns.of(1):
            await asyncio.sleep(0)

    async with turns.of(1):
        gone, waiting = asyncio.create_task(take()), asyncio.create_task(take())
        await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(2):
        await waiting


def test_while_redis_is_away_a_process_keeps_its_own_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise RedisGone

    monkeypatch.setattr(sent, "connection", away)
    monkeypatch.setattr(sent, "OWN_MAX", 3)
    notes = SharedNotes("http://127.0.0.1:1")

    assert notes.note("a", at_ms=1000, hold_ms=4000) == OURS
    assert notes.note("a", at_ms=1000, hold_ms=4000) == HELD
    assert notes.note("a", at_ms=4999, hold_ms=4000) == HELD
    assert notes.note("a", at_ms=5000, hold_ms=4000) == ASK_FIRST
    assert notes.note("a", at_ms=5000, hold_ms=4000, asked=True) == OURS
    for number in range(10):
        notes.note(f"other {number}", at_ms=1, hold_ms=1)
    assert len(notes._own) == 3
