"""A replay's measures as lines of text, for whoever asks on the command line. What is not known is a dash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from cdb_site.units import in_unit
from replay.rules.layer_prices import LayerPrice
from replay.rules.measures import Measures
from replay.rules.worth import DAY_S, WorthFigures
from risk.rules.measures import TripTally

DASH = "—"
NO_EVIDENCE = "What would have been earned on past prices is no evidence of profit."
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHOWN_SYMBOLS = 10


def lines(measures: Measures, quote_asset: str, prices: Sequence[LayerPrice] = ()) -> list[str]:
    """The whole report, ending with the sentence that none of it is evidence of profit."""
    return [
        *_head(measures, quote_asset),
        "",
        *_beside_the_universe(measures),
        "",
        *_trips(measures.trips),
        "",
        *_activity(measures),
        *_groups(measures),
        *_prices(prices),
        "",
        NO_EVIDENCE,
    ]


def _head(told: Measures, quote_asset: str) -> list[str]:
    if told.start_s is None or told.end_s is None:
        if told.outcomes:
            return [f"One close was played; {money(told.starting_cash)} → {money(told.equity)} {quote_asset}."]
        return [f"Nothing was played; {money(told.starting_cash)} {quote_asset} lie untouched."]
    days = (told.end_s - told.start_s) / DAY_S
    net = told.account.net if told.account else None
    return [
        f"{moment_text(told.start_s)} to {moment_text(told.end_s)} UTC, {days:,.1f} days",
        f"{money(told.starting_cash)} → {money(told.equity)} {quote_asset}, {signed(net)}",
    ]


def _beside_the_universe(told: Measures) -> list[str]:
    rows = [
        ("net", signed),
        ("cagr", signed),
        ("sharpe", number),
        ("sortino", number),
        ("calmar", number),
        ("drawdown", percent),
        ("under_water_s", duration),
    ]
    words = {"net": "net return", "cagr": "a year", "drawdown": "deepest fall", "under_water_s": "longest under water"}
    return table(
        ("", "account", "universe held"),
        [
            (words.get(name, name.capitalize()), *(shown(_of(one, name)) for one in (told.account, told.benchmark)))
            for name, shown in rows
        ],
    )


def _of(figures: WorthFigures | None, name: str) -> float | None:
    return getattr(figures, name) if figures else None


def _trips(tally: TripTally) -> list[str]:
    return [
        f"{tally.trips:,} trips, {tally.won:,} won, {tally.lost:,} lost ({percent(tally.win_rate)} won)",
        f"profit factor {number(tally.profit_factor)}, expectancy {money(tally.expectancy)} a trip, "
        f"fees {percent(tally.fee_share)} of the gross result, held {duration(tally.mean_held_s)} on average",
    ]


def _activity(told: Measures) -> list[str]:
    counts = ", ".join(f"{count:,} {name.lower()}" for name, count in told.outcomes.items())
    return [
        f"decisions: {counts or 'none'}; {told.unheld_sells:,} SELLs of what was not held",
        *(f"  {count:>6,} × {reason}" for reason, count in told.refusals.items()),
        f"invested {percent(told.exposure_time)} of the time, {percent(told.exposure_mean)} on average; "
        f"turned over {number(told.turnover_per_day)} × equity a day; fees {money(told.fees)}",
        f"breakers opened: {_counted(told.breakers) or 'none'}; "
        f"guide and decision disagreed {told.disagreements:,} times",
    ]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _groups(told: Measures) -> list[str]:
    by_result = sorted(told.groups["symbol"].items(), key=lambda item: (-item[1].net, item[0]))
    shown = by_result
    if len(by_result) > SHOWN_SYMBOLS:
        shown = by_result[: SHOWN_SYMBOLS // 2] + by_result[-SHOWN_SYMBOLS // 2 :]
    weekdays = [(WEEKDAYS[int(day) - 1], tally) for day, tally in sorted(told.groups["weekday"].items())]
    returns = dict(told.months)
    months = [(month, told.groups["month"].get(month, TripTally())) for month in returns]
    return [
        *_group(f"symbol ({len(shown)} of {len(by_result)})", shown),
        *_group("exit", sorted(told.groups["exit_reason"].items())),
        *_group("weekday", weekdays),
        *_group("month", months, extra=("return", [signed(returns[month]) for month, _ in months])),
    ]


def _group(
    title: str, rows: Sequence[tuple[str, TripTally]], extra: tuple[str, Sequence[str]] | None = None
) -> list[str]:
    if not rows:
        return []
    names, values = ([extra[0]], [[value] for value in extra[1]]) if extra else ([], [[] for _ in rows])
    head = (title, "trips", "won", "net", "fees", *names)
    body = [
        (key, f"{tally.trips:,}", percent(tally.win_rate), money(tally.net), money(tally.fees), *more)
        for (key, tally), more in zip(rows, values, strict=True)
    ]
    return ["", *table(head, body)]


def _prices(prices: Sequence[LayerPrice]) -> list[str]:
    if not prices:
        return []
    rows = [(f"{one.layer} {one.title}", money(one.net), signed(one.drawdown), f"{one.trips:+,}") for one in prices]
    head = ("layer left out", "net", "drawdown", "trips")
    return ["", "What there would be more of without a layer:", *table(head, rows)]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell, the first to the left, the others to the right."""
    cells = [list(head), *map(list, rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    return [_row(row, widths) for row in cells]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join([cells[0].ljust(widths[0]), *rest]).rstrip()


def percent(value: Decimal | float | None) -> str:
    return DASH if value is None else in_unit(value, "FRACTION")


def signed(value: float | None) -> str:
    return DASH if value is None else f"{value * 100:+,.2f} %"


def number(value: Decimal | float | None) -> str:
    return DASH if value is None else f"{value:,.2f}"


def money(value: Decimal | None) -> str:
    return DASH if value is None else in_unit(value, "MONEY")


def duration(seconds: Decimal | float | None) -> str:
    """In the largest unit that is passed: 5 min, 3.2 h, 12.5 d."""
    if seconds is None:
        return DASH
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < DAY_S else f"{seconds / DAY_S:,.1f} d"


def moment_text(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M")
