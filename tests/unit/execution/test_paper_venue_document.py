"""The worked examples of docs/paper_venue.md are what the code computes."""

from __future__ import annotations

import re
from decimal import Decimal

from backoffice.automation.code_figures import ROOT
from cdb_site.units import plain
from execution.rules.fill_model import fill
from tests.builders import make_book, make_model, make_rules

EXAMPLE = re.compile(r"^\| (BUY|SELL) ([\d.]+)(?: limit ([\d.]+))? \| ([^|]+) \|$", re.MULTILINE)


def test_the_worked_examples_are_what_the_code_computes() -> None:
    words = (ROOT / "docs/paper_venue.md").read_text(encoding="utf-8")
    asks, bids = (re.search(rf"{side} ([\d.@, ]+);", words, re.IGNORECASE) for side in ("Asks", "bids"))
    assert asks and bids
    book = make_book(
        asks=asks[1].replace(", ", "; "), bids=bids[1].replace(", ", "; "), ask_quantity="5", bid_quantity="5"
    )
    told = EXAMPLE.findall(words)

    computed = [
        fill(
            side=side,
            quantity=Decimal(quantity),
            limit_price=Decimal(limit) if limit else None,
            reduce_only=side == "SELL",
            book=book,
            rules=make_rules(),
            model=make_model(),
        ).executions
        for side, quantity, limit, _ in told
    ]

    assert len(told) == 5
    assert [gets for *_, gets in told] == [
        "; ".join(f"{plain(one.quantity)} @ {plain(one.price)}" for one in executions) for executions in computed
    ]
