"""Candles from files into PostgreSQL, through the command that operators use."""

from __future__ import annotations

import gzip
import io
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import CommandError, call_command

from cdb_site.bus import models as bus
from cdb_site.clock import SYSTEM
from marketdata import operations
from marketdata.files import loading
from marketdata.mexc.rest import InstrumentInfo
from marketdata.models import Candle, Instrument
from marketdata.operations import ClosedCandle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

OPEN_S = 1_767_225_600
HEAD = "open_time,open,high,low,close,volume,quote_volume\n"


class Said(NamedTuple):
    out: str
    err: str
    refused: str


def run(*arguments: object) -> Said:
    out, err, refused = io.StringIO(), io.StringIO(), ""
    try:
        call_command(*map(str, arguments), stdout=out, stderr=err)
    except CommandError as problem:
        refused = str(problem)
    return Said(out.getvalue(), err.getvalue(), refused)


def line(minute: int, *, close: str = "100", quote_volume: str = "1250", length_s: int = 60) -> str:
    return f"{OPEN_S + length_s * minute},100.5,101,99.25,{close},12.5,{quote_volume}\n"


def write(path: Path, *lines: str) -> Path:
    path.write_text(HEAD + "".join(lines))
    return path


def stored() -> list[tuple[str, int, Decimal, str, bool]]:
    rows = Candle.objects.order_by("instrument_id", "interval", "open_time")
    return [
        (row.instrument_id, (int(row.open_time.timestamp()) - OPEN_S) // 60, row.close, row.source, row.revised)
        for row in rows
    ]


def instrument(symbol: str = "BTCUSDT", *, tick: str = "0.01", quote: str = "USDT") -> InstrumentInfo:
    step = Decimal("0.0001")
    fee = Decimal("0.0005")
    return InstrumentInfo(symbol, symbol.removesuffix(quote), quote, Decimal(tick), step, step, Decimal(1), fee, True)


@pytest.fixture(autouse=True)
def instruments() -> None:
    operations.upsert_instruments([instrument(), instrument("ETHUSDT")])


def test_imported_candles_are_stored_and_not_published(tmp_path: Path) -> None:
    file = write(tmp_path / "BTCUSDT-1m.csv", line(1), line(0))

    said = run("import_candles", file)

    assert stored() == [("BTCUSDT", 0, Decimal(100), "IMPORT", False), ("BTCUSDT", 1, Decimal(100), "IMPORT", False)]
    assert said == Said("BTCUSDT 1m: 2 rows, 2026-01-01T00:00Z to 2026-01-01T00:01Z\n  2 new candles\n", "", "")
    assert not bus.Event.objects.exists()


def test_bad_rows_are_named_and_the_good_ones_go_in(tmp_path: Path) -> None:
    future = f"{(int(SYSTEM.wall_s()) // 60) * 60},1,1,1,1,1,1\n"
    file = write(
        tmp_path / "BTCUSDT-1m.csv", line(0), "soon,1,1,1,1,1,1\n", f"{OPEN_S + 30},1,1,1,1,1,1\n", future, line(1)
    )

    said = run("import_candles", file)

    assert [minute for _, minute, *_ in stored()] == [0, 1]
    assert said.refused == "3 rows refused."
    first, second, third = said.err.splitlines()
    assert first.startswith(f"{file} line 3: open_time: 'soon' cannot be used; write ISO 8601")
    assert second == (
        f"{file} line 4: open_time: '2026-01-01T00:00:30Z' cannot be used; no 1m candle opens then; see --interval"
    )
    assert f"{file} line 5: " in third
    assert "it is not closed yet" in third


def test_strict_stores_nothing_when_anything_is_refused(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "BTCUSDT-1m.csv", line(0)), write(tmp_path / "ETHUSDT-1m.csv", line(0), "x\n")

    said = run("import_candles", good, bad, "--strict")

    assert stored() == []
    assert said.refused == "1 row refused, so nothing is stored (--strict)."
    assert run("import_candles", good, "--strict").refused == ""
    assert len(stored()) == 1


def test_a_dry_run_tells_the_same_and_stores_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "BTCUSDT-1m.csv", line(0), line(3))

    said = run("import_candles", file, "--dry-run")

    assert stored() == []
    assert "2 new candles (--dry-run: not stored)" in said.out
    assert "2 candles missing between the first and the last\n    2026-01-01T00:01Z to 2026-01-01T00:02Z: 2" in said.out


