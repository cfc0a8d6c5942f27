"""Trades: round trips, orders and fills, each with its sums, filters and file. What is asked for is in the address."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cdb_site import db
from cdb_site.clock import SYSTEM
from dashboard.pages.shell import page
from dashboard.spreadsheets import download, sheet_of
from dashboard.trades import sums
from dashboard.trades.files import file_of
from dashboard.trades.filters import TradeFilter, read_filter
from dashboard.trades.frame import frame
from dashboard.trades.listing import any_row, page_of
from dashboard.trades.lists import LISTINGS
from dashboard.trades.orders import fills_told, orders_told
from dashboard.trades.trips import trips_told
from execution.queries import PAPER
from risk import round_trips

TOLD = {"trips": trips_told, "orders": orders_told, "fills": fills_told}


@require_safe
def trades(request: HttpRequest) -> HttpResponse:
    asked, zone = _asked(request), timezone.get_current_timezone()
    round_trips.catch_up(PAPER, portions=1)
    # Rows, sums and the account's own figures are those of one moment.
    with db.snapshot():
        symbols, limits = sums.choices(PAPER)
        listed = page_of(LISTINGS[asked.tab], asked, PAPER, zone)
        told = TOLD[asked.tab](asked, zone, listed, limits)
        ever = bool(listed.rows) or any_row(LISTINGS[asked.tab], PAPER)
    count = told["total"][asked.tab]
    around = frame(asked, listed, count=count, symbols=symbols, limits=limits, today=_today())
    return page(request, "trades", told | around | {"ever": ever})


@require_safe
def trades_file(request: HttpRequest) -> StreamingHttpResponse:
    """What the list shows, all of it, as a file for a spreadsheet of the reader's language."""
    asked = _asked(request)
    round_trips.catch_up(PAPER, portions=1)
    return download(file_of(asked, PAPER, sheet_of(request)), asked.tab)


def _asked(request: HttpRequest) -> TradeFilter:
    return read_filter(request.GET.dict(), _today())


def _today() -> date:
    return timezone.localdate(SYSTEM.market_now())
