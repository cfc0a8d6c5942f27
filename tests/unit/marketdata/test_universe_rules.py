"""The choice of the universe: who is in, who is out and why, and what a misspelled setting is told."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from marketdata.ticks import spread_bps
from marketdata.universe.near_misses import near_symbols
from marketdata.universe.rules import Offer, Place, Standing, UniverseProblem, WantedUniverse, places

LIQUID = [f"S{number:02}USDT" for number in range(1, 21)]


def make_offer(*, symbol: str, volume: str = "1000", spread: str | None = "5", **changes: object) -> Offer:
    fields: dict[str, object] = {
        "symbol": symbol,
        "base_asset": symbol.removesuffix("USDT"),
        "quote_asset": "USDT",
        "trading": True,
        "quote_volume_24h": Decimal(volume),
        "spread_bps": None if spread is None else Decimal(spread),
    }
    return Offer(**{**fields, **changes})  # type: ignore[arg-type]


def make_wanted(*, size: int = 10, whitelist: tuple[str, ...] = (), min_volume: str = "0") -> WantedUniverse:
    return WantedUniverse(quote_asset="USDT", size=size, whitelist=whitelist, min_volume=Decimal(min_volume))


def market(*order: str) -> list[Offer]:
    """Offers of falling volume, in the given order."""
    return [make_offer(symbol=symbol, volume=str(1000 - place)) for place, symbol in enumerate(order)]


def chosen(found: Sequence[Place]) -> list[str]:
    return [place.symbol for place in found if place.chosen]


def why(found: Sequence[Place]) -> dict[str, str]:
    return {place.symbol: place.excluded for place in found}


def test_every_instrument_has_its_place_and_the_reason_why_it_is_out() -> None:
    offers = [
        make_offer(symbol="HALTUSDT", volume="900", trading=False),
        make_offer(symbol="BIGUSDT", volume="800"),
        make_offer(symbol="WIDEUSDT", volume="700", spread="100.1"),
        make_offer(symbol="NOBIDUSDT", volume="650", spread=None),
        make_offer(symbol="EDGEUSDT", volume="600", spread="100"),
        make_offer(symbol="RESTUSDT", volume="500"),
        make_offer(symbol="NEWSUSDT", volume="400"),
        make_offer(symbol="THINUSDT", volume="99"),
        make_offer(symbol="BIGBTC", quote_asset="BTC"),
    ]

    found = places(offers, make_wanted(size=2, min_volume="100"), Standing(paused=["NEWSUSDT"]))

    assert [(place.rank, place.symbol, place.excluded) for place in found] == [
        (1, "HALTUSDT", "STATUS"),
        (2, "BIGUSDT", ""),
        (3, "WIDEUSDT", "SPREAD"),
        (4, "NOBIDUSDT", "SPREAD"),
        (5, "EDGEUSDT", ""),
        (6, "RESTUSDT", "RANK"),
        (7, "NEWSUSDT", "PAUSED"),
        (8, "THINUSDT", "VOLUME"),
    ]
    assert chosen(found) == ["BIGUSDT", "EDGEUSDT"]


def test_a_pair_nobody_trades_is_not_watched_whatever_the_minimum() -> None:
    found = places([make_offer(symbol="AUSDT"), make_offer(symbol="BUSDT", volume="0")], make_wanted())

    assert why(found) == {"AUSDT": "", "BUSDT": "VOLUME"}


def test_a_member_stays_within_the_band_and_goes_beyond_it() -> None:
    # size 10, band 2: ranks 1 to 8 are in anyway, members stay up to rank 12
    members = [*LIQUID[:8], LIQUID[11], LIQUID[12]]

    found = places(market(*LIQUID), make_wanted(), Standing(members=members))

    assert chosen(found) == [*LIQUID[:9], LIQUID[11]]


def test_who_ranks_far_inside_comes_in_though_all_members_stay() -> None:
    members = LIQUID[1:11]

    found = places(market(*LIQUID), make_wanted(), Standing(members=members))

    assert chosen(found) == LIQUID[:10]


def test_two_that_change_places_at_the_border_do_not_change_the_universe() -> None:
    swapped = [*LIQUID[:9], LIQUID[10], LIQUID[9], *LIQUID[11:]]

    found = places(market(*swapped), make_wanted(), Standing(members=LIQUID[:10]))

    assert sorted(chosen(found)) == LIQUID[:10]


def test_a_member_goes_for_its_spread_only_when_it_was_wide_before_as_well() -> None:
    offers = [make_offer(symbol="AUSDT", spread="500"), make_offer(symbol="BUSDT")]

    once = places(offers, make_wanted(), Standing(members=["AUSDT"]))
    twice = places(offers, make_wanted(), Standing(members=["AUSDT"], wide=["AUSDT"]))

    assert chosen(once) == ["AUSDT", "BUSDT"]
    assert why(twice) == {"AUSDT": "SPREAD", "BUSDT": ""}


def test_a_held_symbol_is_watched_whatever_else_is_said_of_it() -> None:
    offers = [*market(*LIQUID), make_offer(symbol="OLDBTC", quote_asset="BTC")]

    found = places(offers, make_wanted(size=2), Standing(held=[LIQUID[0], LIQUID[19], "OLDBTC", "GONEUSDT"]))

    watched = [(place.symbol, place.chosen, place.held, place.excluded) for place in found if place.watched]
    assert watched == [
        (LIQUID[0], True, True, ""),
        (LIQUID[1], True, False, ""),
        (LIQUID[19], False, True, "RANK"),
        ("OLDBTC", False, True, "NOT_WANTED"),
        ("GONEUSDT", False, True, "STATUS"),
    ]


def test_a_paused_member_keeps_its_place_and_a_paused_stranger_gets_none() -> None:
    standing = Standing(members=["AUSDT"], paused=["AUSDT", "BUSDT"])

    found = places(market("AUSDT", "BUSDT", "CUSDT"), make_wanted(size=2), standing)

    assert [(place.symbol, place.chosen, place.excluded) for place in found] == [
        ("AUSDT", True, "PAUSED"),
        ("BUSDT", False, "PAUSED"),
        ("CUSDT", True, ""),
    ]


def test_a_whitelist_overrules_liquidity_and_spread() -> None:
    offers = [make_offer(symbol="AUSDT", spread="900"), make_offer(symbol="BUSDT"), make_offer(symbol="CUSDT")]

    found = places(offers, make_wanted(size=1, whitelist=("AUSDT", "CUSDT")), Standing(paused=["CUSDT"]))

    assert why(found) == {"AUSDT": "", "BUSDT": "NOT_WANTED", "CUSDT": "PAUSED"}
    assert chosen(found) == ["AUSDT", "CUSDT"]


@pytest.mark.parametrize(
    ("symbol", "told"),
    [
        ("SLOUSDT", "SLOUSDT is not traded in USDT; did you mean SOLUSDT?"),
        ("sol-usdt", "sol-usdt is not traded in USDT; did you mean SOLUSDT?"),
        ("SOLBTC", "SOLBTC is not traded in USDT; did you mean SOLUSDT?"),
        ("SHUTUSDT", "SHUTUSDT is listed but may not be traded; remove it."),
        ("XYZQUSDT", "XYZQUSDT is not traded in USDT; remove it."),
    ],
)
def test_a_whitelist_that_cannot_be_used_says_what_may_be_meant(symbol: str, told: str) -> None:
    offers = [
        make_offer(symbol="SOLUSDT"),
        make_offer(symbol="SLPUSDT", volume="9000"),
        make_offer(symbol="SOLBTC", base_asset="SOL", quote_asset="BTC"),
        make_offer(symbol="SHUTUSDT", trading=False),
    ]

    with pytest.raises(UniverseProblem) as refusal:
        places(offers, make_wanted(whitelist=("SOLUSDT", symbol)))

    assert str(refusal.value) == f"SYMBOL_WHITELIST: {told}"


def test_every_unusable_symbol_of_a_whitelist_is_named_at_once() -> None:
    with pytest.raises(UniverseProblem, match=r"AUSD is not .* AUSDT\?; BUSD is not .* BUSDT\?"):
        places(market("AUSDT", "BUSDT"), make_wanted(whitelist=("AUSD", "BUSD")))


def test_an_unknown_quote_asset_is_told_which_there_are_nearest_first() -> None:
    offers = [*market("AUSDT", "BUSDT"), make_offer(symbol="ABTC", quote_asset="BTC")]

    with pytest.raises(UniverseProblem) as refusal:
        places(offers, WantedUniverse(quote_asset="USTD", size=5))

    assert str(refusal.value) == "QUOTE_ASSET: the exchange trades nothing in USTD; it has USDT, BTC."


def test_filters_that_leave_nothing_are_named_with_their_limits() -> None:
    with pytest.raises(UniverseProblem, match=r"no pair in USDT passes \(1 SPREAD, 1 VOLUME\).* 100 bps and 2000"):
        places(
            [make_offer(symbol="AUSDT", volume="2500", spread="101"), make_offer(symbol="BUSDT")],
            make_wanted(min_volume="2000"),
        )


def test_an_exchange_where_nothing_may_be_traded_is_said_to_be_so() -> None:
    with pytest.raises(UniverseProblem, match="none of the pairs in USDT may be traded at the moment"):
        places([make_offer(symbol="AUSDT", trading=False)], make_wanted())


def test_of_equal_likeness_the_more_traded_is_meant() -> None:
    turnover = {"DOGAUSDT": Decimal(1), "DOGEUSDT": Decimal(9), "ZILUSDT": Decimal(99)}

    assert near_symbols("DOGUSDT", turnover, "USDT") == ["DOGEUSDT", "DOGAUSDT"]


def test_the_spread_is_in_basis_points_of_the_mid() -> None:
    # 0.10 / 100.00 = 10 bps
    assert spread_bps(Decimal("99.95"), Decimal("100.05")) == Decimal(10)
    assert spread_bps(None, Decimal(1)) is None
    assert spread_bps(Decimal(2), Decimal(1)) is None
