"""The tab of round trips: rows with their bars, tiles, both charts, the table by exit, and the line of the books."""

from __future__ import annotations

from datetime import tzinfo
from decimal import Decimal
from typing import Any

from dashboard.formats import cents
from dashboard.trades import charts, sums, words
from dashboard.trades.filters import TradeFilter
from dashboard.trades.listing import ListPage
from execution.queries import PAPER
from risk import round_trips


def trips_told(asked: TradeFilter, zone: tzinfo, listed: ListPage, limits: list[tuple[int, Any]]) -> dict[str, Any]:
    total, by_exit = sums.trip_sums(asked, PAPER, zone)
    for row in listed.rows:
        row["return"] = row["net"] / row["entry_notional"]
        row["held_s"] = (row["closed_at"] - row["opened_at"]).total_seconds()
        row["because"] = words.EXITS[row["exit_reason"]]
    most = max((abs(row["return"]) for row in listed.rows), default=Decimal(0))
    for row in listed.rows:
        row["bar"] = charts.sideways(row["return"], most)
    context: dict[str, Any] = {"total": _shares(total), "exits": _exits(by_exit), "books": _books()}
    if total["trips"]:
        context["distribution"] = _distribution(asked, zone, total, limits)
        context["curve"] = [[at.timestamp(), str(value)] for at, value in sums.curve(asked, PAPER, zone)]
    return context


def _shares(total: dict[str, Any]) -> dict[str, Any]:
    """The quotients of the tiles; None where there is nothing to divide by."""

    def share(part: Any, whole: Any) -> Any:
        return part / whole if whole else None

    won, lost = share(total["gains"], total["won"]), share(total["losses"], total["lost"])
    return total | {
        "won_share": share(Decimal(total["won"]), total["trips"]),
        "profit_factor": share(total["gains"], total["losses"]),
        "average_won": won,
        "average_lost": -lost if lost else None,
        "ratio": share(won, lost) if won else None,
        "expectancy": share(total["net"], total["trips"]),
        "fees_share": share(total["fees"], total["gross"]) if total["gross"] > 0 else None,
    }


def _exits(by_exit: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    most = max((abs(row["net"]) for row in by_exit.values()), default=Decimal(0))
    rows = [
        row
        | {
            "title": words.EXITS[reason],
            "won_share": Decimal(row["won"]) / row["trips"],
            "bar": charts.sideways(row["net"], most, 70),
        }
        for reason, row in by_exit.items()
    ]
    return sorted(rows, key=lambda row: -row["trips"])


def _distribution(
    asked: TradeFilter, zone: tzinfo, total: dict[str, Any], limits: list[tuple[int, Any]]
) -> dict[str, Any]:
    bins = charts.bins_for(float(total["low_return"]), float(total["high_return"]))
    counts = sums.trips_by_return(asked, PAPER, zone, width=bins.width, first=bins.first, last=bins.last)
    stop = next((stop for version, stop in limits if asked.limits in (None, version)), None)
    drawn = charts.distribution(bins, counts, mean=float(total["mean_return"]), stop=stop)
    return {"drawn": drawn, "mean": total["mean_return"]}


def _books() -> dict[str, Any]:
    """All trips ever and what open positions have realised, beside the account's own figures."""
    closed, still, booked = round_trips.closed_and_open(PAPER)
    if booked is None:
        return {}
    # Equal to the last digit, or the audit halts trading.
    together = closed.net + still.net
    return {
        "shown": _to_the_cent(closed.net, booked.gross, booked.fees),
        "closed": closed,
        "open": still,
        "together": together,
        "realized": booked.gross,
        "fees": booked.fees,
        "kept": booked.net,
        "difference": together - booked.net,
    }


def _to_the_cent(closed: Decimal, realized: Decimal, fees: Decimal) -> dict[str, Decimal]:
    """The line as it is written, adding up as it stands there: the open part and the sum take what rounding leaves."""
    shown = {"closed": cents(closed), "realized": cents(realized), "fees": cents(fees)}
    kept = shown["realized"] - shown["fees"]
    return shown | {"kept": kept, "open": kept - shown["closed"]}
