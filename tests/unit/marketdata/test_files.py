"""Files with candles, without a database: every format, every way a row or a file can be wrong, and the way back."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.files import cells, names
from marketdata.files.cells import UnusableCell
from marketdata.files.coverage import Coverage, CoveredSpan, spans
from marketdata.files.fitting import read_row
from marketdata.files.newcomers import pair
from marketdata.files.opening import opened
from marketdata.files.problems import FileProblem
from marketdata.files.reading import table_of
from marketdata.files.writing import WRITERS, Row

OPEN_S = 1_767_225_600
CSV = "open_time,open,high,low,close,volume\n"
LINE = "2026-01-01T00:00:00Z,100.5,101,99.25,100,12.5"


def read(text: str, wanted: str = "auto") -> list[cells.FileCandle]:
    table = table_of(io.StringIO(text), wanted, "a file")
    return [read_row(texts, table.layout, symbol="BTCUSDT", interval="1m") for _, texts in table.rows]


def refusal(text: str) -> UnusableCell:
    with pytest.raises(UnusableCell) as refused:
        read(text)
    return refused.value


def make_row(*, at_s: int = OPEN_S, numbers: str = "100.5 101 99.25 100 12.5 1250") -> Row:
    return Row(datetime.fromtimestamp(at_s, UTC), *map(Decimal, numbers.split()))


@pytest.mark.parametrize(
    "text",
    [
        CSV + LINE,
        "\ufeff".lstrip("\ufeff") + LINE,
        "# comment\n\n" + CSV + LINE + "\r\n\r\n",
        CSV.replace(",", ";") + LINE.replace(",", ";"),
        CSV.replace(",", "\t") + LINE.replace(",", "\t"),
        "Volume,Timestamp,Close,Low,High,Open\n12.5,1767225600,100,99.25,101,100.5",
        '"open_time","open","high","low","close","volume"\n"1767225600000","100.5","101","99.25","100","12.5"',
        "[[1767225600000, 100.5, 101, 99.25, 100, 12.5]]",
        ' [ [1767225600000,"100.50",101.0,9.925E1,"1e2",12.5] ] ',
    ],
)
def test_the_same_candle_is_read_from_every_spelling(text: str) -> None:
    numbers = map(Decimal, ("100.5", "101", "99.25", "100", "12.5"))

    assert read(text) == [cells.FileCandle(OPEN_S, *numbers, None)]


@pytest.mark.parametrize(
    "text",
    [
        CSV.strip() + ",quote_volume\n" + LINE + ",1250",
        LINE + ",1250",
        '[[1767225600000,"100.5","101","99.25","100","12.5",1767225660000,"1250"]]',
        '[[1767225600000,"100.5","101","99.25","100","12.5",1767225659999,"1250",3,"1","2","0"]]',
        "1767225600000000,100.5,101,99.25,100,12.5,1767225659999999,1250,3,1,2,0",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
        "\n1767225600000,100.5,101,99.25,100,12.5,1767225659999,1250,3,1,2,0",
    ],
)
def test_quote_volume_is_found_where_each_format_has_it(text: str) -> None:
    assert [candle.quote_volume for candle in read(text)] == [Decimal(1250)]


@pytest.mark.parametrize(
    ("text", "open_s"),
    [
        ("1767225600", OPEN_S),
        ("1767225600000", OPEN_S),
        ("1767225600000000", OPEN_S),
        ("1767225600.0", OPEN_S),
        ("1.7672256e12", OPEN_S),
        ("2026-01-01", OPEN_S),
        ("2026-01-01 00:00:00", OPEN_S),
        ("2026-01-01 00:00:00 UTC", OPEN_S),
        ("2026-01-01T02:00:00+02:00", OPEN_S),
    ],
)
def test_times_are_understood_in_every_unit(text: str, open_s: int) -> None:
    assert cells.epoch_s(text) == open_s


@pytest.mark.parametrize(
    "text", ["", "soon", "20260101", "-5", "1767225600001", "nan", "2026-01-01T00:00:00.5Z", "9" * 40]
)
def test_a_time_that_cannot_be_meant_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(UnusableCell, match="write ISO 8601 such as") as refused:
        cells.epoch_s(text)

    assert refused.value.field == "open_time"


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ("x,101,99,100,1", "open"),
        ("100,,99,100,1", "high"),
        ("100,101,NaN,100,1", "low"),
        ("100,101,99,1_0x,1", "close"),
        ("100,101,99,100,-1", "volume"),
        ("100,101,99,100,inf", "volume"),
        ("100,101,99,100,1e40", "volume"),
        ("100,101,0,100,1", "low"),
        ("100,101,-5,100,1", "low"),
        ("100,99.5,99,100,1", "high"),
        ("100,101,100.5,100,1", "low"),
        ("100,101,99,98,1", "low"),
        ("1e30,1e30,1e30,1e30,1", "low"),
        ("100,101,99,100", "row"),
        ("100,101,99,100,1,7,8", "row"),
        ('"46,319",101,99,100,1', "row"),
    ],
)
def test_a_bad_number_is_refused_by_field(numbers: str, field: str) -> None:
    assert refusal(f"{CSV}{OPEN_S},{numbers}").field == field


def test_a_decimal_comma_is_refused_and_not_taken_for_thousands() -> None:
    refused = refusal(CSV.replace(",", ";") + "1767225600;46,319;46,320;46,318;46,319;1")

    assert (refused.field, refused.value) == ("open", "46,319")
    assert "with a point" in refused.remedy


def test_bad_lines_cost_only_themselves_and_keep_their_numbers() -> None:
    text = f"{CSV}{LINE}\n{'x' * 5000}\n\n{LINE}\n"

    table = table_of(io.StringIO(text), "auto", "a file")

    assert [(number, isinstance(texts, UnusableCell)) for number, texts in table.rows] == [
        (2, False),
        (3, True),
        (5, False),
    ]


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        ("", "auto", "nothing in it"),
        ("\n \n", "auto", "nothing in it"),
        ("a\x00b", "auto", "binary"),
        ("hello world", "auto", "neither a header nor a candle"),
        ("open_time,open,high,low,close\n1,2,3,4,5", "auto", "no column volume"),
        ("time,open_time,open,high,low,close,volume\n", "auto", "two columns could be open_time"),
        ("1767225600,1,2,3", "auto", "4 values, which is no format known"),
        ("[]", "auto", "an empty list"),
        ('{"code":-1121}', "auto", "no list of candles"),
        ('[{"open":1}]', "auto", "Candles are a list of lists"),
        ("[[1767225600000,1,2,3]]", "auto", "4 values"),
        ("[[1767225600000,100.5,101,99.25,100,12.5]]", "mexc", "which is freqtrade and not mexc"),
        ("[[1767225600000,100.5,101,99.25,100,12.5]]", "csv", "is JSON"),
        (CSV + LINE, "freqtrade", "is delimited text"),
        (LINE, "binance", "which is csv and not binance"),
        ("[[1767225600000,100.5,101,99.25,100,12.5],[17672", "auto", "ends in the middle, after row 1"),
        ("[[1767225600000,100.5,101,99.25,100,12.5],", "auto", "ends in the middle, after row 1"),
    ],
)
def test_a_file_that_is_no_table_of_candles_says_what_it_is(text: str, wanted: str, said: str) -> None:
    with pytest.raises(FileProblem, match=said):
        read(text, wanted)


def test_a_long_list_is_read_piece_by_piece() -> None:
    count = 20_000
    text = "[" + ",".join(f"[{OPEN_S + 60 * n}000, 1, 2, 0.5, 1.5, {n}]" for n in range(count)) + "]"

    found = read(text)

    assert [candle.open_s for candle in found] == [OPEN_S + 60 * n for n in range(count)]


def write_gz(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()))


def write_zip(path: Path, **members: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_csv", ".csv").replace("_txt", ".txt"), text)


def parts_of(path: Path) -> list[tuple[str, str]]:
    with opened(path) as file:
        return [(part.name, part.text.read()) for part in file.parts()]


def test_packed_files_are_read_like_plain_ones(tmp_path: Path) -> None:
    (tmp_path / "A-1m.csv").write_text("\ufeff" + CSV + LINE, encoding="utf-8")
    write_gz(tmp_path / "A-1m.csv.gz", CSV + LINE)
    write_zip(tmp_path / "A.zip", A_csv=CSV + LINE, B_csv=LINE, notes_txt="no candles")

    assert parts_of(tmp_path / "A-1m.csv") == [("A-1m.csv", CSV + LINE)]
    assert parts_of(tmp_path / "A-1m.csv.gz") == [("A-1m.csv", CSV + LINE)]
    assert parts_of(tmp_path / "A.zip") == [("A.csv", CSV + LINE), ("B.csv", LINE)]


def test_an_unreadable_file_says_why_and_what_to_do(tmp_path: Path) -> None:
    bad = {name: tmp_path / name for name in ("none", "empty", "latin", "cut.gz", "cut.zip", "other.zip")}
    bad["empty"].touch()
    bad["latin"].write_bytes(b"open_time,\xe9\n")
    bad["cut.gz"].write_bytes(gzip.compress((CSV + LINE * 1000).encode())[:-20])
    write_zip(bad["other.zip"], notes_txt="no candles")
    bad["cut.zip"].write_bytes(bad["other.zip"].read_bytes()[:40])
    said = {
        "none": "no such file",
        "empty": "is empty",
        "latin": "not UTF-8 text .byte 0xe9.",
        "cut.gz": "damaged or cut off",
        "cut.zip": "damaged or cut off",
        "other.zip": "no .csv or .json inside",
    }

    for name, path in bad.items():
        with pytest.raises(FileProblem, match=said[name]):
            parts_of(path)
    with pytest.raises(FileProblem, match="is a folder. Name its files"):
        parts_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("BTCUSDT-1m.csv", ("BTCUSDT", "1m")),
        ("BTC_USDT-1h.json", ("BTC_USDT", "60m")),
        ("BTC-USDT-5m.csv", ("BTC-USDT", "5m")),
        ("BTCUSDT-1m-2026-01.csv", ("BTCUSDT", "1m")),
        ("GOLD(PAXG)USDT-1d.csv", ("GOLD(PAXG)USDT", "1d")),
        ("BTCUSDT-3m.csv", ("BTCUSDT", "3m")),
        ("candles.csv", ("", "")),
    ],
)
def test_a_name_tells_symbol_and_interval(name: str, told: tuple[str, str]) -> None:
    assert names.told_by(name) == told


def test_a_new_symbol_is_split_into_its_assets() -> None:
    assert pair("BTC_XYZ", "USDT") == ("BTCXYZ", "BTC", "XYZ")
    assert pair("ethbtc", "USDT") == ("ETHBTC", "ETH", "BTC")
    with pytest.raises(FileProblem, match="which asset are its prices in"):
        pair("NONSENSE", "USDT")


def test_decimals_are_counted_without_the_noise_of_floats() -> None:
    texts = ("5.330000000000001e-05", "46319.0", "0.0984", "1E+3")

    assert [cells.decimals(Decimal(text)) for text in texts] == [7, 0, 4, 0]


def test_a_missing_quote_volume_is_estimated_at_the_typical_price() -> None:
    # 12.5 x (101 + 99.25 + 100) / 3 = 1251.04166667
    candle = read(CSV + LINE)[0]

    assert cells.turnover_of(candle) == Decimal("1251.04166667")
    assert cells.from_turnover(candle)[5:] == (Decimal("0.12489592"), Decimal("12.5"))


def test_gaps_and_repetitions_are_seen_in_any_order() -> None:
    coverage = Coverage(60)
    for minute in (5000, 8, 0, 1, 6):
        assert coverage.note(OPEN_S + 60 * minute, ("same",)) is None

    again, otherwise = coverage.note(OPEN_S, ("same",)), coverage.note(OPEN_S + 60, ("other",))

    assert (again, otherwise) == (True, False)
    assert coverage.gaps() == [
        CoveredSpan(OPEN_S + 120, OPEN_S + 300, 4),
        CoveredSpan(OPEN_S + 420, OPEN_S + 420, 1),
        CoveredSpan(OPEN_S + 540, OPEN_S + 60 * 4999, 4991),
    ]
    assert coverage.whole() == CoveredSpan(OPEN_S, OPEN_S + 60 * 5000, 5)
    assert spans([OPEN_S + 60, OPEN_S, OPEN_S + 600], 60) == [
        CoveredSpan(OPEN_S, OPEN_S + 60, 2),
        CoveredSpan(OPEN_S + 600, OPEN_S + 600, 1),
    ]


PRICES = st.decimals("1e-12", "1e12", allow_nan=False, places=12).filter(lambda value: value > 0)
AMOUNTS = st.decimals(0, "1e15", allow_nan=False, places=10)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    minutes = draw(st.lists(st.integers(0, 10**6), unique=True, max_size=8).map(sorted))
    found = []
    for minute in minutes:
        low, opened, close, high = sorted(draw(st.tuples(PRICES, PRICES, PRICES, PRICES)))
        at = datetime.fromtimestamp(OPEN_S + 60 * minute, UTC)
        found.append(Row(at, opened, high, low, close, draw(AMOUNTS), draw(AMOUNTS)))
    return found


@pytest.mark.parametrize("kind", WRITERS)
@given(written=rows())
def test_what_is_written_is_read_again_to_the_last_digit(kind: str, written: list[Row]) -> None:
    text = "".join(WRITERS[kind](written, 60))

    found = read(text) if written or kind == "csv" else []

    kept = 6 if kind == "freqtrade" else 7
    assert [tuple(candle)[:kept] for candle in found] == [
        (int(row.open_time.timestamp()), *row[1:])[:kept] for row in written
    ]
