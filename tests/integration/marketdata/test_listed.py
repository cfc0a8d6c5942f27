"""What the exchange lists: when it is believed, and what is known of the pairs that are watched or held."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections

from marketdata import queries
from marketdata.mexc.errors import BadAnswer
from marketdata.models import Instrument, UniverseMember
from marketdata.queries import Tradability
from tests.integration.marketdata.test_choosing import Exchange, make_choosing, say_held, turn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture
def rows() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool
        pool.submit(connections.close_all).result()


def market(count: int) -> Exchange:
    """So many pairs, S0USDT the most liquid."""
    return Exchange(**{f"S{number}USDT": 1000 - number for number in range(count)})


def trading() -> int:
    return Instrument.objects.filter(status="TRADING").count()


def test_one_short_answer_halts_nobody(rows: ThreadPoolExecutor) -> None:
    part = make_choosing(rows)
    say_held()
    turn(part, market(58))

    with pytest.raises(BadAnswer, match="56 of 58 pairs gone at once"):
        turn(part, market(2), after_s=400)
    whole = turn(part, market(58), after_s=3)

    assert whole == (["S0USDT", "S1USDT"], False)
    assert trading() == 58


def test_answers_that_take_different_pairs_away_are_never_believed(rows: ThreadPoolExecutor) -> None:
    part = make_choosing(rows)
    say_held()
    turn(part, market(58))

    for number, after_s in enumerate((400, 29, 29, 29)):
        with pytest.raises(BadAnswer):
            turn(part, market(2 + number % 2), after_s=after_s)

    assert trading() == 58


def test_an_answer_that_is_repeated_for_half_a_minute_is_believed(rows: ThreadPoolExecutor) -> None:
    part = make_choosing(rows)
    say_held()
    turn(part, market(58))

    for after_s in (400, 3, 26):
        with pytest.raises(BadAnswer):
            turn(part, market(2), after_s=after_s)
    believed = turn(part, market(2), after_s=1)

    assert believed == (["S0USDT", "S1USDT"], False)
    assert trading() == 2


def test_a_few_pairs_that_go_are_believed_at_once(rows: ThreadPoolExecutor) -> None:
    part = make_choosing(rows)
    say_held()
    turn(part, market(58))

    turn(part, market(50), after_s=400)

    assert trading() == 50


def test_a_pair_told_of_unusably_keeps_what_is_stored_of_it(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8), make_choosing(rows)
    say_held()
    turn(part, exchange)
    exchange.odd.add("BUSDT")

    turn(part, exchange, after_s=400)

    assert trading() == 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sides": {"BUSDT": "SELL"}}, Tradability(may_buy=False, may_sell=True)),
        ({"sides": {"BUSDT": "BUY"}}, Tradability(may_buy=False, may_sell=False)),
        ({"sides": {"BUSDT": "NONE"}}, Tradability(may_buy=False, may_sell=False)),
        ({"shut": {"BUSDT"}}, Tradability(may_buy=False, may_sell=False)),
        ({"volumes": {"AUSDT": 9, "CUSDT": 7}}, Tradability(may_buy=False, may_sell=False)),
    ],
)
def test_what_the_exchange_no_longer_takes_of_a_held_symbol_is_known_within_half_a_minute(
    rows: ThreadPoolExecutor, change: dict[str, object], expected: Tradability
) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8, CUSDT=7), make_choosing(rows)
    say_held("BUSDT")
    turn(part, exchange)
    before = queries.tradability(["BUSDT", "NOUSDT"])
    vars(exchange).update(change)

    universe = turn(part, exchange, after_s=30)

    assert before == {"BUSDT": Tradability(True, True), "NOUSDT": Tradability(False, False)}
    assert queries.tradability(["BUSDT"])["BUSDT"] == expected
    assert universe == (["AUSDT", "BUSDT", "CUSDT"], False)
    assert UniverseMember.objects.get(instrument="BUSDT").held


def test_a_held_pair_of_another_quote_asset_is_read_again_too(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, XBTC=8), make_choosing(rows)
    say_held("XBTC")
    turn(part, exchange)
    exchange.sides["XBTC"] = "SELL"

    turn(part, exchange, after_s=30)

    assert queries.tradability(["XBTC"])["XBTC"] == Tradability(may_buy=False, may_sell=True)


def test_a_step_that_the_exchange_makes_coarser_is_known_and_no_reason_to_choose(rows: ThreadPoolExecutor) -> None:
    exchange, part = Exchange(AUSDT=9, BUSDT=8), make_choosing(rows)
    say_held()
    turn(part, exchange)
    exchange.step = Decimal(1)

    universe = turn(part, exchange, after_s=30)

    assert universe is None
    assert Instrument.objects.get(symbol="AUSDT").quantity_step == 1
