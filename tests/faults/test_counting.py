"""The count of a fault run: what it calls lost, doubled and off, on small journals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from proofs.faults.journal import Expected, Journals, StoredRows, blind_spots, tally
from proofs.faults.run import happened, too_little

BOUGHT, SOLD, DENIED = (
    Expected(signal_id=f"signal-{number}", symbol="AAAUSDT", side=side, client_order_id=f"order-{number}")
    for number, side in ((1, "BUY"), (2, "SELL"), (3, "BUY"))
)


def answer(name: str, *trades: tuple[str, str], fee: str = "0.10") -> dict[str, Any]:
    return {
        "client_order_id": name,
        "trades": [
            {"trade_id": f"{name}-{number}", "price": price, "quantity": quantity, "fee": fee}
            for number, (price, quantity) in enumerate(trades, 1)
        ],
    }


# Cash by hand: 1000 - 2 x 100 - 1 x 101 - 0.20 fees + 3 x 102 - 0.10 fee = 1004.70
JOURNALS = Journals(
    expected=(BOUGHT, SOLD, DENIED),
    answers=(answer("order-1", ("100", "2"), ("101", "1")), answer("order-2", ("102", "3"))),
)
STORED = StoredRows(
    decided=(
        ("signal-1", "APPROVED", "SIGNAL_APPROVED", "order-1"),
        ("signal-2", "APPROVED", "SIGNAL_APPROVED", "order-2"),
        ("signal-3", "REJECTED", "BREAKER_OPEN", ""),
    ),
    orders=(("order-1", "FILLED"), ("order-2", "FILLED")),
    fills=(("order-1", "order-1-1"), ("order-1", "order-1-2"), ("order-2", "order-2-1")),
    cash=Decimal("1004.70"),
    starting_cash=Decimal(1000),
)


def test_books_that_agree_with_both_journals_are_clean() -> None:
    found = tally(JOURNALS, STORED)

    assert (found.lost, found.double, found.cents_off, found.named()) == (0, 0, "0", "")


def test_an_order_that_carries_an_exit_on_is_caused_by_the_sell_that_wanted_it_and_counts_as_a_sale() -> None:
    journals = replace(JOURNALS, answers=(*JOURNALS.answers[:1], answer("order-2"), answer("order-9", ("102", "3"))))
    stored = replace(
        STORED,
        orders=(("order-1", "FILLED"), ("order-2", "EXPIRED"), ("order-9", "FILLED")),
        fills=(*STORED.fills[:2], ("order-9", "order-9-1")),
    )

    found = tally(journals, replace(stored, attempts=(("order-9", "signal-2"),)))
    without_cause = tally(journals, replace(stored, attempts=(("order-9", "a signal nobody expected"),)))

    assert (found.lost, found.double, found.cents_off) == (0, 0, "0")
    assert without_cause.uncaused == ["order-9"]


@pytest.mark.parametrize(
    ("kind", "damaged"),
    [
        ("undecided", replace(STORED, decided=STORED.decided[:2])),
        ("orderless", replace(STORED, decided=(*STORED.decided[:2], ("signal-3", "TRIMMED", "POSITION_TRIMMED", "")))),
        ("unsettled", replace(STORED, orders=(("order-1", "SUBMITTED"), ("order-2", "FILLED")))),
        ("unbooked", replace(STORED, fills=STORED.fills[1:])),
    ],
)
def test_each_kind_of_loss_counts_one(kind: str, damaged: StoredRows) -> None:
    found = tally(JOURNALS, damaged)

    assert (found.lost, found.double) == (1, 0)
    assert len(getattr(found, kind)) == 1


@pytest.mark.parametrize(
    ("kind", "journals", "damaged"),
    [
        ("decided_twice", JOURNALS, replace(STORED, decided=(*STORED.decided, STORED.decided[0]))),
        ("booked_twice", JOURNALS, replace(STORED, fills=(*STORED.fills, STORED.fills[0]))),
        ("answered_twice", replace(JOURNALS, answers=(*JOURNALS.answers, JOURNALS.answers[0])), STORED),
        ("uncaused", JOURNALS, replace(STORED, fills=(*STORED.fills, ("order-9", "order-9-1")))),
        (
            "uncaused",
            JOURNALS,
            replace(STORED, decided=(*STORED.decided, ("signal-9", "REJECTED", "BREAKER_OPEN", ""))),
        ),
        ("uncaused", replace(JOURNALS, answers=(*JOURNALS.answers, answer("order-9"))), STORED),
    ],
)
def test_each_kind_of_double_counts_one(kind: str, journals: Journals, damaged: StoredRows) -> None:
    found = tally(journals, damaged)

    assert (found.lost, found.double) == (0, 1)
    assert len(getattr(found, kind)) == 1


def test_an_order_that_reached_the_venue_after_a_later_one_of_its_symbol_is_told() -> None:
    turned = replace(JOURNALS, answers=JOURNALS.answers[::-1])

    found = tally(turned, STORED)

    assert (found.counts, found.overtaken) == ({"overtaken": 1}, ["order-1"])


def test_orders_of_different_symbols_may_reach_the_venue_in_any_order() -> None:
    other = replace(SOLD, symbol="BBBUSDT")
    turned = Journals(expected=(BOUGHT, other, DENIED), answers=JOURNALS.answers[::-1])

    assert tally(turned, STORED).overtaken == []


def test_cash_is_compared_with_the_venues_trades_alone() -> None:
    found = tally(JOURNALS, replace(STORED, cash=Decimal("1004.695")))

    assert found.cents_off == "0.5"


def test_an_exit_that_joined_another_needs_no_order_of_its_own() -> None:
    joined = ("signal-3", "APPROVED", "POSITION_EXIT_JOINED", "order-2")

    found = tally(JOURNALS, replace(STORED, decided=(*STORED.decided[:2], joined)))

    assert (found.lost, found.double) == (0, 0)


def test_an_exit_that_joined_an_order_that_is_not_there_is_lost() -> None:
    joined = ("signal-3", "APPROVED", "POSITION_EXIT_JOINED", "")

    found = tally(JOURNALS, replace(STORED, decided=(*STORED.decided[:2], joined)))

    assert found.counts == {"orderless": 1}


def test_an_order_without_counterpart_costs_nothing() -> None:
    journals = replace(JOURNALS, answers=(*JOURNALS.answers, answer("order-3")))

    assert tally(journals, STORED).cents_off == "0"


def test_planted_losses_and_doubles_are_all_found() -> None:
    assert blind_spots(JOURNALS, STORED) == []


def test_a_count_that_cannot_see_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = tally(JOURNALS, STORED)
    monkeypatch.setattr("proofs.faults.journal.tally", lambda journals, stored: clean)

    assert blind_spots(JOURNALS, STORED) == [
        "a removed decision",
        "a removed fill",
        "a doubled decision",
        "a doubled fill",
        "a doubled answer",
        "answers in the wrong order",
    ]


def test_a_run_tells_how_much_of_it_was_let_through() -> None:
    found = happened(STORED)

    assert found == {
        "fills": 3,
        "approved_share": 0.667,
        "decisions": {"SIGNAL_APPROVED": 2, "BREAKER_OPEN": 1},
    }
    assert too_little(found) == []


def test_a_run_that_a_breaker_has_closed_proves_too_little() -> None:
    refused = tuple((f"signal-{number}", "REJECTED", "TRADING_REDUCING", "") for number in range(3))

    found = too_little(happened(replace(STORED, decided=(*STORED.decided, *refused))))

    assert found == [
        "3 fills, share 0.333 of the decisions let anything through, 0.5 must: "
        "3 TRADING_REDUCING, 2 SIGNAL_APPROVED, 1 BREAKER_OPEN"
    ]


def test_a_run_without_decisions_proves_too_little() -> None:
    nothing = replace(STORED, decided=(), orders=(), fills=())

    assert too_little(happened(nothing)) == [
        "0 fills, share None of the decisions let anything through, 0.5 must: none"
    ]
