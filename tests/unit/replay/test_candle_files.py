"""Candles of a folder of files as a grid: exact, without a database, in whatever order they are told."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from marketdata.files.problems import FileProblem
from replay.candle_files import FileCandles, WantedFiles, read_files
from replay.rules.columns import FIELDS, ColumnsError

FIRST_S = 1_767_225_600
FEE = Decimal("0.001")
REAL = Path(__file__).resolve().parents[4] / "shared" / "data"


def line(minute: int, close: str = "100.5", volume: str = "2", turnover: str | None = None) -> str:
    told = "" if turnover is None else f",{turnover}"
    return f"{FIRST_S + 60 * minute},{close},{close},{close},{close},{volume}{told}\n"


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


def read(tmp_path: Path, **wanted: object) -> FileCandles:
    refused: list[str] = []
    asked = WantedFiles(**{"folder": tmp_path, "interval": "1m"} | wanted)  # type: ignore[arg-type]
    found = read_files(asked, taker_fee=FEE, refuse=refused.append)
    assert len(refused) == found.refused
    return found


def numbers(found: FileCandles, field: str, row: int = 0) -> list[Decimal]:
    places = (found.grid.volume_places if field == "quote_volume" else found.grid.price_places)[row]
    return [Decimal(units).scaleb(-places) for units in getattr(found.grid, field)[row].tolist()]


def test_every_number_of_every_file_is_there_and_a_hole_is_zero(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", line(0, "100.25", turnover="200.5"), line(2, "99", turnover="198.25"))
    write(tmp_path / "ADA_USDT-1m.csv", line(1, "0.00001234", turnover="0.00002468"))

    found = read(tmp_path)

    assert found.grid.symbols == ("ADAUSDT", "BTCUSDT")
    assert numbers(found, "close") == [0, Decimal("0.00001234"), 0]
    assert numbers(found, "close", 1) == [Decimal("100.25"), 0, 99]
    assert numbers(found, "quote_volume", 1) == [Decimal("200.5"), 0, Decimal("198.25")]
    assert found.grid.opens_s(0) == FIRST_S


def test_noise_of_binary_floats_is_no_price(tmp_path: Path) -> None:
    write(tmp_path / "ADABTC-1m.csv", line(0, "5.330000000000001e-05", turnover=None))

    found = read(tmp_path)

    assert numbers(found, "open") == [Decimal("0.0000533")]
    assert found.rules["ADABTC"].price_tick == Decimal("0.0000001")
    # 2 x 0.0000533, to 8 places as an import estimates it.
    assert (numbers(found, "quote_volume"), found.estimated) == ([Decimal("0.00010660")], 1)


def test_what_an_instrument_is_traded_by_follows_from_its_numbers(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", line(0, "100.25", "0.125", None), line(1, "100", "3", None))

    rules = read(tmp_path).rules["BTCUSDT"]

    assert (rules.price_tick, rules.quantity_step, rules.min_quantity) == (Decimal("0.01"), *[Decimal("0.001")] * 2)
    assert (rules.min_notional, rules.taker_fee) == (0, FEE)


def test_files_may_tell_of_one_time_in_turns_and_packed(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "BTCUSDT-1m-late.csv.gz", "wt") as output:
        output.write(line(4, "5.125") + line(1, "2.5"))
    write(tmp_path / "BTCUSDT-1m.csv", line(3, "4"), line(0, "1"), line(1, "2.5"))

    found = read(tmp_path)

    assert numbers(found, "close") == [1, Decimal("2.5"), 0, 4, Decimal("5.125")]
    assert found.refused == 0


def test_a_second_row_that_says_something_else_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", line(0, "1"), line(0, "2"), line(1, "x"), f"{FIRST_S + 61},1,1,1,1,1,1\n")

    found = read(tmp_path)

    assert (numbers(found, "close"), found.refused) == ([1], 3)


def test_portions_of_different_places_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replay.candle_files.PORTION", 2)
    closes = ["1", "2", "3.5", "4", "5.25", "6", "7"]
    write(tmp_path / "BTCUSDT-1m.csv", *(line(minute, close) for minute, close in enumerate(closes)))

    assert numbers(read(tmp_path), "close") == [Decimal(close) for close in closes]


def test_only_the_symbols_the_time_and_the_interval_that_were_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", *(line(minute) for minute in range(5)))
    write(tmp_path / "ETHUSDT-1m.csv", line(0))
    write(tmp_path / "BTCUSDT-5m.csv", line(0))
    write(tmp_path / "notes.csv", "nothing of candles\n")

    found = read(tmp_path, symbols=("btc_usdt",), since_s=FIRST_S + 60, until_s=FIRST_S + 180)

    assert (found.grid.symbols, found.grid.periods) == (("BTCUSDT",), 2)


@pytest.mark.parametrize(("wanted", "told"), [
    ({"folder": Path("/no/such")}, "--files: /no/such is no folder"),
    ({"interval": "5m"}, "holds candles of 1m, none of 5m. Give --interval"),
    ({"symbols": ("XUSDT",)}, "Look at --symbols"),
    ({"since_s": FIRST_S + 10**6}, "Look at --from and --to"),
])  # fmt: skip
def test_where_nothing_is_found_it_says_what_to_look_at(wanted: dict[str, object], told: str, tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", line(0))

    with pytest.raises(FileProblem) as problem:
        read(tmp_path, **wanted)

    assert told in str(problem.value)


def test_an_empty_folder_and_a_broken_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="holds no"):
        read(tmp_path)
    write(tmp_path / "BTCUSDT-1m.csv.gz", "no gzip at all")
    with pytest.raises(FileProblem, match=r"BTCUSDT-1m.csv.gz"):
        read(tmp_path)


def test_a_number_beyond_64_bits_names_symbol_and_field(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT-1m.csv", line(0, "100000000000.123456789012"), line(1, "0.000000000001"))

    with pytest.raises(ColumnsError, match="BTCUSDT open"):
        read(tmp_path)


def test_what_was_cut_is_so_however_the_rows_are_portioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = ("2300413.7295000003", "0.1234567890123456", "98765432.1", "77.7777777777777777")
    write(tmp_path / "BTCUSDT-1m.csv", *(line(minute, volume=each) for minute, each in enumerate(told)))
    whole = read(tmp_path, quote_units=True)

    monkeypatch.setattr("replay.candle_files.PORTION", 1)
    portioned = read(tmp_path, quote_units=True)

    # 1,440 x 98,765,432.1 x 10^7 is below 2^63, with 10^8 above.
    assert whole.grid.volume_places == portioned.grid.volume_places == (7,)
    assert numbers(whole, "quote_volume") == numbers(portioned, "quote_volume")
    assert [str(number) for number in numbers(whole, "quote_volume")] == [
        "2300413.7295000", "0.1234567", "98765432.1000000", "77.7777777",
    ]  # fmt: skip
    assert whole.grid.cut_volumes == portioned.grid.cut_volumes == ("BTCUSDT",)


@pytest.mark.skipif(not REAL.is_dir(), reason="the recorded candles are not on this machine")
def test_recorded_candles_are_all_there() -> None:
    found = read(REAL, interval="5m")

    lines = sum(len((REAL / f"{name}-5m.csv").read_text().splitlines()) - 1 for name in found.grid.symbols)
    assert len(found.grid.symbols) == 5
    assert int((found.grid.close > 0).sum()) == lines
    assert all((getattr(found.grid, name) >= 0).all() for name in FIELDS)
