"""Levels of books: which frames can be used, whose books are wanted, and what of them leaves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from marketdata.mexc import wire
from marketdata.mexc.errors import BadFrame
from marketdata.screeners.ws.depths import BELIEVED_S, OutgoingDepths
from marketdata.screeners.ws.nearness import LINGER_S, SYMBOLS_MAX, DepthWishes
from mexc_sim.market.exchange import Exchange
from mexc_sim.market.synthetic import SyntheticMarket
from mexc_sim.server import frames

SYMBOL = "AAAUSDT"
CHANNEL = wire.depth_channel(SYMBOL)
BIDS = [("99.99", "5"), ("99.5", "7")]
ASKS = [("100.01", "0.5"), ("100.02", "7")]
NOW_S = 1_790_281_200.0


def frame(
    bids: list[tuple[str, str]] = BIDS, asks: list[tuple[str, str]] = ASKS, *, version: int = 7, at_ms: int = 0
) -> bytes:
    return frames.encode_limit_depth(SYMBOL, CHANNEL, bids, asks, version, at_ms or int(NOW_S * 1000))


def push(**changes: int) -> wire.DepthPush:
    decoded = wire.decode(frame(**changes))
    assert isinstance(decoded, wire.DepthPush)
    return decoded


def test_a_book_of_levels_survives_the_round_trip() -> None:
    assert push() == wire.DepthPush(
        SYMBOL,
        ((Decimal("99.99"), Decimal(5)), (Decimal("99.5"), Decimal(7))),
        ((Decimal("100.01"), Decimal("0.5")), (Decimal("100.02"), Decimal(7))),
        int(NOW_S * 1000),
        7,
    )


def test_a_side_may_be_empty_and_an_empty_level_is_none() -> None:
    decoded = wire.decode(frame([("99.99", "0")], []))

    assert isinstance(decoded, wire.DepthPush)
    assert (decoded.bids, decoded.asks) == ((), ())


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ([("99.99", "-1")], ASKS, "number"),
        ([("NaN", "1")], ASKS, "number"),
        (BIDS, [("0", "1")], "number"),
        (BIDS, [("100", "1" * 21)], "number"),
        (BIDS, [("100.02", "1"), ("100.01", "1")], "depth_order"),
        (BIDS, [("100.02", "1"), ("100.02", "2")], "depth_order"),
        ([("99", "1"), ("99.5", "1")], ASKS, "depth_order"),
        ([("100.01", "1")], ASKS, "crossed_book"),
        (BIDS, [(str(101 + number), "1") for number in range(21)], "depth_levels"),
        (BIDS, [("1" * 5000, "1")], "number"),
    ],
)
def test_levels_that_cannot_be_are_refused_whole(
    bids: list[tuple[str, str]], asks: list[tuple[str, str]], reason: str
) -> None:
    with pytest.raises(BadFrame) as refused:
        wire.decode(frame(bids, asks))

    assert refused.value.reason == reason


def test_only_wanted_books_are_kept_and_each_change_leaves_once() -> None:
    board = OutgoingDepths()
    board.depth(push(), NOW_S)
    unwanted = board.take_changed()
    board.watch([SYMBOL])
    board.depth(push(), NOW_S)

    [book] = board.take_changed()

    assert unwanted == [] == board.take_changed()
    assert book["asks"] == [{"price": "100.01", "quantity": "0.5"}, {"price": "100.02", "quantity": "7"}]
    assert book["event_at"] == book["received_at"] == "2026-09-24T20:20:00.000000Z"


def test_an_older_book_never_replaces_a_newer_one_until_that_has_aged() -> None:
    board = OutgoingDepths()
    board.watch([SYMBOL])

    taken = [
        board.depth(push(version=version), NOW_S + after_s)
        for version, after_s in ((7, 0), (6, 1), (7, 2), (8, 3), (1, 4), (1, 3 + BELIEVED_S))
    ]

    assert taken == [True, False, False, True, False, True]


def test_a_book_that_is_wanted_no_more_is_forgotten_before_it_leaves() -> None:
    board = OutgoingDepths()
    board.watch([SYMBOL])
    board.depth(push(), NOW_S)

    board.watch([])

    assert board.take_changed() == []


def wanted(
    wishes: DepthWishes, *, last: dict[str, str], held: tuple[str, ...] = (), now_s: float = 0.0, base: str = "100"
) -> list[str]:
    return wishes.wanted(
        watched=[*last, *held],
        held=held,
        last={symbol: Decimal(price) for symbol, price in last.items()},
        base=dict.fromkeys(last, Decimal(base)),
        now_s=now_s,
    )


def test_near_is_from_half_the_threshold_on_the_nearest_first() -> None:
    # threshold 1 %: near from 0.5 % on; distances 0.1 %, 0.5 %, 2 %
    last = {"FAR": "100.49", "HALF": "100.5", "CLOSE": "100.9", "OVER": "103"}

    assert wanted(DepthWishes(Decimal("0.01")), last=last) == ["CLOSE", "HALF", "OVER"]


def test_what_is_held_comes_first_whatever_its_momentum() -> None:
    assert wanted(DepthWishes(Decimal("0.01")), last={"CLOSE": "100.9"}, held=("HELD",)) == ["HELD", "CLOSE"]


def test_what_has_no_candle_to_compare_with_is_not_near() -> None:
    wishes = DepthWishes(Decimal("0.01"))

    assert wishes.wanted(watched=["A"], held=(), last={"A": Decimal(103)}, base={}, now_s=0) == []


def test_one_at_the_border_stays_a_while_and_then_goes() -> None:
    wishes = DepthWishes(Decimal("0.01"))
    wanted(wishes, last={"A": "100.6"})

    stays = wanted(wishes, last={"A": "100.1"}, now_s=LINGER_S - 1)
    goes = wanted(wishes, last={"A": "100.1"}, now_s=LINGER_S + 1)

    assert (stays, goes) == (["A"], [])


def test_one_that_is_watched_no_more_goes_at_once() -> None:
    wishes = DepthWishes(Decimal("0.01"))
    wanted(wishes, last={"A": "100.6"})

    assert wanted(wishes, last={"B": "100"}) == []


def test_in_a_market_that_rises_as_a_whole_no_more_are_wanted_than_the_nearest() -> None:
    last = {f"S{number:02}": str(Decimal(101) + Decimal(number) / 100) for number in range(40)}

    found = wanted(DepthWishes(Decimal("0.01")), last=last, held=("HELD",))

    assert found == ["HELD", *sorted(last)[: SYMBOLS_MAX - 1]]


def test_every_book_of_the_simulated_market_can_be_used() -> None:
    exchange = Exchange(SyntheticMarket(seed=4))

    for at_s in (NOW_S, NOW_S + 7.3, NOW_S + 86_400):
        for symbol in exchange.rows:
            book = exchange.book(symbol, at_s, wire.DEPTH_LEVELS)
            encoded = frames.encode_limit_depth(symbol, "depth", book.bids, book.asks, book.version, int(at_s * 1000))
            decoded = wire.decode(encoded)

            assert isinstance(decoded, wire.DepthPush)
            assert (len(decoded.bids), len(decoded.asks)) == (len(book.bids), len(book.asks))
