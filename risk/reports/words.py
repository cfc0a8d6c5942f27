"""The report of a day as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdb_site.units import in_unit

NONE = "–"
EXITS = {
    "SIGNAL": "momentum below exit",
    "STOP": "stop loss",
    "HALT": "halt",
    "OPERATOR": "closed by a person",
    "WRITE_OFF": "written off",
}


def lines(body: dict[str, Any], quote_asset: str) -> Iterator[str]:
    """The whole report, a few words a line; what is not known is –."""
    state = "final" if body["final"] else f"so far, until {body['until'][:19]}Z"
    yield f"DAY        {body['day']} UTC, market time, account {body['account']}, {state}"
    yield from _results(body, quote_asset)
    yield from _orders(body)
    yield from _costs(body, quote_asset)
    yield from _trips(body["trips"], quote_asset)


def _results(body: dict[str, Any], quote_asset: str) -> Iterator[str]:
    pnl, fall, invested = body["pnl"], body["drawdown"], body["invested"]
    paid = f", paid in {money(pnl['paid_in'])}" if pnl["paid_in"] != "0" else ""
    yield f"EQUITY     {money(pnl['opening_equity'])} → {money(pnl['closing_equity'])} {quote_asset}{paid}"
    parts = f"realised {signed(pnl['realized'])}, open {signed(pnl['open'])}, fees {signed('-' + pnl['fees'])}"
    yield f"RESULT     {signed(pnl['result'])} ({fraction(pnl['result_fraction'])}): {parts}"
    length = f", from {fall['peak_at'][11:16]} to {fall['lowest_at'][11:16]}" if fall["peak_at"] else ""
    yield f"DRAWDOWN   {fraction(fall['fraction'])} at the deepest{length}"
    yield f"INVESTED   {fraction(invested['mean'])} of equity on average, {fraction(invested['most'])} at most"


def _orders(body: dict[str, Any]) -> Iterator[str]:
    orders, decisions = body["orders"], body["decisions"]
    yield f"ORDERS     {orders['total']}{_counted(orders['by_state'])}, {orders['fills']} fills"
    yield f"DECISIONS  {decisions['total']}{_counted(decisions['by_outcome'])}"
    for row in decisions["reasons"]:
        yield f"DENIED     {row['count']:>6} {row['code']:<24} {row['sentence']}"


def _costs(body: dict[str, Any], quote_asset: str) -> Iterator[str]:
    costs, spread = body["costs"], body["slippage"]
    share = fraction(costs["fees_of_turnover"])
    yield f"FEES       {money(costs['fees'])} {quote_asset} on {money(costs['turnover'])} traded ({share})"
    if spread is None:
        yield "SLIPPAGE   – (nothing was filled)"
        return
    told = ", ".join(f"{words} {spread[name]} bps" for words, name in SPREAD)
    yield f"SLIPPAGE   {signed(costs['slippage'])} {quote_asset} paid over {spread['orders']} orders: {told}"
    for label, row in zip(step_labels(spread), spread["counts"], strict=True):
        if row["orders"]:
            yield f"           {label:>12} bps {row['orders']:>7}"


SPREAD = (("mean", "mean_bps"), ("median", "median_bps"), ("95 % within", "p95_bps"), ("worst", "worst_bps"))


def step_labels(spread: dict[str, Any]) -> list[str]:
    """The steps of the distribution in words: "≤ 0", "0–5", …, "> 100"."""
    edges = [row["up_to_bps"] for row in spread["counts"][:-1]]
    between = [f"{low}–{high}" for low, high in zip(edges, edges[1:], strict=False)]
    return [f"≤ {edges[0]}", *between, f"> {edges[-1]}"]


def _trips(trips: dict[str, Any], quote_asset: str) -> Iterator[str]:
    total = trips["total"]
    if not total["trips"]:
        yield "TRIPS      none was closed"
        return
    factor = in_unit(total["profit_factor"], "PRICE") if total["profit_factor"] else NONE
    yield (
        f"TRIPS      {total['trips']} closed, {total['won']} won ({fraction(total['win_rate'])}), "
        f"net {signed(total['net'])} {quote_asset}, profit factor {factor}, "
        f"expectancy {signed(total['expectancy'])} a trip"
    )
    for row in trips["by_exit"]:
        yield f"EXIT       {EXITS.get(row['exit'], row['exit']):<20} {_row(row)}"
    for row in trips["by_symbol"]:
        yield f"SYMBOL     {row['symbol']:<20} {_row(row)}"


def _row(row: dict[str, Any]) -> str:
    return f"{row['trips']:>6} trips {fraction(row['win_rate']):>9} won  net {signed(row['net'])}"


def _counted(counts: dict[str, int]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
    return f": {told}" if told else ""


def money(value: str | None) -> str:
    return NONE if value is None else in_unit(value, "MONEY")


def signed(value: str | None) -> str:
    """Money with its sign."""
    if value is None:
        return NONE
    shown = money(value)
    return shown if shown.startswith("-") or not any(digit in "123456789" for digit in shown) else f"+{shown}"


def fraction(value: str | None) -> str:
    return NONE if value is None else in_unit(value, "FRACTION")
