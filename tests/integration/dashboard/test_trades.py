"""The Trades page on planted trades: its sums, its pages, its file, and what it costs with 100,000 orders behind it."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection, connections
from django.db.models import F, Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdb_site import db
from cdb_site.clock import SYSTEM
from dashboard import snapshot
from dashboard.spreadsheets import BYTE_ORDER_MARK, Sheet
from dashboard.trades.files import file_of
from dashboard.trades.filters import TradeFilter, read_filter
from dashboard.trades.listing import page_of
from dashboard.trades.lists import LISTINGS
from execution.models import Account, Order
from risk import round_trips
from risk.models import RoundTrip, RoundTripMark
from tests.builders import PAPER
from tests.integration.dashboard.plans import plant, whole_reads
from tests.ui import planting, planting_trades

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
ALL = TradeFilter(all_days=True)


@pytest.fixture
def traded() -> None:
    planting.plant()
    planting_trades.plant()
    round_trips.catch_up(PAPER)


@pytest.fixture
def reader(settings: Any) -> Client:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    client = Client()
    client.force_login(User.objects.create_user("reader"))
    return client


def told(client: Client, query: str = "") -> dict[str, Any]:
    answer = client.get(f"{reverse('trades')}?{query}")
    assert answer.status_code == 200
    return answer.context


@pytest.mark.usefixtures("traded")
def test_the_tiles_are_the_sums_of_all_trips_and_not_of_the_page(reader: Client) -> None:
    context = told(reader, "first=")
    stored = RoundTrip.objects.aggregate(net=Sum("net"), fees=Sum("fees"), gross=Sum("gross"), slippage=Sum("slippage"))

    total = context["total"]
    assert (total["trips"], len(context["rows"])) == (planting_trades.TRIPS, 25)
    assert {name: total[name] for name in stored} == stored
    assert total["won"] + total["lost"] == planting_trades.TRIPS
    assert sum(row["net"] for row in context["exits"]) == total["net"]
    assert sum(bar.trips for bar in context["distribution"]["drawn"].bars) == planting_trades.TRIPS
    assert Decimal(context["curve"][-1][1]) == total["net"]


@pytest.mark.usefixtures("traded")
def test_the_last_line_is_the_books_to_the_last_digit(reader: Client) -> None:
    books = told(reader)["books"]

    account = Account.objects.get()
    assert books["difference"] == 0
    assert books["together"] == account.realized_pnl - account.fees
    shown = books["shown"]
    assert shown["closed"] + shown["open"] == shown["kept"] == shown["realized"] - shown["fees"]


@pytest.mark.usefixtures("traded")
def test_books_that_differ_say_so(reader: Client) -> None:
    Account.objects.update(realized_pnl=Decimal(1))

    page = reader.get(reverse("trades")).content.decode()

    assert 'data-books="differ"' in page


@pytest.mark.usefixtures("traded")
def test_a_trip_that_was_closed_a_moment_ago_is_on_the_page(reader: Client) -> None:
    trader = planting_trades.Trader(account=Account.objects.get())
    now = SYSTEM.market_now()
    trader.fill("NEWUSDT", "BUY", "1", "100", now - timedelta(minutes=1))
    trader.fill("NEWUSDT", "SELL", "1", "101", now)
    trader.close_books()

    assert told(reader)["rows"][0]["symbol"] == "NEWUSDT"


def everything(query: str, client: Client) -> list[list[Any]]:
    """The keys of all pages, going older page by page."""
    pages, context = [], told(client, query)
    pages.append([next(iter(row.values())) for row in context["rows"]])
    while context["older"]:
        context = told(client, context["older"])
        pages.append([next(iter(row.values())) for row in context["rows"]])
    return pages


@pytest.mark.usefixtures("traded")
@pytest.mark.parametrize(("tab", "count"), [("trips", 60), ("orders", 126), ("fills", 123)])
def test_every_row_is_on_one_page_and_the_way_back_is_the_same(reader: Client, tab: str, count: int) -> None:
    pages = everything(f"tab={tab}&first=", reader)

    keys = [key for page in pages for key in page]
    assert len(keys) == len(set(keys)) == count
    last = told(reader, f"tab={tab}&first=")
    while last["older"]:
        last = told(reader, last["older"])
    back = [[next(iter(row.values())) for row in last["rows"]]]
    while last["newer"]:
        last = told(reader, last["newer"])
        back.append([next(iter(row.values())) for row in last["rows"]])
    assert back[::-1] == pages
    assert not last["newer"]


@pytest.mark.usefixtures("traded")
@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("symbol=CCCUSDT", lambda row: row["symbol"] == "CCCUSDT"),
        ("exit=STOP", lambda row: row["exit_reason"] == "STOP"),
        ("outcome=WON", lambda row: row["net"] > 0),
        ("outcome=LOST&symbol=DDDUSDT", lambda row: row["net"] < 0 and row["symbol"] == "DDDUSDT"),
        ("tab=orders&side=SELL", lambda row: row["side"] == "SELL"),
        ("tab=orders&state=OPEN", lambda row: row["state"] == "NEW"),
        ("tab=fills&side=BUY&symbol=eeeusdt", lambda row: row["side"] == "BUY" and row["symbol"] == "EEEUSDT"),
    ],
)
def test_a_filter_narrows_rows_and_sums_alike(reader: Client, query: str, holds: Any) -> None:
    tab = read_filter(dict(pair.split("=") for pair in query.split("&")), SYSTEM.market_now().date()).tab
    context = told(reader, f"{query}&first=")

    rows, left = list(context["rows"]), context
    while left["older"]:
        left = told(reader, left["older"])
        rows += left["rows"]
    assert rows
    assert all(holds(row) for row in rows)
    assert context["total"][tab] == len(rows)


@pytest.mark.usefixtures("traded")
def test_a_day_is_the_readers_and_the_last_one_is_in(reader: Client, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    trip = RoundTrip.objects.all()[10]
    day = (trip.closed_at.astimezone(UTC) + timedelta(hours=9)).date()

    rows = told(reader, f"first={day}&last={day}")["rows"]

    assert trip.pk in {row["last_fill_id"] for row in rows}
    assert {(row["closed_at"] + timedelta(hours=9)).date() for row in rows} == {day}


@pytest.mark.usefixtures("traded")
def test_a_filter_that_leaves_nothing_is_named_with_one_way_out(reader: Client) -> None:
    page = reader.get(f"{reverse('trades')}?symbol=NONE&exit=STOP").content.decode()

    assert 'data-empty="filtered"' in page
    assert "Asked for: NONE, Stop loss" in page


def test_a_new_account_is_told_what_comes_next(reader: Client) -> None:
    planting.plant()
    for tab, begin in (("trips", "never"), ("orders", None)):
        page = reader.get(f"{reverse('trades')}?tab={tab}").content.decode()
        assert ('data-empty="never"' in page) == (begin == "never")


def test_without_an_account_the_page_stands(reader: Client) -> None:
    for tab in LISTINGS:
        assert reader.get(f"{reverse('trades')}?tab={tab}").status_code == 200


@pytest.mark.usefixtures("traded")
@pytest.mark.parametrize(
    "query",
    [
        "tab=x&symbol=%00&exit=WHIM&limits=99999999999999999999&first=yesterday&last=0000-00-00",
        "before=x&after=y",
        "before=2026-01-01T00:00:00~1",
        "before=2026-01-01T00:00:00Z~99999999999999999999999",
        "tab=orders&before=2026-01-01T00:00:00Z~x",
        "tab=fills&after=-1",
        f"symbol={'A' * 10000}",
        "first=9999-12-31&last=0001-01-01",
        "symbol=%27%3B%20DROP%20TABLE%20fill%3B--",
    ],
)
def test_an_address_that_means_nothing_is_no_error(reader: Client, query: str) -> None:
    told(reader, query)


@pytest.mark.usefixtures("traded")
def test_hostile_words_are_shown_and_not_obeyed(reader: Client) -> None:
    page = reader.get(f"{reverse('trades')}?tab=orders&symbol=<script>alert(1)</script>").content.decode()
    orders = reader.get(f"{reverse('trades')}?tab=orders").content.decode()

    assert "<SCRIPT>" not in page.upper().replace("<SCRIPT SRC", "").replace("<SCRIPT TYPE", "").replace(
        "<SCRIPT ID", ""
    )
    assert planting_trades.HOSTILE not in orders
    assert "&lt;b&gt;&quot;EXIT&quot;" in orders


def read(asked: TradeFilter, language: str = "en") -> tuple[str, list[list[str]]]:
    """(the file's text, its cells) of the whole stream."""
    sheet = Sheet(zone=UTC, language=language, comma=language == "de")

    async def text() -> str:
        parts = [part async for part in file_of(asked, PAPER, sheet)]
        await sync_to_async(connections.close_all)()
        return "".join(parts)

    whole = asyncio.run(text())
    delimiter = ";" if language == "de" else ","
    return whole, list(csv.reader(io.StringIO(whole.removeprefix(BYTE_ORDER_MARK)), delimiter=delimiter))


@pytest.mark.usefixtures("traded")
def test_the_file_has_every_row_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.spreadsheets.PORTION", 7)

    whole, cells = read(ALL)

    assert whole.startswith(BYTE_ORDER_MARK)
    assert len(cells) == 1 + planting_trades.TRIPS
    net = cells[0].index("Net result")
    assert sum(Decimal(row[net]) for row in cells[1:]) == RoundTrip.objects.aggregate(net=Sum("net"))["net"]
    assert cells[0][0] == "Closed (UTC)"


@pytest.mark.usefixtures("traded")
def test_a_german_file_has_semicolons_and_decimal_commas() -> None:
    _, cells = read(TradeFilter(tab="fills", all_days=True, symbol="FFFUSDT"), "de")

    prices = {row[4] for row in cells[1:]}
    assert len(cells[0]) == len(cells[1]) == 12
    assert prices == {"100", "103"}
    assert {row[6] for row in cells[1:]} == {"0,15", "0,0515"}


@pytest.mark.usefixtures("traded")
def test_a_text_that_begins_like_a_formula_is_no_formula() -> None:
    Order.objects.filter(state="REJECTED").update(reason_code="=1+1")

    _, cells = read(TradeFilter(tab="orders", all_days=True, state="REJECTED"))

    assert "'=1+1" in cells[1]


@pytest.mark.usefixtures("traded")
def test_the_file_comes_as_a_download_of_what_is_listed(reader: Client) -> None:
    link = told(reader, "tab=orders&symbol=FFFUSDT&first=")["file_query"]

    assert (
        read_filter(dict(pair.split("=") for pair in link.split("&")), SYSTEM.market_now().date()).symbol == "FFFUSDT"
    )
    assert "tab=orders" in link and "first=" in link


ORDERS_PLANTED = 100_000
AT = f"now() - n * (interval '90 days' / {ORDERS_PLANTED})"
ID = "(lpad(to_hex(n), 8, '0') || '-0002-4000-8000-000000000000')::uuid"
SIDE = "CASE WHEN n % 2 = 0 THEN 'BUY' ELSE 'SELL' END"
NUMBERS = f"generate_series({ORDERS_PLANTED}, 1, -1) n"
GROWN = (
    "SET session_replication_role = replica",
    f"""INSERT INTO "order" (order_id, client_order_id, decision_id, account_id, symbol, kind, side, order_type,
          reduce_only, quantity, limit_price, decision_price, reserved_notional, filled_quantity, filled_notional, fee,
          realized_pnl, state, reason_code, venue, venue_order_id, version, occurred_at, claimed_at, closed_at,
          created_at)
        SELECT {ID}, replace({ID}::text, '-', ''), {ID}, 'paper', 'S' || (n / 2) % 30 || 'USDT', 'SIGNAL', {SIDE},
          'LIMIT_IOC', false, 1, 101, 100, 0, 1, 100, 0.05, 0, 'FILLED', '', 'PAPER', '', 3, {AT}, {AT}, {AT}, {AT}
        FROM {NUMBERS}""",
    f"""INSERT INTO fill (order_id, trade_id, account_id, symbol, side, price, quantity, fee, fee_asset, realized_pnl,
          executed_at, recorded_at, model)
        SELECT {ID}, 'trade ' || n, 'paper', 'S' || (n / 2) % 30 || 'USDT', {SIDE}, 100, 1, 0.05, 'USDT', 0, {AT}, {AT},
          '{{}}' FROM {NUMBERS}""",
    """INSERT INTO round_trip (last_fill_id, first_fill_id, account, symbol, opened_at, closed_at, quantity,
          entry_notional, exit_notional, avg_entry_price, avg_exit_price, gross, fees, net, entry_decision_id,
          exit_decision_id, exit_reason)
        SELECT fill_id, fill_id - 1, 'paper', symbol, executed_at, executed_at, 1, 100, 100, 100, 100, 0, 0.1, -0.1,
          order_id, order_id, 'SIGNAL' FROM fill WHERE fill_id % 2 = 0 AND fill_id > (SELECT min(fill_id) FROM fill)""",
    """INSERT INTO round_trip_mark (account, fill_id, trips, gross, fees)
        SELECT 'paper', (SELECT max(fill_id) FROM fill), count(*), 0, sum(fees) FROM round_trip""",
    """INSERT INTO position (account_id, symbol, quantity, avg_entry_price, realized_pnl, version)
        SELECT DISTINCT 'paper', symbol, 0, 0, 0, 1 FROM fill""",
    "SET session_replication_role = DEFAULT",
    'ANALYZE "order"',
    "ANALYZE fill",
    "ANALYZE round_trip",
)
SCAN = re.compile(r'Seq Scan on ("order"|fill|round_trip)\b(?!_)')


@pytest.fixture
def grown(reader: Client) -> Client:
    planting.plant()
    plant(("DELETE FROM position", *GROWN))
    return reader


class Counted:
    """Counts what is asked of the database, whichever way it goes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plans: list[str] = []
        self.statements: list[str] = []
        run = db._run

        def counting(statement: str, parameters: Any) -> Any:
            self.statements.append(statement)
            if statement.lstrip().startswith("SELECT") and "set_config" not in statement:
                self.plans.append("\n".join(row[0] for row in run(f"EXPLAIN {statement}", parameters).fetchall()))
            return run(statement, parameters)

        monkeypatch.setattr(db, "_run", counting)


def looks(client: Client, monkeypatch: pytest.MonkeyPatch, query: str) -> tuple[int, list[str]]:
    """(statements, plans of the readings) of one look at the page."""
    with monkeypatch.context() as patched, CaptureQueriesContext(connection) as captured:
        counted = Counted(patched)
        told(client, query)
    django = [
        item["sql"] for item in captured.captured_queries if not item["sql"].startswith(("BEGIN", "COMMIT", "SET"))
    ]
    ours = [text for text in counted.statements if not text.startswith("SET")]
    return len(django) + len(ours), counted.plans


def test_with_100_000_orders_a_page_asks_little_and_reads_by_indexes(
    grown: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    RoundTripMark.objects.update(fill_id=F("fill_id") - 100)
    caught_up = looks(grown, monkeypatch, "tab=orders")[1]
    for tab in LISTINGS:
        asked, plans = looks(grown, monkeypatch, f"tab={tab}")
        assert asked <= 12, tab
        for query in (f"tab={tab}&symbol=S3USDT", f"tab={tab}&first=2020-01-01&last=2020-01-02"):
            plans += looks(grown, monkeypatch, query)[1]

        scans = [plan for plan in [*caught_up, *plans] if SCAN.search(plan)]
        assert not scans, scans[0]

    with CaptureQueriesContext(connection) as queries:
        begun = snapshot.read({"orders", "equity"})
    assert len(begun["orders"]) == snapshot.ORDERS and all(row["fills"] for row in begun["orders"])
    assert whole_reads([row["sql"] for row in queries], "order", "fill") == []


@pytest.mark.usefixtures("grown")
def test_the_last_page_is_found_by_its_key() -> None:
    for tab, listing in LISTINGS.items():
        asked = TradeFilter(tab=tab, all_days=True)
        condition, values = listing.where(asked, PAPER, UTC)
        [row] = db.select(listing.statement(condition, "ASC", 30).replace("LIMIT 30", "LIMIT 1 OFFSET 29"), values)
        key = {f"key_{number}": value for number, value in enumerate(row[len(listing.columns) :])}

        statement = listing.statement(f"{condition} AND {listing.beyond('<')}", "DESC", 26)
        plan = "\n".join(line for (line,) in db.select(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", values | key))

        assert len(page_of(listing, asked, PAPER, UTC).rows) == 25
        assert max(map(int, re.findall(r"actual rows=(\d+)", plan))) <= 30, plan


def test_what_the_lists_are_found_by_is_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename IN ('order', 'fill', 'round_trip')")
        names = {name for (name,) in cursor.fetchall()}

    assert {"round_trip_closed", "round_trip_by_symbol", "order_created", "fill_by_symbol", "fill_pkey"} <= names