def test_what_is_stored_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0), line(1)))
    file = write(tmp_path / "BTCUSDT-1m.csv", line(0), line(1, close="100.75"), line(2))

    kept = run("import_candles", file)
    after_keeping = stored()
    replaced = run("import_candles", file, "--replace")

    assert [row[2] for row in after_keeping] == [Decimal(100)] * 3
    assert "1 candle stored already, the same" in kept.out
    assert "1 candle stored otherwise, kept as stored; --replace corrects\n    2026-01-01T00:01Z: 1" in kept.out
    assert kept.refused == ""
    assert "1 candle stored otherwise, corrected" in replaced.out
    assert [(row[2], row[4]) for row in stored()] == [
        (Decimal(100), False),
        (Decimal("100.75"), True),
        (Decimal(100), False),
    ]


def test_a_file_without_quote_volumes_is_compared_without_them(tmp_path: Path) -> None:
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0), line(1)))
    rows = [(0, "100"), (1, "100.5")]
    file = tmp_path / "BTC_USDT-1m.json"
    file.write_text(str([[(OPEN_S + 60 * at) * 1000, 100.5, 101, 99.25, float(close), 12.5] for at, close in rows]))

    said = run("import_candles", file, "--replace")

    assert "1 candle stored already, the same" in said.out
    assert list(Candle.objects.order_by("open_time").values_list("close", "quote_volume", "revised")) == [
        (Decimal(100), Decimal(1250), False),
        (Decimal("100.5"), Decimal(1250), True),
    ]


def test_a_second_row_of_a_candle_is_refused_only_if_it_says_something_else(tmp_path: Path) -> None:
    file = write(tmp_path / "BTCUSDT-1m.csv", line(0), line(0), line(0, close="100.75"))

    said = run("import_candles", file)

    assert [row[2] for row in stored()] == [Decimal(100)]
    assert "1 candle told twice, the same" in said.out
    assert "1 candle told twice, otherwise; the first row counts" in said.out
    assert "line 4: open_time" in said.err
    assert said.refused == "1 row refused."


def test_files_of_one_symbol_are_one_series(tmp_path: Path) -> None:
    first = write(tmp_path / "BTCUSDT-1m-2026-01.csv", line(0), line(1))
    second = write(tmp_path / "BTCUSDT-1m-2026-02.csv", line(1), line(2))

    said = run("import_candles", first, second)

    assert [minute for _, minute, *_ in stored()] == [0, 1, 2]
    assert "missing" not in said.out
    assert "1 candle told twice, the same" in said.out


def test_prices_are_put_on_the_tick_and_only_real_moves_are_told(tmp_path: Path) -> None:
    noisy = f"{OPEN_S},100.00999999999999,101,99,100.01,1,100\n"
    between = f"{OPEN_S + 60},100.014,101,99,100.01,1,100\n"

    said = run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", noisy, between))

    assert [str(price) for price in Candle.objects.order_by("open_time").values_list("open", flat=True)] == [
        "100.01",
        "100.01",
    ]
    assert "1 row moved onto the price tick" in said.out


def test_a_price_far_below_the_tick_is_refused(tmp_path: Path) -> None:
    said = run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", f"{OPEN_S},0.02,0.02,0.001,0.02,1,1\n"))

    assert "low: '0.001' cannot be used; it is below half the price tick of BTCUSDT, 0.01" in said.err
    assert stored() == []


