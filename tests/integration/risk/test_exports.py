"""What is exported is every row that is asked for, once and exact, whatever stands beside it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from cdb_site.clock import iso
from execution.models import Fill, LedgerEntry, Order
from risk.exports import reading, writing
from risk.exports.tables import TABLES
from risk.exports.wishes import read_wish
from risk.models import Decision, RoundTrip
from tests.builders import PAPER, make_desk, open_paper_account, plant_instrument, trade
from tests.integration.risk.export_house import LAYER, account, booked, decided, export, ordered
from tests.integration.risk.test_audit import violate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def several(count: int = 9) -> None:
    """Round trips of two symbols by turns, an hour apart; two orders of each trip have one time."""
    for number in range(count):
        at = NOON + number * timedelta(hours=1)
        booked("buy 2 @ 100; sell 2 @ 110", at, at, symbol=("AAAUSDT", "BBBUSDT")[number % 2])
        decided(at, symbol=("AAAUSDT", "BBBUSDT")[number % 2])


def names(what: str, **asked: str) -> list[Any]:
    """The first cell of every row, in the file's order."""
    wish = read_wish(what, asked)
    first = next(iter(wish.table.columns))
    return [row[first] for portion in writing.rows_of(wish, PAPER) for row in portion]


KEYS = {"orders": Order, "fills": Fill, "ledger": LedgerEntry, "decisions": Decision, "round-trips": RoundTrip}


