"""What an import leaves behind: nothing of a refused file, no rounding, and a record by which it is undone."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from marketdata import operations
from marketdata.models import Candle, CandleImport, Instrument
from tests.integration.marketdata.test_files import Said, instrument, line, run, stored, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]

SAMPLES = Path(__file__).parents[2] / "unit" / "marketdata" / "samples"


@pytest.fixture(autouse=True)
def instruments() -> None:
    operations.upsert_instruments([instrument(), instrument("ETHUSDT")])


def sample(folder: Path, name: str) -> Path:
    """A sample file under the name its symbol and interval follow from."""
    return Path(shutil.copy(SAMPLES / name, folder / name.rpartition("_")[2]))


def closes(symbol: str) -> list[Decimal]:
    return list(Candle.objects.filter(instrument=symbol).order_by("open_time").values_list("close", flat=True))


def last_import() -> int:
    return CandleImport.objects.latest("pk").pk


def test_a_refused_file_stores_no_instrument_and_the_mended_one_is_not_rounded(tmp_path: Path) -> None:
    broken = tmp_path / "NEWUSDT-1m.csv"
    broken.write_text("1767225600,25,25,25,25,10\n1767225660,24.97,24.99,24.9,abc,10\n")

    refused = run("import_candles", broken, "--create-instrument")
    left = Instrument.objects.filter(symbol="NEWUSDT").exists()
    broken.write_text("1767225600,25,25,25,25,10\n1767225660,24.97,24.99,24.9,24.96,10\n")
    mended = run("import_candles", broken, "--create-instrument")

    assert refused.refused == "1 file refused."
    assert "NEWUSDT is not stored as an instrument" in refused.err
    assert "line 2: close: 'abc' cannot be used" in refused.err
    assert not left
    assert mended.refused == ""
    assert closes("NEWUSDT") == [Decimal(25), Decimal("24.96")]


def test_a_cut_file_stores_no_instrument(tmp_path: Path) -> None:
    file = tmp_path / "NEWUSDT-1m.json"
    file.write_text("[[1767225600000, 1, 1, 1, 1, 1], [17672256")

    said = run("import_candles", file, "--create-instrument")

    assert said.refused == "1 file refused."
    assert "ends in the middle" in said.err
    assert not Instrument.objects.filter(symbol="NEWUSDT").exists()


@pytest.mark.parametrize("create", [True, False])
def test_a_later_file_with_finer_prices_makes_the_grid_finer_and_is_not_rounded(tmp_path: Path, create: bool) -> None:
    run("import_candles", sample(tmp_path, "grid_first_ZZZUSDT-1m.csv"), "--create-instrument")
    coarse = Instrument.objects.get(symbol="ZZZUSDT").price_tick

    options = ["--create-instrument"] if create else []
    said = run("import_candles", sample(tmp_path, "grid_second_ZZZUSDT-1m.csv"), *options)

    assert coarse == Decimal("0.1")
    assert Instrument.objects.get(symbol="ZZZUSDT").price_tick == Decimal("0.0001")
    assert closes("ZZZUSDT") == [Decimal("0.5")] * 3 + [Decimal("0.5149")] * 3
    assert "price tick made finer, 0.0001" in said.out
    assert said.refused == ""


def test_a_pair_that_the_exchange_trades_keeps_its_grid_and_what_is_moved_is_told(tmp_path: Path) -> None:
    said = run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0, close="100.004")))

    assert Instrument.objects.get(symbol="BTCUSDT").price_tick == Decimal("0.01")
    assert "1 row moved onto the price tick" in said.out


def test_an_archive_with_a_packers_side_files_goes_in_and_says_so(tmp_path: Path) -> None:
    operations.upsert_instruments([instrument("SOLUSDT")])

    said = run("import_candles", SAMPLES / "macos.zip")

    assert said.refused == ""
    assert "passed over what a packer left for itself: __MACOSX/._ETHUSDT-1m.csv" in said.err
    assert {symbol for symbol, *_ in stored()} == {"ETHUSDT", "SOLUSDT"}


@pytest.mark.parametrize("name", ["german_bare_SOLUSDT-1m.csv", "fiveminutes_SOLUSDT-1m.csv"])
def test_a_file_that_is_something_else_stores_nothing(tmp_path: Path, name: str) -> None:
    operations.upsert_instruments([instrument("SOLUSDT")])

    said = run("import_candles", sample(tmp_path, name))

    assert said.refused == "1 file refused."
    assert (stored(), CandleImport.objects.count()) == ([], 0)


def test_an_import_is_undone_by_its_number_and_only_what_it_stored_goes(tmp_path: Path) -> None:
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0), line(1)))
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(1), line(2), line(3)))

    listed = run("import_candles", "--list")
    said = run("import_candles", "--undo", last_import())
    again = run("import_candles", "--undo", last_import())

    assert [minute for _, minute, *_ in stored()] == [0, 1]
    assert [text.split("  ")[-1] for text in listed.out.splitlines()] == [
        "BTCUSDT-1m.csv: 2 new candles",
        "BTCUSDT-1m.csv: 2 new candles",
    ]
    assert said.out.splitlines()[0] == "2 candles removed"
    assert "was undone at" in again.refused


def test_what_an_import_corrected_stays_and_is_told_when_it_is_undone(tmp_path: Path) -> None:
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0)))
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0, close="99.5"), line(1)), "--replace")

    said = run("import_candles", "--undo", last_import())

    assert closes("BTCUSDT") == [Decimal("99.5")]
    assert said.out.splitlines()[:2] == ["1 candle removed", "1 candle that it corrected stay as corrected"]


def test_what_was_corrected_after_the_import_stays_when_it_is_undone(tmp_path: Path) -> None:
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0), line(1)))
    first = last_import()
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0, close="99.5")), "--replace")

    said = run("import_candles", "--undo", first)

    assert closes("BTCUSDT") == [Decimal("99.5")]
    assert said.out.splitlines()[:2] == ["1 candle removed", "1 candle corrected since then, kept"]


def test_an_import_that_there_is_not_cannot_be_undone() -> None:
    assert run("import_candles", "--undo", 999_999) == Said("", "", "--undo: there is no import 999999. See --list.")


def test_a_dry_run_and_a_file_that_brings_nothing_leave_no_record(tmp_path: Path) -> None:
    file = write(tmp_path / "BTCUSDT-1m.csv", line(0))
    run("import_candles", file, "--dry-run")
    nothing = CandleImport.objects.count()

    run("import_candles", file)
    run("import_candles", file)

    assert (nothing, CandleImport.objects.count()) == (0, 1)
