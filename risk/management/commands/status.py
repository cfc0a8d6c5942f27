"""`manage.py status`: how the account stands, and how far it is from every limit."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, close_old_connections

from cdb_site.bus.clock_follower import follow_shared_anchor
from cdb_site.clock import SYSTEM
from cdb_site.units import in_unit
from execution.queries import PAPER
from risk.exits.report import LEAVING
from risk.operator import holders
from risk.operator.status_report import fresh_source, report

EVERY_S = 2.0
CLEAR = "\x1b[H\x1b[2J"


class Command(BaseCommand):
    help = "Print trading state, equity, distance to each limit, positions, breakers, data age and services."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--watch", action="store_true", help=f"again every {EVERY_S:g} s until Ctrl-C")
        parser.add_argument("--json", action="store_true", help="one JSON object, with --watch one a line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._say(options)
            while options["watch"]:
                time.sleep(EVERY_S)
                self._say(options)
        except KeyboardInterrupt:
            return

    def _say(self, options: dict[str, Any]) -> None:
        follow_shared_anchor()
        try:
            page = report(fresh_source(PAPER, SYSTEM))
        except LookupError as problem:
            raise CommandError(str(problem)) from problem
        except OperationalError as problem:
            close_old_connections()
            raise CommandError(f"PostgreSQL does not answer: {problem}. Is it running? See `make ps`.") from problem
        if options["json"]:
            self.stdout.write(json.dumps(page, ensure_ascii=False))
            return
        text = "\n".join(lines(page))
        self.stdout.write((CLEAR if options["watch"] else "") + text)


def mode_lines(told: dict[str, Any]) -> Iterator[str]:
    """Where orders go, and why not where they were asked to."""
    warning = "  *** ORDERS ARE REAL ***" if told["mode"] == "LIVE" else ""
    yield f"MODE       {told['mode']}  entries go to {told['venue']}{warning}"
    if told["mode_missing"]:
        yield f"           {told['mode_asked']} was asked for; missing: {', '.join(told['mode_missing'])}"


def lines(page: dict[str, Any]) -> Iterator[str]:
    """The report as people read it."""
    trading = page["trading"]
    yield f"TRADING    {trading['state']}  since {trading['since']} by {trading['by']}: {trading['reason']}"
    for words in holders.lines(trading):
        yield f"           {words}"
    yield from mode_lines(page["mode"])
    yield f"EQUITY     {page['equity']} {page['quote_asset']}  day P&L {page['day_pnl']}  cash {page['cash']}"
    for limit in page["limits"]:
        seen, allowed = in_unit(limit["observed"], "FRACTION"), in_unit(limit["limit"], "FRACTION")
        yield f"LIMIT      {limit['name']:<18} {seen:>9} of {allowed:<9} {in_unit(limit['left'], 'FRACTION')} left"
    yield from _breakers(page)
    yield from _positions(page)
    for order in page["open_orders"]:
        yield f"ORDER      {order['side']} {order['symbol']} {order['state']} {order['order_id']}"
    for row in page["quarantine"]:
        yield f"QUARANTINE #{row['id']} {row['side']} {row['symbol']} since {row['since']}: {row['error']}"
    yield from _surroundings(page)


def _breakers(page: dict[str, Any]) -> Iterator[str]:
    if not page["breakers"]:
        yield "BREAKERS   none open"
    for row in page["breakers"]:
        where = row["symbol"] or "whole account"
        end = "waits for release_breaker" if row["waits_for_operator"] else "releases itself"
        seen, allowed = in_unit(row["observed"], row["unit"]), in_unit(row["limit"], row["unit"])
        yield f"BREAKER    #{row['id']} {row['kind']} {where}: {seen} of {allowed}, {end}"
        yield f"           {row['next']}"
    if page["close_out"] and page["close_out"]["state"] != "FLAT":
        close_out = page["close_out"]
        yield f"CLOSE-OUT  {close_out['state']} since {close_out['since']} ({close_out['cause']})"
    for row in page["exits"]:
        if row["state"] == LEAVING:
            yield (
                f"EXIT       {row['symbol']} is to be flat since {row['since']} ({row['kind']}),"
                f" {row['attempts']} attempts, next after {row['next_at']}"
            )
        else:
            yield f"NOT SOLD   {row['symbol']} after {row['attempts']} attempts ({row['kind']}), given up"
            yield "           manage.py close_position tries again, manage.py write_off takes it out of the books"


def _positions(page: dict[str, Any]) -> Iterator[str]:
    if not page["positions"]:
        yield "POSITIONS  nothing is held"
    for row in page["positions"]:
        age = "no quote" if row["mark_age_s"] is None else f"{row['mark_age_s']} s old"
        head = "DUST      " if row["dust"] else "POSITION  "
        yield (
            f"{head} {row['symbol']:<12} {row['quantity']} @ {row['entry']}  mark {row['mark']} ({age})"
            f"  stop {row['stop']} ({in_unit(row['stop_distance'], 'FRACTION')})  P&L {row['unrealized_pnl']}"
        )
    if left := page["left_as_dust"]:
        yield f"LEFT       {', '.join(f'{units} {asset}' for asset, units in left.items())} as dust at the venue"


def _surroundings(page: dict[str, Any]) -> Iterator[str]:
    data = page["data"]
    if "redis" in data:
        yield "DATA       unknown: Redis does not answer"
    elif not data["symbols"]:
        yield "DATA       no quotes yet"
    else:
        ages = f"newest {data['newest_s']} s, oldest {data['oldest_s']} s ({data['oldest']})"
        yield f"DATA       {data['symbols']} symbols, {ages}"
    for row in page["services"]:
        heard = "not heard" if row["age_s"] is None else f"heard {row['age_s']} s ago, lag {row['lag']}"
        yield f"SERVICE    {row['service']:<12} {row['status']}  {heard}"
    audit = page["audit"]
    if audit:
        seen = f", {audit['acknowledged']} acknowledged" if audit["acknowledged"] else ""
        yield f"AUDIT      {audit['violations']} violations{seen} at {audit['at']} {audit['first']}"
    else:
        yield "AUDIT      none yet"
    for row in page["alerts"]:
        seen = f" (seen by {row['acknowledged_by']})" if row["acknowledged_by"] else ""
        yield f"ALERT      {row['level']} {row['code']}: {row['text']}{seen}"
        yield f"           {row['next']}"
