"""What adds up on the pages adds up to the cent: the figures that people read are summed, not those behind them.

Two accounts: one that traded at odd cents by the real way, from signals to fills, and one that has done nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import User
from django.test import Client

from cdb_site.bus.latest import QUOTES_KEY
from cdb_site.clock import SYSTEM
from dashboard.live.day import DaySoFar
from execution.models import Fill
from risk import account_reading
from risk.loss_baselines import read as read_levels
from risk.mark_to_market import EquityCurve, portfolio_payload
from risk.models import RoundTrip
from risk.operator.status_report import fresh_source
from signals_app.models import Signal
from tests.builders import PAPER, make_board, make_desk, open_paper_account
from tests.ui import chains

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey"),
    pytest.mark.filterwarnings("ignore:No directory at"),
]
CENT = Decimal("0.01")


@pytest.fixture
def pages(settings: Any) -> Client:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    client = Client()
    client.force_login(User.objects.create_user("reader"))
    return client


@pytest.fixture(params=["odd cents", "nothing"])
def traded(request: pytest.FixtureRequest, valkey: Any, tmp_path: Path) -> Iterator[bool]:
    """Whether the account has traded. Its quotes are those that the pages find."""
    open_paper_account(cash="10000.37")
    traded: bool = request.param == "odd cents"
    if traded:
        chains.plant_candles(datetime.now(UTC).replace(second=0, microsecond=0))
        board = make_board(chains.quoted("CCCUSDT", "3.6175", "3.6190"))
        chains.plant_trades(make_desk(folder=tmp_path, board=board))
        for symbol, bid, ask in (("CCCUSDT", "3.6631", "3.6647"), ("DDDUSDT", "3.6175", "3.6190")):
            valkey.hset(QUOTES_KEY, symbol, orjson.dumps(chains.quoted(symbol, bid, ask)))
    yield traded


def mark() -> dict[str, Any]:
    """The `portfolio` message of now, which bar and panels show, and the point of the curve that it leaves."""
    now = SYSTEM.market_now()
    source = fresh_source(PAPER, SYSTEM)
    source.marks.board.symbols()
    payload = portfolio_payload(
        account_reading.reading(PAPER, source.marks, now), levels=read_levels(PAPER, now), now=now
    )
    EquityCurve(PAPER).store(payload)
    return payload


def decimals(payload: dict[str, Any], *names: str) -> list[Decimal]:
    return [Decimal(payload[name]) for name in names]


def shown(text: str) -> Decimal:
    """A figure as people read it: "−1,234.50" is −1234.50."""
    return Decimal(re.sub(r"[,+\s]", "", text).replace("−", "-"))


def figures(page: str, pattern: str) -> list[Decimal]:
    return [shown(found) for found in re.findall(pattern, page)]


def told(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_positions_and_open_buys_sum_to_the_exposure(traded: bool, pages: Client) -> None:
    payload = mark()
    equity, exposure, reserved, held = decimals(payload, "equity", "exposure", "reserved", "positions_value")
    page = told(pages, "/risk/")
    rows = re.findall(r'<tr data-position="\w+">(.*?)</tr>', page, re.DOTALL)
    cells = [figures(row, r'<td class="num(?: opt1)?">([^<]+)</td>') for row in rows]

    values = [Decimal(row["notional"]) for row in payload["positions"]]
    assert (sum(values), len(values)) == (held, len(cells))
    assert abs(exposure * equity - held - reserved) < CENT
    # On the page: quantity × mark of each row, against the gauge of the exposure and the equity in its foot.
    worth = sum((quantity * price for quantity, _entry, price, _stop in cells), Decimal(0))
    [observed] = re.findall(r'Total exposure</td><td class="num b" data-observed="([^"]+)">', page)
    [on_the_page] = figures(page, r"· now ([\d,.]+)</span>")
    assert abs(worth + reserved - Decimal(observed) * on_the_page) < 10 * CENT
    assert bool(traded) == (reserved > 0) == (held > 0)


def test_cash_and_what_is_held_sum_to_the_equity(traded: bool, pages: Client) -> None:
    equity, cash, held = decimals(mark(), "equity", "cash", "positions_value")

    assert cash + held == equity
    assert (cash == Decimal("10000.37")) != traded
    assert figures(told(pages, "/risk/"), r"· now ([\d,.]+)</span>") == [round(equity, 2)]


def test_realised_and_open_less_fees_is_the_result_of_the_day(traded: bool, pages: Client) -> None:
    payload, today = mark(), DaySoFar().read()
    result, realised, fees = decimals(payload, "day_pnl", "realized_pnl", "fees")
    realised -= Decimal(today["realized_before"])
    fees -= Decimal(today["fees_before"])

    # What the positions say is open, and not what is left over.
    still = sum((Decimal(row["unrealized_pnl"]) for row in payload["positions"]), Decimal(0))
    assert abs(realised + still - fees - result) < Decimal("0.00000001")
    assert bool(fees) == bool(realised) == bool(result) == traded
    page = told(pages, "/reports/today/")
    tiles = r'{}</div><div class="v">(?:<span[^>]*>)?([^<]+)<'
    [on_the_page] = figures(page, tiles.format("Result"))
    parts = [figures(page, tiles.format(name))[0] for name in ("Realised", "Open")]
    [paid] = figures(page, r"fees ([\d,.]+)</div>")
    assert sum(parts) - paid == on_the_page == round(result, 2)


def test_decisions_by_their_outcome_sum_to_the_signals(traded: bool, pages: Client) -> None:
    page = told(pages, "/decisions/?nothing=show")

    counts = {name: int(count) for name, count in re.findall(r'data-count="(\w+)">(\d+)<', page)}
    outcomes = ("approved", "trimmed", "denied", "expired", "undecided")
    assert sum(counts[name] for name in outcomes) == counts["signals"] == Signal.objects.count() == 11 * traded
    assert 'data-equation="holds"' in page
    # The list below the equation is what the equation counts.
    assert len(re.findall(r"<tr data-row=", page)) == counts["signals"] - counts["undecided"]


def test_round_trips_sum_to_the_books(traded: bool, pages: Client) -> None:
    page = told(pages, "/trades/?first=")

    net, paid = (figures(page, rf'data-number="{name}">(?:<span[^>]*>)?([^<]+)<')[0] for name in ("net", "fees"))
    rows = figures(page, r'data-k="Net result">([^<]+)<')
    [(trips, closed, still, together)] = re.findall(
        r"Since ever: (\S+) round trips? (\S+), open positions so far (\S+), together ([^<\s]+)", page
    )
    [books] = re.findall(r"the books: realised (\S+) − fees (\S+) = ([^<\s]+)", page)
    realised, fees, kept = map(shown, books)
    assert sum(rows) == net == shown(closed)
    assert len(rows) == int(trips) == RoundTrip.objects.count() == int(traded)
    assert shown(closed) + shown(still) == shown(together) == kept == realised - fees
    assert 'data-books="agree"' in page
    # And the books to the fills: what each realised and paid.
    booked = Fill.objects.values_list("realized_pnl", "fee")
    assert realised == round(sum((row[0] for row in booked), Decimal(0)), 2)
    assert fees == round(sum((row[1] for row in booked), Decimal(0)), 2) >= paid
