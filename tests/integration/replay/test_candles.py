"""Candles as columns out of PostgreSQL: prices exact, holes as zeros, what is beyond 64 bits cut or named."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from marketdata.models import Candle
from replay.rules.columns import FIELDS, ColumnsError
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


@pytest.fixture(autouse=True)
def instruments() -> None:
    list_instruments("BTCUSDT", "ETHUSDT")


def test_every_stored_number_is_in_the_grid_to_the_last_digit() -> None:
    store(closed(0, close="84270.01", quote_volume="12345678.12345678"), closed(1, close="84270.5"))
    Candle.objects.update(open=Decimal("84270.25"), high=Decimal("84271"), low=Decimal("84000.125"))

    loaded = grid()

    for column, row in enumerate(Candle.objects.order_by("open_time")):
        for name in FIELDS:
            places = loaded.volume_places[0] if name == "quote_volume" else loaded.price_places[0]
            assert Decimal(int(getattr(loaded, name)[0, column])).scaleb(-places) == getattr(row, name)
    assert (loaded.price_places, loaded.volume_places) == ((3,), (8,))


def test_a_missing_candle_is_zero_in_every_field() -> None:
    store(closed(0), closed(2))

    loaded = grid()

    assert loaded.periods == 10
    assert [int(getattr(loaded, name)[0, 1]) for name in FIELDS] == [0] * 5
    assert closes(loaded)[:4] == [100, 0, 100, 0]


def test_a_symbol_without_candles_and_an_unknown_one_are_rows_of_nothing() -> None:
    store(closed(0))

    loaded = grid("BTCUSDT", "ETHUSDT", "NOSUCHUSDT")

    assert loaded.symbols == ("BTCUSDT", "ETHUSDT", "NOSUCHUSDT")
    assert not loaded.close[1:].any()


def test_only_candles_that_open_in_the_span_are_taken() -> None:
    store(*(closed(minute, close=str(100 + minute)) for minute in range(5)))

    loaded = grid(since_s=OPEN_S + 60, until_s=OPEN_S + 180)

    assert closes(loaded) == [101, 102]
    assert loaded.opens_s(0) == OPEN_S + 60


def test_a_span_of_nothing_is_refused() -> None:
    with pytest.raises(ColumnsError, match=r"--from, --to: no 1m candle"):
        grid(since_s=OPEN_S + 60, until_s=OPEN_S + 60)


@pytest.mark.parametrize(("changed", "named"), [
    ({"high": Decimal(10) ** 25}, "BTCUSDT high"),
    ({"quote_volume": Decimal(10) ** 20}, "BTCUSDT quote_volume"),
])  # fmt: skip
@pytest.mark.parametrize("kept", [True, False])
def test_a_number_beyond_64_bits_names_symbol_and_field(
    changed: dict[str, Decimal], named: str, *, kept: bool, tmp_path: Path
) -> None:
    store(closed(0))
    Candle.objects.update(**changed)

    with pytest.raises(ColumnsError, match=named):
        grid(cache=tmp_path if kept else None)


def test_volumes_that_do_not_fit_are_cut_the_same_whatever_is_kept(tmp_path: Path) -> None:
    # 1,440 x 98,765,432.1 x 10^7 is below 2^63, with 10^8 above; of February's 10^9 is.
    store(closed(0, quote_volume="98765432.1"), closed(1, quote_volume="0.123456789012345678"))
    store(closed(0, open_s=OPEN_S + MONTH_S, quote_volume="900000.123456789012345"))
    until_s = OPEN_S + 32 * 86_400

    bare = grid(until_s=until_s)
    fresh = grid(until_s=until_s, cache=tmp_path)
    kept = grid(until_s=until_s, cache=tmp_path)

    assert len(files(tmp_path)) == 2
    assert same(fresh, kept) and same(bare, fresh)
    assert (bare.cut_volumes, fresh.cut_volumes, kept.cut_volumes) == (("BTCUSDT",),) * 3
    assert fresh.volume_places == (7,)
    assert fresh.quote_volume[0, :2].tolist() == [987654321000000, 1234567]
    # By itself February has more places.
    february = grid(since_s=OPEN_S + MONTH_S, until_s=until_s, cache=tmp_path)
    assert (february.quote_volume[0, 0], february.volume_places) == (900_000_123_456_789, (9,))


def test_a_month_that_must_not_be_cut_is_kept_whole_beside_one_that_must(tmp_path: Path) -> None:
    store(closed(0, quote_volume="1000000000000"))
    store(closed(0, open_s=OPEN_S + MONTH_S, quote_volume="0.000000001"))

    both = grid(until_s=OPEN_S + 32 * 86_400, cache=tmp_path)
    alone = grid(since_s=OPEN_S + MONTH_S, until_s=OPEN_S + 32 * 86_400, cache=tmp_path)

    assert (both.quote_volume[0, 0], both.cut_volumes) == (10**12 * 10 ** both.volume_places[0], ("BTCUSDT",))
    assert (alone.quote_volume[0, 0], alone.volume_places, alone.cut_volumes) == (1, (9,), ())


def test_digits_that_are_gone_again_do_not_keep_large_numbers_out() -> None:
    # 18 places of a volume of 1,000,000 do not fit into 64 bits; without the one that has them, they are not needed.
    store(closed(0, quote_volume="0.000000000000000001"), closed(1, quote_volume="1000000"))
    Candle.objects.filter(quote_volume__lt=1).delete()

    loaded = grid()

    assert (loaded.quote_volume[0, 1], loaded.volume_places) == (1_000_000 // 10**0, (0,))


def test_candles_that_no_trigger_counted_are_read_all_the_same(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE marketdata_candle DISABLE TRIGGER USER")
        store(closed(0, close="1.23"))
        cursor.execute("ALTER TABLE marketdata_candle ENABLE TRIGGER USER")

    assert closes(grid(cache=tmp_path))[0] == Decimal("1.23")
    assert not list(tmp_path.rglob("*.npy"))
    assert closes(grid())[0] == Decimal("1.23")


def test_a_candle_off_the_grid_of_its_interval_is_named() -> None:
    store(closed(0))
    Candle.objects.update(open_time=datetime.fromtimestamp(OPEN_S + 7, UTC))

    with pytest.raises(ColumnsError, match="BTCUSDT open_time"):
        grid()


@pytest.mark.parametrize(("interval", "length_s"), [("5m", 300), ("4h", 14_400), ("1d", 86_400)])
def test_other_intervals_have_columns_of_their_own(interval: str, length_s: int, tmp_path: Path) -> None:
    opens = [OPEN_S + length_s * number for number in range(40)]
    store(*(closed(0, open_s=open_s, close=str(1 + number)) for number, open_s in enumerate(opens)), interval=interval)
    asked = {"interval": interval, "until_s": opens[-1] + length_s}

    loaded = grid(**asked)  # type: ignore[arg-type]

    assert closes(loaded) == list(range(1, 41))
    assert same(grid(cache=tmp_path, **asked), loaded)  # type: ignore[arg-type]
    assert same(grid(cache=tmp_path, **asked), loaded)  # type: ignore[arg-type]