@pytest.mark.parametrize("portion", [1, 2, 3, 2000])
@pytest.mark.parametrize("what", KEYS)
def test_every_row_comes_once_and_oldest_first_however_small_the_portions(
    what: str, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    several()
    monkeypatch.setattr(reading, "PORTION", portion)

    told = names(what)

    table = TABLES[what]
    expected = list(KEYS[what]._default_manager.order_by(*table.key).values_list("pk", flat=True))
    assert told == expected
    assert len(told) == reading.count(read_wish(what, {}), PAPER) >= 9


@pytest.mark.parametrize("portion", [1, 2, 4, 2000])
@pytest.mark.parametrize(
    ("what", "asked", "kept"),
    [
        ("orders", {"symbol": "bbbusdt", "side": "SELL"}, {"symbol": "BBBUSDT", "side": "SELL"}),
        ("orders", {"state": "REJECTED"}, {"state": "REJECTED"}),
        ("fills", {"symbol": "AAAUSDT", "side": "BUY"}, {"symbol": "AAAUSDT", "side": "BUY"}),
        ("ledger", {"kind": "FEE"}, {"kind": "FEE"}),
        ("decisions", {"symbol": "BBBUSDT", "outcome": "REJECTED"}, {"symbol": "BBBUSDT"}),
        ("round-trips", {"symbol": "AAAUSDT", "exit_reason": "SIGNAL"}, {"symbol": "AAAUSDT"}),
    ],
)
def test_a_filter_leaves_exactly_its_rows_also_where_whole_portions_have_none(
    what: str, asked: dict[str, str], kept: dict[str, str], portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    several()
    ordered(NOON + 5 * MINUTE, state="REJECTED")
    monkeypatch.setattr(reading, "PORTION", portion)

    told = names(what, **asked)

    rows = KEYS[what]._default_manager.filter(**kept).order_by(*TABLES[what].key)
    assert told == list(rows.values_list("pk", flat=True)) and told
    assert len(told) == reading.count(read_wish(what, asked), PAPER)


@pytest.mark.parametrize("what", KEYS)
def test_a_day_is_the_zones_and_the_last_one_is_in(what: str) -> None:
    # In Tokyo the second of March ends at 15:00 UTC.
    for at in (NOON - DAY, NOON, datetime(2026, 3, 2, 14, 59, 59, tzinfo=UTC), datetime(2026, 3, 2, 15, tzinfo=UTC)):
        booked("buy 1 @ 100; sell 1 @ 101", at, at)
        decided(at)

    def of(**asked: str) -> int:
        return len(names(what, **asked))

    per_trip = len(names(what)) // 4
    tokyo = {"zone": "Asia/Tokyo"}
    assert of(**{"from": "2026-03-02", "to": "2026-03-02"}) == 3 * per_trip
    assert of(**{"from": "2026-03-02", "to": "2026-03-02"}, **tokyo) == 2 * per_trip
    assert of(**{"from": "2026-03-03"}, **tokyo) == per_trip
    assert of(to="2026-03-01") == per_trip
    assert of(**{"from": "2030-01-01"}) == 0


def test_a_row_has_the_columns_that_are_written_down_and_every_digit() -> None:
    booked("buy 0.000000000001 @ 0.123456789012345678", NOON)

    for what in ("orders", "fills", "ledger"):
        [row, *_] = export(what).rows
        assert list(row) == list(TABLES[what].columns)
    [fill] = export("fills").rows
    assert (fill["price"], fill["quantity"]) == ("0.123456789012345678", "0.000000000001")
    assert fill["executed_at"] == iso(NOON) and fill["account"] == PAPER


def test_the_three_formats_say_the_same() -> None:
    several(3)
    for what in ("orders", "fills", "ledger", "decisions", "round-trips", "tax"):
        lines = [json.loads(line) for line in export(what, "--format", "jsonl").out.splitlines()]
        array = json.loads(export(what, "--format", "json").out)
        cells = export(what).rows

        assert lines == array
        assert len(cells) == len(lines) >= 3
        assert [list(row) for row in lines] == [list(TABLES[what].columns)] * len(lines)
        assert [row.get("symbol") or "" for row in lines] == [row.get("symbol", "") for row in cells]


def test_what_is_not_known_is_empty_in_csv_and_null_in_json() -> None:
    ordered(NOON)

    [row] = json.loads(export("orders", "--format", "json").out)
    [cells] = export("orders").rows
    assert (row["limit_price"], cells["limit_price"]) == (None, "")
    assert (row["filled_quantity"], cells["filled_quantity"]) == ("0", "0")
    assert (row["reduce_only"], cells["reduce_only"]) == (False, "false")


def test_a_decision_is_told_with_its_sentence_and_its_layers() -> None:
    decided(NOON)

    [row] = json.loads(export("decisions", "--format", "json").out)
    [cells] = export("decisions").rows
    assert "51" in row["sentence"] and row["sentence"] == cells["sentence"]
    assert row["layers"] == json.loads(cells["layers"]) == [LAYER]


@pytest.mark.parametrize("form", writing.CONTENT_TYPES)
def test_nothing_to_export_is_a_file_that_can_be_read(form: str) -> None:
    account()
    for what in TABLES:
        out = export(what, "--format", form).out
        if form == "json":
            assert len(json.loads(out)) == (what == "tax")
        elif form == "jsonl":
            assert len(out.splitlines()) == (what == "tax")
        else:
            assert tuple(csv.reader(io.StringIO(out.splitlines()[3 if what == "tax" else 0])))[0] == list(
                TABLES[what].columns
            )


def test_a_text_that_begins_like_a_formula_is_none_and_a_negative_number_stays_one() -> None:
    ordered(NOON, state="REJECTED", reason_code="=1+1")
    booked("buy 1 @ 100", NOON)

    assert "'=1+1" in [row["reason_code"] for row in export("orders").rows]
    assert [Decimal(row["amount"]) for row in export("ledger").rows] == [Decimal(-100), Decimal("-0.05")]
    assert json.loads(export("orders", "--format", "json", "--state", "REJECTED").out)[0]["reason_code"] == "=1+1"


def test_decimal_commas_stand_between_semicolons() -> None:
    booked("buy 1.5 @ 100", NOON)

    out = export("fills", "--numbers", "comma").out
    [row] = csv.DictReader(io.StringIO(out.removeprefix("\ufeff")), delimiter=";")
    assert out.startswith("\ufeff")
    assert (row["quantity"], row["fee"]) == ("1,5", "0,075")


def test_rows_of_another_account_are_not_in_it() -> None:
    booked("buy 1 @ 100", NOON)
    other = type(account()).objects.create(account="other", quote_asset="USDT")
    ordered(NOON, account=other)
    LedgerEntry.objects.create(account=other, kind="DEPOSIT", amount=5, capital=-5, occurred_at=NOON)

    assert (len(names("orders")), len(names("ledger"))) == (1, 2)


def test_rows_that_come_meanwhile_double_and_lose_none_that_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    several(4)
    monkeypatch.setattr(reading, "PORTION", 2)
    before = names("fills")

    portions = writing.rows_of(read_wish("fills", {"to": "2026-03-02"}), PAPER)
    told = [row["fill_id"] for row in next(portions)]
    booked("buy 1 @ 100; sell 1 @ 99", NOON, NOON + MINUTE)
    told += [row["fill_id"] for portion in portions for row in portion]

    assert told == before


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    booked("buy 1 @ 100", NOON)
    out = tmp_path / "fills.csv"

    def breaks_off(*_: object) -> Iterator[list[Any]]:
        yield []
        raise OperationalError("the server closed the connection unexpectedly")

    def stopped(*_: object) -> Iterator[list[Any]]:
        raise KeyboardInterrupt

    for breaking, code, words in ((breaks_off, 1, "PostgreSQL does not answer"), (stopped, 130, "Stopped")):
        with monkeypatch.context() as patched:
            patched.setattr("risk.management.commands.export.rows_of", breaking)
            said = export("fills", "--out", out)
        assert said.code == code and words in said.refused
        assert list(tmp_path.iterdir()) == []

    assert f"{out}: 1 row" in export("fills", "--out", out).err
    assert len(out.read_text().splitlines()) == 2


def test_a_file_that_is_there_is_replaced_by_force_alone(tmp_path: Path) -> None:
    booked("buy 1 @ 100", NOON)
    out = tmp_path / "fills.csv"
    out.write_text("mine")

    refused = export("fills", "--out", out)
    assert refused.code == 1 and "--force" in refused.refused
    assert out.read_text() == "mine"
    assert export("fills", "--out", out, "--force").code == 0
    assert out.read_text().startswith("fill_id,")


def test_a_name_that_ends_in_gz_is_packed_and_progress_is_told_beside_the_rows(tmp_path: Path) -> None:
    several(3)
    out = tmp_path / "deeper" / "fills.csv.gz"

    said = export("fills", "--out", out)

    assert len(gzip.decompress(out.read_bytes()).splitlines()) == 7
    assert "100%" in said.err.replace(" %", "%") or "6 rows" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fills", "--from", "yesterday"), "--from: a day of the calendar, such as 2026-01-31"),
        (("fills", "--from", "2026-02-30"), "--from: a day of the calendar"),
        (("fills", "--to", "9999-12-31"), "--to: a day of the calendar"),
        (("fills", "--from", "20260101"), "--from: a day of the calendar"),
        (("fills", "--from", "2026-02-02", "--to", "2026-02-01"), "--from: must not be after"),
        (("fills", "--zone", "Mars/Base"), "--zone: a time zone, such as UTC or Europe/Berlin"),
        (("fills", "--symbol", "A'; DROP TABLE fill"), "--symbol: a symbol has letters and digits"),
        (("fills", "--state", "FILLED"), "--state: is no filter of this export; there are"),
        (("ledger", "--symbol", "AAAUSDT"), "--symbol: is no filter of this export"),
        (("orders", "--state", "DONE"), "--state: one of NEW, SUBMITTED"),
        (("tax", "--exit-reason", "WHIM"), "--exit-reason: one of SIGNAL"),
        (("wishes",), "invalid choice"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(arguments: tuple[str, ...], words: str) -> None:
    said = export(*arguments)

    assert words in said.refused and said.code == 1
    assert said.out == ""


def test_as_a_process_it_ends_with_1_and_says_why_on_stderr(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "manage.py", "export", "fills", "--zone", "Nowhere"],
        env=os.environ | {"ENV": "demo"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout) == (1, "")
    assert "--zone" in ran.stderr and "Traceback" not in ran.stderr


def test_the_tax_file_worked_by_hand() -> None:
    ids = booked(
        "buy 2 @ 100; buy 2 @ 110; sell 1 @ 120; sell 3 @ 90",
        datetime(2025, 12, 31, 22, 30, tzinfo=UTC),
        datetime(2026, 1, 1, 8, tzinfo=UTC),
        datetime(2026, 1, 2, 8, tzinfo=UTC),
        datetime(2026, 7, 1, 22, 30, tzinfo=UTC),
    )

    said = export("tax", "--from", "2026-01-01", "--to", "2026-12-31", "--zone", "Europe/Berlin")
    trip, total = said.rows

    # Bought for 200 + 220, with fees of 0.05 % 0.10 + 0.11; sold for 120 + 270, with fees of 0.06 + 0.135.
    assert (trip["cost"], trip["proceeds"], trip["gain"]) == ("420.21", "389.805", "-30.405")
    assert (trip["fees"], trip["fee_asset"], trip["currency"]) == ("0.405", "USDT", "USDT")
    # As the books: average entry 105, so (120 − 105) · 1 + (90 − 105) · 3 = −30, less the fees.
    assert trip["gain_in_books"] == "-30.405"
    assert (trip["quantity_bought"], trip["quantity_sold"]) == ("4", "4")
    # In Berlin 23:30 of 31 December, and in summer half past midnight of 2 July: 183 midnights between.
    assert trip["opened_at"] == "2025-12-31T22:30:00.000000Z"
    assert trip["opened_local"] == "2025-12-31 23:30:00+01:00"
    assert trip["closed_local"] == "2026-07-02 00:30:00+02:00"
    assert trip["holding_days"] == "183"
    assert trip["fill_ids"] == " ".join(map(str, ids))
    assert (total["row"], total["gain"], total["cost"], total["fees"]) == ("SUM", "-30.405", "420.21", "0.405")
    assert "not first-in-first-out" in said.out.partition("\nrow,")[0]
    assert {row["cost_method"] for row in (trip, total)} == {"AVERAGE_ENTRY"}


def test_the_tax_files_sum_is_what_trading_did_to_the_cash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_instrument()
    open_paper_account()
    desk = make_desk(folder=tmp_path)
    trade(desk, "buy 3 @ 100.07; buy 4 @ 100.33; sell 2 @ 100.5; sell 5 @ 99.99; buy 3 @ 7; sell 3 @ 7.1")
    monkeypatch.setattr(reading, "PORTION", 1)

    *trips, total = export("tax").rows

    cash = sum(LedgerEntry.objects.exclude(kind="DEPOSIT").values_list("amount", flat=True))
    assert len(trips) == 2
    assert Decimal(total["gain"]) == cash == sum(Decimal(trip["gain"]) for trip in trips)
    for row in (*trips, total):
        assert Decimal(row["cost"]) + Decimal(row["gain"]) == Decimal(row["proceeds"])
        assert abs(Decimal(row["gain"]) - Decimal(row["gain_in_books"])) < Decimal("1e-9")
    assert sum(len(trip["fill_ids"].split()) for trip in trips) == Fill.objects.count()


def test_a_position_that_is_still_held_is_not_in_the_tax_file() -> None:
    booked("buy 2 @ 100; sell 1 @ 110", NOON, NOON + MINUTE)

    [total] = export("tax").rows
    assert (total["row"], total["gain"]) == ("SUM", "0")


def test_a_trip_that_the_ledger_does_not_know_has_no_cost_and_the_sum_is_not_known_either() -> None:
    booked("buy 2 @ 100; sell 2 @ 110", NOON, NOON + MINUTE)
    unknown = booked("buy 2 @ 100; sell 2 @ 110", NOON, NOON + 2 * MINUTE, symbol="BBBUSDT")
    violate(f"DELETE FROM ledger_entry WHERE fill_id = {unknown[0]}")

    known, trip, total = export("tax").rows

    assert known["gain"] == "19.79"
    assert (trip["cost"], trip["proceeds"], trip["gain"]) == ("", "", "")
    assert (total["cost"], total["gain"], total["fees"]) == ("", "", "0.42")
