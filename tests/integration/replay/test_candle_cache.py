"""Kept months of candles: the same candles, sooner; never what a write has changed, never a file that is not whole."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db import connection, connections

from backoffice.automation.code_figures import ROOT
from cdb_site.clock import Anchor, Clock
from marketdata import retention
from marketdata.files import loading, records
from marketdata.models import Candle, CandleImport, CandleMonth
from replay import candles
from replay.candle_cache import CandleCache
from tests.integration.marketdata.test_files import run
from tests.integration.replay.candle_house import (
    MONTH_S,
    OPEN_S,
    closed,
    closes,
    files,
    grid,
    list_instruments,
    same,
    store,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
TWO_MONTHS = {"since_s": OPEN_S, "until_s": OPEN_S + MONTH_S + 600}


@pytest.fixture(autouse=True)
def instruments() -> None:
    list_instruments("BTCUSDT", "ETHUSDT")
    store(*(closed(minute, close=f"{100 + minute}.5") for minute in range(5)), source="BACKFILL")
    loading.add("ETHUSDT", "1m", [closed(0, symbol="ETHUSDT")], CandleImport.objects.create(file="f", begun_at=NOW).pk)


NOW = candles.moment(OPEN_S)


def test_what_is_kept_is_what_was_read(tmp_path: Path) -> None:
    store(closed(0, close="7.25", open_s=OPEN_S + MONTH_S))
    read = grid("BTCUSDT", "ETHUSDT", **TWO_MONTHS)

    first = grid("BTCUSDT", "ETHUSDT", cache=tmp_path, **TWO_MONTHS)
    again = grid("BTCUSDT", "ETHUSDT", cache=tmp_path, **TWO_MONTHS)

    assert same(first, read)
    assert same(again, read)
    assert [path.relative_to(tmp_path).as_posix() for path in files(tmp_path)] == [
        "1m/BTCUSDT/2026-01.npy", "1m/BTCUSDT/2026-02.npy", "1m/ETHUSDT/2026-01.npy",
    ]  # fmt: skip


def test_what_is_kept_is_not_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid(cache=tmp_path)
    monkeypatch.setattr(candles, "ARRAYS", "SELECT is asked again")

    assert closes(grid(cache=tmp_path))[0] == Decimal("100.5")


def undo_the_import() -> None:
    records.undo(CandleImport.objects.latest("pk").pk)


def delete_old() -> None:
    here = replace(settings.ENVIRONMENT, CANDLES_KEPT_DAYS=1)
    later = Clock(Anchor(wall_s=0, market_s=OPEN_S + 40 * 86_400, rate=0, simulated=True))
    assert retention.delete_old_candles(here, later, lambda: None) == 5


def replace_from_a_file(folder: Path) -> None:
    path = folder / "BTCUSDT-1m.csv"
    path.write_text(f"open_time,open,high,low,close,volume,quote_volume\n{OPEN_S},7,7,7,7,5,35\n")
    assert not run("import_candles", path, "--replace").refused


WAYS: dict[str, Callable[[Path], object]] = {
    "a socket closes one": lambda _: store(closed(5)),
    "REST fills a gap": lambda _: store(closed(7), source="REST"),
    "history is backfilled": lambda _: store(closed(8), source="BACKFILL"),
    "REST corrects one": lambda _: store(closed(0, close="99"), source="REST"),
    "a file brings new ones": lambda _: loading.add("BTCUSDT", "1m", [closed(9)]),
    "a file replaces one": replace_from_a_file,
    "an import is undone": lambda _: undo_the_import(),
    "old ones are deleted": lambda _: delete_old(),
    "a row is changed by hand": lambda _: Candle.objects.filter(instrument="BTCUSDT").update(quote_volume=1),
    "rows are deleted by hand": lambda _: Candle.objects.all().delete(),
    "the table is emptied": lambda _: connection.cursor().execute("TRUNCATE marketdata_candle"),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_follows_every_way_in_which_candles_are_written(way: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    before = grid("BTCUSDT", "ETHUSDT", cache=kept)

    WAYS[way](tmp_path)

    after = grid("BTCUSDT", "ETHUSDT", cache=kept)
    assert same(after, grid("BTCUSDT", "ETHUSDT"))
    assert not same(after, before)


def test_nobody_writes_candles_but_those_whose_ways_are_tried_here() -> None:
    writes = re.compile(r"bulk_insert\(\s*Candle,|COPY marketdata_candle|DELETE FROM marketdata_candle|brought\.filter")
    sources = [*(ROOT / "marketdata").rglob("*.py"), *(ROOT / "mexc_sim").rglob("*.py"), *(ROOT / "risk").rglob("*.py")]

    writers = {path.relative_to(ROOT).as_posix() for path in sources if writes.search(path.read_text(encoding="utf-8"))}

    assert writers == {
        "marketdata/operations.py", "marketdata/files/loading.py", "marketdata/files/records.py",
        "marketdata/retention.py",
    }  # fmt: skip


def test_a_batch_counts_once_a_month_and_one_that_changes_nothing_not_at_all() -> None:
    def writes() -> dict[str, int]:
        rows = CandleMonth.objects.filter(symbol="BTCUSDT").order_by("month")
        return {f"{row.month:%Y-%m}": row.writes for row in rows}

    before = writes()
    store(closed(5), closed(6), closed(0, open_s=OPEN_S + MONTH_S))
    once = writes()
    store(closed(5), closed(6), source="REST")

    assert before == {"2026-01": 1}
    assert once == {"2026-01": 2, "2026-02": 1}
    assert writes() == once


def test_a_candle_that_moves_to_another_month_counts_in_both() -> None:
    Candle.objects.filter(instrument="ETHUSDT").update(open_time=candles.moment(OPEN_S + MONTH_S))

    counted = CandleMonth.objects.filter(symbol="ETHUSDT").order_by("month").values_list("month__month", "writes")

    assert list(counted) == [(1, 2), (2, 1)]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def alter(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-200_000] ^= 1
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def of_another_symbol(path: Path) -> None:
    path.write_bytes((path.parents[1] / "ETHUSDT" / path.name).read_bytes())


def other_numbers(path: Path) -> None:
    np.save(path, np.zeros(7))


def a_pickle(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)


def zeros_after_a_crash(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize(
    "spoil", [cut, alter, emptied, of_another_symbol, other_numbers, a_pickle, zeros_after_a_crash]
)
def test_a_file_that_is_not_what_it_should_be_is_made_anew(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    read = grid("BTCUSDT", "ETHUSDT", cache=tmp_path)
    path = tmp_path / "1m" / "BTCUSDT" / "2026-01.npy"
    good = path.read_bytes()

    spoil(path)

    assert same(grid("BTCUSDT", "ETHUSDT", cache=tmp_path), read)
    assert path.read_bytes() == good


def test_what_was_kept_of_another_database_is_not_taken(tmp_path: Path) -> None:
    grid(cache=tmp_path)
    store(closed(0, close="55"), source="REST")
    # As many writes, and yet others: a database that was restored, and went on differently.
    CandleMonth.objects.update(writes=1)

    assert closes(grid(cache=tmp_path))[0] == 55


def test_where_nothing_can_be_kept_candles_are_read_and_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "1m").write_text("a file where a folder should be")
    cache = CandleCache(tmp_path)

    loaded = candles.load(["BTCUSDT"], "1m", OPEN_S, OPEN_S + 600, cache=cache)

    assert closes(loaded)[0] == Decimal("100.5")
    assert str(tmp_path) in cache.refused


def test_odd_names_of_symbols_stay_within_the_folder(tmp_path: Path) -> None:
    list_instruments("../币/USDT")
    store(closed(0, symbol="../币/USDT"))

    assert closes(grid("../币/USDT", cache=tmp_path / "kept"))[0] == 100
    assert len(files(tmp_path / "kept")) == 1


def test_readers_beside_a_writer_see_one_moment_and_never_a_half_file(tmp_path: Path) -> None:
    """Each write gives all candles of the month one price; whoever sees two of them saw two moments."""
    store(*(closed(minute, close="1") for minute in range(10)), source="REST")
    failures: list[object] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                seen = set(closes(grid(cache=tmp_path)))
                if len(seen) != 1:
                    failures.append(seen)
        except Exception as problem:  # noqa: BLE001 - whatever it is, it failed
            failures.append(problem)
        finally:
            connections.close_all()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for price in range(2, 30):
        store(*(closed(minute, close=str(price)) for minute in range(10)), source="REST")
    done.set()
    for reader in readers:
        reader.join()

    assert failures == []
    assert set(closes(grid(cache=tmp_path))) == {29}
    assert [path.name for path in files(tmp_path)] == ["2026-01.npy"]