def test_an_unknown_symbol_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    said = run("import_candles", write(tmp_path / "BTUCSDT-1m.csv", line(0)))

    assert "BTUCSDT is not listed; did you mean BTCUSDT? Or store it with --create-instrument." in said.err
    assert said.refused == "1 file refused."


def test_an_unknown_symbol_can_be_stored_as_halted_with_the_files_own_steps(tmp_path: Path) -> None:
    file = write(
        tmp_path / "NEW_BTC-5m.csv", line(0, length_s=300), f"{OPEN_S + 300},0.0984,0.0985,0.09836,0.0984,0.125,1\n"
    )

    dry = run("import_candles", file, "--create-instrument", "--dry-run")
    unchanged = Instrument.objects.filter(symbol="NEWBTC").exists()
    run("import_candles", file, "--create-instrument")

    new = Instrument.objects.get(symbol="NEWBTC")
    assert "NEWBTC: new instrument, price tick 0.00001, halted" in dry.out
    assert not unchanged
    assert (new.base_asset, new.quote_asset, new.status) == ("NEW", "BTC", "HALTED")
    assert (new.price_tick, new.quantity_step) == (Decimal("0.00001"), Decimal("0.001"))
    assert len(stored()) == 2


def test_nothing_of_a_cut_file_goes_in(tmp_path: Path) -> None:
    text = (HEAD + "".join(line(minute) for minute in range(3000))).encode()
    file = tmp_path / "BTCUSDT-1m.csv.gz"
    file.write_bytes(gzip.compress(text)[:-2000])

    said = run("import_candles", file)

    assert "damaged or cut off" in said.err
    assert said.refused == "1 file refused."
    assert stored() == []


def test_names_and_options_tell_what_a_file_is(tmp_path: Path) -> None:
    file = write(tmp_path / "dump.csv", line(0, length_s=3600))

    nameless = run("import_candles", file)
    odd = run("import_candles", file, "--symbol", "BTCUSDT", "--interval", "3m")
    told = run("import_candles", file, "--symbol", "btc_usdt", "--interval", "1h")

    assert "the name does not tell the symbol. Give --symbol" in nameless.err
    assert "interval 3m is not known" in odd.err
    assert told.out.startswith("BTCUSDT 60m: 1 row,")


def test_volume_in_quote_units_is_converted(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-1m.csv"
    file.write_text(f"{OPEN_S},100,100,100,100,2500\n")

    run("import_candles", file, "--volume-in", "quote")

    candle = Candle.objects.get()
    assert (candle.volume, candle.quote_volume) == (Decimal(25), Decimal(2500))


def test_a_candle_stored_by_somebody_else_meanwhile_is_left_alone() -> None:
    def candle(minute: int, close: str) -> ClosedCandle:
        return ClosedCandle("BTCUSDT", OPEN_S + 60 * minute, *map(Decimal, ("100", "110", "90", close, "5", "500")))

    operations.store_closed_candles("1m", [candle(1, "101")], "REST", "rest")

    new = loading.add("BTCUSDT", "1m", [candle(0, "100"), candle(1, "100"), candle(2, "100")])

    assert new == 2
    assert [(row[2], row[3]) for row in stored()] == [
        (Decimal(100), "IMPORT"),
        (Decimal(101), "REST"),
        (Decimal(100), "IMPORT"),
    ]


def test_many_rows_go_in_by_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = loading.add
    monkeypatch.setattr(loading, "add", lambda *given: sizes.append(len(given[2])) or real(*given))
    file = write(tmp_path / "BTCUSDT-1m.csv", *(line(minute) for minute in range(25_000)))

    said = run("import_candles", file, "--progress")

    assert sizes == [10_000, 10_000, 5_000]
    assert Candle.objects.count() == 25_000
    assert "rows, " in said.err
    assert "25,000 new candles" in said.out
