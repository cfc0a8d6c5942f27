"""Candles out of PostgreSQL into files, which are imported again to the last digit."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from marketdata import operations, queries
from marketdata.models import Candle
from tests.integration.marketdata.test_files import instrument, line, run, write

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def instruments() -> None:
    operations.upsert_instruments([instrument(), instrument("ETHUSDT")])


def everything() -> list[tuple[object, ...]]:
    columns = ("instrument_id", "interval", "open_time", "open", "high", "low", "close", "volume", "quote_volume")
    return list(Candle.objects.order_by(*columns[:3]).values_list(*columns))


@pytest.mark.parametrize(
    ("kind", "name"), [("csv", "BTCUSDT-60m.csv"), ("freqtrade", "BTC_USDT-1h.json"), ("mexc", "BTCUSDT-60m.json")]
)
def test_what_is_exported_is_imported_again_to_the_last_digit(kind: str, name: str, tmp_path: Path) -> None:
    volume = "1251.04166667" if kind == "freqtrade" else "1250.125"
    lines = [line(hour, length_s=3600, quote_volume=volume) for hour in (0, 1, 5)]
    run("import_candles", write(tmp_path / "BTCUSDT-1h.csv", *lines))
    run("import_candles", write(tmp_path / "ETHUSDT-60m.csv", *lines))
    before = everything()

    exported = run("export_candles", "--interval", "1h", "--format", kind, "--output", f"{tmp_path}/out/")
    Candle.objects.all().delete()
    run("import_candles", *sorted((tmp_path / "out").iterdir()))

    assert f"{tmp_path}/out/{name}: 3 candles" in exported.err
    assert everything() == before


def test_an_export_ends_where_it_is_told_and_packs_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", *(line(minute) for minute in range(5))))

    run(
        "export_candles",
        "--symbol",
        "btc_usdt",
        "--from",
        "2026-01-01T00:01Z",
        "--to",
        "2026-01-01T00:03",
        "--output",
        tmp_path / "part.csv.gz",
    )
    run("export_candles", "--symbol", "BTCUSDT", "--from", "2026-01-01T00:04")

    packed = gzip.decompress((tmp_path / "part.csv.gz").read_bytes()).decode().splitlines()
    assert [text[:20] for text in packed[1:]] == ["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]
    assert capsys.readouterr().out.splitlines()[1:] == ["2026-01-01T00:04:00Z,100.5,101,99.25,100,12.5,1250"]


def test_an_export_that_cannot_be_says_why(tmp_path: Path) -> None:
    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0)), write(tmp_path / "ETHUSDT-1m.csv", line(0)))
    (tmp_path / "file").touch()

    assert "did you mean BTCUSDT?" in run("export_candles", "--symbol", "BTCUSD").refused
    assert "no 5m candle is stored" in run("export_candles", "--interval", "5m").refused
    assert "2 symbols need a folder" in run("export_candles").refused
    assert "--from: must be before --to" in run("export_candles", "--from", "2026-02-01", "--to", "2026-01-01").refused
    assert "cannot be written" in run("export_candles", "--output", tmp_path / "file" / "deeper/").refused


def test_an_interrupted_export_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Sequence[object]:
        raise KeyboardInterrupt

    run("import_candles", write(tmp_path / "BTCUSDT-1m.csv", line(0)))
    monkeypatch.setattr(queries, "stream_candles", interrupted)

    said = run("export_candles", "--symbol", "BTCUSDT", "--output", tmp_path / "out.csv")

    assert said.refused == "Stopped. The file under way is not kept."
    assert not list(tmp_path.glob("out*"))
