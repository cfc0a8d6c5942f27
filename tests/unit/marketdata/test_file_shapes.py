"""Files that look like something else than they are: refused by what they say, never cut, rounded or believed."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pytest

from marketdata.files.cells import FileCandle, UnusableCell
from marketdata.files.fitting import read_row, rows_of
from marketdata.files.opening import opened
from marketdata.files.problems import FileProblem
from marketdata.files.reading import table_of

SAMPLES = Path(__file__).parent / "samples"
HEAD = "open_time,open,high,low,close,volume"
LINE = "2026-01-01T00:00:00Z,100.5,101,99.25,100,12.5"


def read(text: str, *, symbol: str = "SOLUSDT", interval: str = "1m") -> list[FileCandle]:
    table = table_of(io.StringIO(text), "auto", "a file")
    rows = rows_of(table, interval, "a file")
    return [read_row(texts, table.layout, symbol=symbol, interval=interval) for _, texts in rows]


def sample(name: str) -> str:
    return (SAMPLES / name).read_text()


@pytest.mark.parametrize("padding", ["9" * 600, "1" + "0" * 511])
def test_a_line_that_is_too_long_is_refused_and_not_cut_to_a_number(padding: str) -> None:
    text = f"{HEAD}\n{LINE}\n{LINE.replace('12.5', '1' + padding)}\n"

    with pytest.raises(UnusableCell, match="at most 512 characters"):
        read(text)


def test_a_first_line_that_is_too_long_names_the_file_and_the_line() -> None:
    with pytest.raises(FileProblem, match="a file line 2: row: .*at most 512 characters"):
        read(f"\n{LINE},{'1' * 600}\n")


def test_a_last_line_without_an_end_is_no_longer_than_it_is() -> None:
    assert len(read(f"{HEAD}\n{LINE}")) == 1


def test_a_close_time_in_the_seventh_column_is_no_turnover() -> None:
    rows = read(sample("closetime7_SOLUSDT-1m.csv"))

    assert len(rows) == 10
    assert {row.quote_volume for row in rows} == {None}


@pytest.mark.parametrize("turnover", ["1250", "1240.6", "1262.5"])
def test_a_turnover_is_volume_times_price(turnover: str) -> None:
    assert read(f"{HEAD},quote_volume\n{LINE},{turnover}\n")[0].quote_volume == Decimal(turnover)


@pytest.mark.parametrize("column", ["9.64", "12.5", "0", "1767225659999"])
def test_another_number_in_the_turnovers_place_is_refused(column: str) -> None:
    with pytest.raises(FileProblem, match="a file: its quote volume is not volume x price"):
        read(f"{HEAD},quote_volume\n{LINE},{column}\n")


def test_one_odd_turnover_among_many_is_the_exchanges_own() -> None:
    lines = [f"{1767225600 + 60 * minute},1,1,1,1,10,{7 if minute == 3 else 10}\n" for minute in range(9)]

    assert len(read("".join(lines))) == 9


def test_a_turnover_rounded_at_its_last_place_is_believed() -> None:
    assert read("1767225600,0.5,0.5,0.5,0.5,0.01,0.0\n")[0].quote_volume == 0


def test_the_files_own_word_on_its_symbol_is_checked() -> None:
    text = sample("symbolcolumn_SOLUSDT-1m.csv")

    with pytest.raises(UnusableCell, match="symbol: 'ETHUSDT' cannot be used; the file is taken for SOLUSDT"):
        read(text)
    assert len(read(text, symbol="ETH_USDT")) == 6


def test_the_files_own_word_on_its_interval_is_checked() -> None:
    text = f"{HEAD},timeframe\n{LINE},1h\n"

    with pytest.raises(UnusableCell, match="interval: '1h' cannot be used; the file is taken for 1m"):
        read(text)
    assert len(read(text, interval="60m")) == 1


def test_candles_that_are_further_apart_than_asked_are_refused_with_their_interval() -> None:
    text = sample("fiveminutes_SOLUSDT-1m.csv")

    with pytest.raises(FileProblem, match="open every 5m and not every 1m. Give --interval 5m"):
        read(text)
    assert len(read(text, interval="5m")) == 20


def test_a_thin_pair_with_gaps_is_not_taken_for_a_longer_interval() -> None:
    minutes = [0, 5, 10, 15, 20, 26, 30, 35, 40]
    text = "".join(f"{1767225600 + 60 * minute},1,1,1,1,1\n" for minute in minutes)

    assert len(read(text)) == len(minutes)


def test_decimal_commas_are_named_as_what_they_are() -> None:
    with pytest.raises(FileProblem, match="decimal commas .* Export it with decimal points"):
        read(sample("german_bare_SOLUSDT-1m.csv"))


def test_a_packers_side_files_are_passed_over_and_told() -> None:
    with opened(SAMPLES / "macos.zip") as file:
        names = [part.name for part in file.parts()]

    assert names == ["ETHUSDT-1m.csv", "SOLUSDT-1m.csv"]
    assert file.passed_over == ["__MACOSX/._ETHUSDT-1m.csv", "__MACOSX/._SOLUSDT-1m.csv"]
