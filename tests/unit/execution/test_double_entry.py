"""The ledger by hand: what each fill moves on each account, in ledger notation, and that it is nothing together.

`booked("buy 2 @ 100 fee 0.2; sell 1 @ 110 fee 0.002 AAA")` tells every entry as it stands in the ledger: the legs that
are not 0, a credit below 0, and the base units that inventory moves.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.rules.accounting import Booking, Holding, Oversold, UnknownFee, book, fee_taken, without_dust

LEGS = ("amount", "inventory", "fees", "realized")
FLAT = Holding(symbol="AAAUSDT")


def bookings(text: str) -> list[Booking]:
    """Each fill of "buy 2 @ 100 fee 0.2", its fee in USDT or in the asset behind it; `dust` after a fill sweeps it."""
    holding, found = FLAT, []
    for note in text.split(";"):
        side, quantity, _, price, *rest = note.split()
        fee, base_fee = Decimal(0), Decimal(0)
        if "fee" in rest:
            place = rest.index("fee")
            asset = rest[place + 2] if len(rest) > place + 2 and rest[place + 2].isupper() else "USDT"
            fee, base_fee = fee_taken(
                Decimal(rest[place + 1]), asset, price=Decimal(price), base_asset="AAA", quote_asset="USDT"
            )
        booking = book(
            holding, side=side.upper(), price=Decimal(price), quantity=Decimal(quantity), fee=fee, base_fee=base_fee
        )
        if rest[-1:] == ["dust"]:
            booking = without_dust(booking, booking.holding.quantity)
        holding = booking.holding
        found.append(booking)
    return found


def booked(text: str) -> list[str]:
    """Every entry of the fills, without those that move nothing."""
    lines = []
    for booking in bookings(text):
        for entry in booking.entries:
            moved = [f"{name} {value.normalize():f}" for name in LEGS if (value := getattr(entry, name))]
            moved += [f"units {entry.units.normalize():f}"] if entry.units else []
            lines += [f"{entry.kind}: {', '.join(moved)}"] if moved else []
    return lines


def test_a_buy_turns_cash_into_inventory_and_its_fee_is_an_expense() -> None:
    # 2 × 100 = 200, fee 0.1 % of it
    assert booked("buy 2 @ 100 fee 0.2") == [
        "TRADE: amount -200, inventory 200, units 2",
        "FEE: amount -0.2, fees 0.2",
    ]


def test_a_partial_sell_takes_its_entry_value_out_of_inventory_and_realises_the_rest() -> None:
    # sold 1 of 2 at 110: 110 come in, 100 of inventory leave, 10 are profit; 100 of inventory stay
    assert booked("buy 2 @ 100; sell 1 @ 110 fee 0.11") == [
        "TRADE: amount -200, inventory 200, units 2",
        "TRADE: amount 110, inventory -100, realized -10, units -1",
        "FEE: amount -0.11, fees 0.11",
    ]


def test_a_gap_below_the_stop_realises_the_whole_loss() -> None:
    # bought at 25.00, stop 24.50, sold at 20.00 where the market is: (20 − 25) × 100 = −500
    assert booked("buy 100 @ 25; sell 100 @ 20 fee 1") == [
        "TRADE: amount -2500, inventory 2500, units 100",
        "TRADE: amount 2000, inventory -2500, realized 500, units -100",
        "FEE: amount -1, fees 1",
    ]


def test_a_fee_in_base_units_of_a_buy_is_paid_from_what_was_bought_and_not_in_cash() -> None:
    # 0.002 of the 2 bought are taken: worth 0.002 × 100 = 0.2. Held are 1.998 at 100
    assert booked("buy 2 @ 100 fee 0.002 AAA") == [
        "TRADE: amount -200, inventory 200, units 2",
        "FEE: inventory -0.2, fees 0.2, units -0.002",
    ]
    after = bookings("buy 2 @ 100 fee 0.002 AAA")[-1].holding
    assert (after.quantity, after.avg_entry_price) == (Decimal("1.998"), 100)


def test_a_fee_in_base_units_is_taken_from_the_new_units_and_not_from_older_ones() -> None:
    # 1 is held at 50; of 2 more at 100 are 0.5 taken, worth 50: (1 × 50 + 1.5 × 100) ÷ 2.5 = 80, and nothing realised
    last = bookings("buy 1 @ 50; buy 2 @ 100 fee 0.5 AAA")[-1]

    assert (last.holding.quantity, last.holding.avg_entry_price, last.realized_pnl) == (Decimal("2.5"), 80, 0)


def test_a_fee_in_base_units_of_a_sell_is_sold_with_the_others_for_what_it_pays() -> None:
    # 1 sold at 110, 0.5 taken: worth 55, of which 50 are entry value and 5 profit
    assert booked("buy 2 @ 100; sell 1 @ 110 fee 0.5 AAA") == [
        "TRADE: amount -200, inventory 200, units 2",
        "TRADE: amount 110, inventory -100, realized -10, units -1",
        "FEE: inventory -50, fees 55, realized -5, units -0.5",
    ]


def test_dust_leaves_at_its_entry_value_as_a_loss_and_the_position_is_flat() -> None:
    # a fee of 0.002 leaves 1.998; sold are 1.99, and 0.008 × 100 = 0.8 are given up
    assert booked("buy 2 @ 100 fee 0.002 AAA; sell 1.99 @ 110 fee 0.2 dust")[2:] == [
        "TRADE: amount 218.9, inventory -199, realized -19.9, units -1.99",
        "FEE: amount -0.2, fees 0.2",
        "DUST: inventory -0.8, realized 0.8, units -0.008",
    ]
    last = bookings("buy 2 @ 100 fee 0.002 AAA; sell 1.99 @ 110 fee 0.2 dust")[-1]
    assert (last.holding.quantity, last.holding.avg_entry_price, last.holding.episode_id) == (0, 0, None)
    assert last.realized_pnl == last.holding.realized_pnl == Decimal("19.1")


def test_the_value_of_a_fee_in_base_units_is_rounded_half_even_to_twelve_decimals() -> None:
    # 0.000001 × 0.0000015 = 1.5e-12, a tie: 2e-12 is even; 0.000001 × 0.0000025 = 2.5e-12, a tie: 2e-12 again
    values = [
        fee_taken(Decimal("0.000001"), "AAA", price=Decimal(price), base_asset="AAA", quote_asset="USDT")[0]
        for price in ("0.0000015", "0.0000025")
    ]

    assert values == [Decimal("2e-12"), Decimal("2e-12")]


def test_a_fee_in_an_asset_without_a_known_price_is_refused_with_its_remedy_and_never_zero() -> None:
    with pytest.raises(UnknownFee, match=r"0\.3 MX.*switch the deduction in MX off"):
        booked("buy 2 @ 100 fee 0.3 MX")


def test_no_fee_has_no_unknown_value() -> None:
    assert booked("buy 2 @ 100 fee 0 MX") == ["TRADE: amount -200, inventory 200, units 2"]


@pytest.mark.parametrize("text", ["buy 2 @ 100 fee 2 AAA", "buy 2 @ 100; sell 2 @ 100 fee 0.001 AAA"])
def test_a_fee_takes_no_more_base_units_than_there_are(text: str) -> None:
    with pytest.raises(Oversold):
        booked(text)


def test_no_more_dust_leaves_than_is_held() -> None:
    [bought] = bookings("buy 2 @ 100")

    with pytest.raises(Oversold):
        without_dust(bought, Decimal("2.1"))


quantities = st.decimals(min_value="0.000001", max_value="100000", places=6)
prices = st.decimals(min_value="0.00000001", max_value="100000", places=8)
shares = st.sampled_from(["0", "0.001", "0.0005", "0.333"])


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL", "DUST"]), quantities, prices, shares), max_size=30))
def test_every_entry_balances_and_inventory_is_what_is_held_whatever_was_traded(trades: list) -> None:
    holding, inventory, units, profit, bought = FLAT, Decimal(0), Decimal(0), Decimal(0), Decimal(0)

    for side, wanted, price, share in trades:
        selling = side != "BUY"
        quantity = min(wanted, holding.quantity / 2) if selling else wanted
        if not quantity:
            continue
        base_fee = quantity * Decimal(share)
        fee = fee_taken(base_fee, "AAA", price=price, base_asset="AAA", quote_asset="USDT")[0]
        way = "SELL" if selling else "BUY"
        booking = book(holding, side=way, price=price, quantity=quantity, fee=fee, base_fee=base_fee)
        if side == "DUST" and booking.holding.quantity:
            booking = without_dust(booking, booking.holding.quantity)
        holding, bought = booking.holding, bought + quantity
        assert all(entry.amount + entry.inventory + entry.fees + entry.realized == 0 for entry in booking.entries)
        assert booking.realized_pnl == -sum(entry.realized for entry in booking.entries)
        inventory += sum(entry.inventory for entry in booking.entries)
        units += sum(entry.units for entry in booking.entries)
        profit += booking.realized_pnl

    # an entry rounds amounts by 1e-12 at most three times, and each average by 1e-18 a unit
    allowed = 3 * len(trades) * Decimal("1e-12") + len(trades) * Decimal("1e-18") * (bought + 1)
    assert abs(inventory - holding.quantity * holding.avg_entry_price) <= allowed
    assert (units, profit) == (holding.quantity, holding.realized_pnl)
