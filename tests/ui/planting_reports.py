"""Plants a month of an account: its deposit, a stored report and a curve for each day, candles of two watched symbols.

Day n of the 20 brings 10 × n where n is even, else −5 × n; today so far brings 40. Together 1,100 − 500 + 40 = 640.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

DAYS = 20
OPENED_WITH = Decimal(10_000)
TODAY = Decimal(40)


def result_of(number: int) -> Decimal:
    return Decimal(10 * number if number % 2 == 0 else -5 * number)


def plant() -> None:
    from cdb_site.clock import SYSTEM
    from execution.models import LedgerEntry
    from risk.loss_baselines import midnight_of
    from risk.models import DayOpening, EquitySnapshot

    now = SYSTEM.wall_now()
    begun = now.date() - timedelta(days=DAYS)
    LedgerEntry.objects.create(
        account_id="paper", kind="DEPOSIT", amount=OPENED_WITH, capital=-OPENED_WITH, occurred_at=midnight_of(begun)
    )
    EquitySnapshot.objects.all().delete()
    equity = OPENED_WITH
    for number in range(1, DAYS + 1):
        day = begun + timedelta(days=number - 1)
        plant_day(number, midnight_of(day), equity)
        equity += result_of(number)
    plant_candles(midnight_of(begun), now)
    DayOpening.objects.create(
        account="paper", day=now.date(), equity=equity, final=True, inputs={"external": str(OPENED_WITH)}
    )
    EquitySnapshot.objects.create(
        account="paper", taken_at=now, equity=equity + TODAY, cash=8500, exposure=Decimal("0.2")
    )
    plant_trips(now)


def plant_day(number: int, midnight: object, equity: Decimal) -> None:
    from risk.models import DailyReport, EquitySnapshot

    result = result_of(number)
    for hour in range(0, 24, 6):
        EquitySnapshot.objects.create(
            account="paper",
            taken_at=midnight + timedelta(hours=hour, minutes=1),  # type: ignore[operator]
            equity=equity + result * hour / 24,
            cash=equity,
            exposure=Decimal("0.2"),
        )
    DailyReport.objects.create(
        account="paper",
        day=midnight.date(),  # type: ignore[attr-defined]
        opening_equity=equity,
        closing_equity=equity + result,
        paid_in=0,
        result=result,
        realized_pnl=result + 3,
        open_pnl=0,
        fees=3,
        slippage_cost=1,
        body=body_of(midnight, equity, result),
    )


def body_of(midnight: object, equity: Decimal, result: Decimal) -> dict[str, object]:
    """The report as it would have been put together then, with the planted figures."""
    from risk.reports import day, trips
    from risk.reports.queries import Activity
    from risk.reports.worth import Worth

    opening = Worth(at=midnight, equity=equity, paid_in=OPENED_WITH, settled=True)  # type: ignore[arg-type]
    closing = Worth(
        at=midnight + timedelta(days=1),  # type: ignore[operator]
        equity=equity + result,
        paid_in=OPENED_WITH,
        settled=True,
    )
    found = Activity(
        fills=2,
        turnover=Decimal(6000),
        fees=Decimal(3),
        realized_pnl=result + 3,
        slipped={Decimal(4): 2, Decimal("-1.5"): 1},
        slippage_cost=Decimal(1),
        orders=[("BUY", "FILLED", 2, Decimal(6000))],
        decisions=[("REJECTED", "PRICE_STALE", 1, 3, {"age_ms": 12000, "limit_ms": 10000})],
    )
    figures = day.figures_of(midnight.date(), opening, closing, found)  # type: ignore[attr-defined]
    return {
        "account": "paper",
        "day": str(figures.day),
        "final": True,
        "pnl": day.pnl(figures),
        "drawdown": {"fraction": "0.01"},
        "invested": {"mean": "0.2", "most": "0.2"},
        "orders": day.orders(found),
        "decisions": day.decisions(found),
        "costs": day.costs(found),
        "slippage": day.slippage(found),
        "trips": trips.told(trips.Groups()),
    }


def plant_candles(since: object, now: object) -> None:
    from marketdata.models import Candle, UniverseChoice, UniverseEntry

    choice = UniverseChoice.objects.create(
        chosen_at=since, recorded_at=since, settings="tests", listed=2, chosen=2, held=0
    )
    for rank, symbol in enumerate(("AAAUSDT", "BBBUSDT"), start=1):
        UniverseEntry.objects.create(
            choice=choice, symbol=symbol, rank=rank, quote_volume_24h=1, chosen=True, held=False
        )
        for hour in range(DAYS * 24):
            price = Decimal(100) + Decimal(hour % 48) / 10
            Candle.objects.create(
                instrument_id=symbol,
                interval="1m",
                open_time=since + timedelta(hours=hour, minutes=-1),  # type: ignore[operator]
                open=price,
                high=price,
                low=price,
                close=price,
                volume=1,
                quote_volume=price,
                source="REST",
                received_at=now,
            )


def plant_trips(now: object) -> None:
    import uuid

    from risk.models import RoundTrip, RoundTripMark

    RoundTripMark.objects.update_or_create(account="paper", defaults={"fill_id": 10**9})
    ends = ("SIGNAL", "STOP", "OPERATOR", "HALT")
    for number in range(40):
        net = Decimal(25 - 3 * (number % 15))
        closed = now - timedelta(hours=11 * number + 1)  # type: ignore[operator]
        RoundTrip.objects.create(
            last_fill_id=10**6 + 2 * number + 1,
            first_fill_id=10**6 + 2 * number,
            account="paper",
            symbol=("AAAUSDT", "BBBUSDT")[number % 2],
            opened_at=closed - timedelta(hours=1),
            closed_at=closed,
            quantity=1,
            entry_notional=100,
            exit_notional=100 + net,
            avg_entry_price=100,
            avg_exit_price=100 + net,
            gross=net + 1,
            fees=1,
            net=net,
            entry_decision_id=uuid.uuid4(),
            exit_decision_id=uuid.uuid4(),
            exit_reason=ends[number % 4],
            limits_version=1,
        )
