"""What is replayed out of PostgreSQL: which candles, and who of them could be bought when."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from marketdata.intervals import moment
from marketdata.models import UniverseChoice, UniverseEntry
from marketdata.operations import set_universe
from replay.rules.universe import members_by_volume
from replay.source import BY_VOLUME, GIVEN, RECORDED, TODAY, NothingToReplay, ReplayCandles, ReplaySource, read
from risk.operations import set_limits
from signals_app.rules.strategy import strategy_of
from tests.builders import LIMITS, PAPER
from tests.integration.replay.candle_house import OPEN_S, closed, list_instruments, store

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
DAY_S, HOUR_S = 86_400, 3600
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")


@pytest.fixture(autouse=True)
def candles() -> None:
    """Three days of candles at one hour, 1 trades most and 3 least."""
    list_instruments(*SYMBOLS)
    for volume, symbol in zip(("900", "600", "300"), SYMBOLS, strict=True):
        opens = [OPEN_S + HOUR_S * hour for hour in range(72)]
        rows = [closed(0, symbol=symbol, open_s=open_s, quote_volume=volume) for open_s in opens]
        store(*rows, source="BACKFILL", interval="60m")


def choose(at_s: int, chosen: Sequence[str]) -> None:
    choice = UniverseChoice.objects.create(
        chosen_at=moment(at_s), recorded_at=moment(at_s), settings="s", listed=3, chosen=len(chosen), held=0
    )
    for symbol in SYMBOLS:
        UniverseEntry.objects.create(
            choice=choice,
            symbol=symbol,
            quote_volume_24h=Decimal(1),
            chosen=symbol in chosen,
            held=False,
            excluded="" if symbol in chosen else "RANK",
        )


def recording(**asked: Any) -> ReplayCandles:
    environment = replace(settings.ENVIRONMENT, INTERVAL="60m", LOOKBACK_MINUTES=120)
    usual = {"since_s": OPEN_S + DAY_S, "universe_size": 2}
    return read(ReplaySource(**usual | asked), strategy_of(environment), taker_fee=Decimal(0))  # type: ignore[arg-type]


def members(found: ReplayCandles, hour: int) -> str:
    """Letters of who may be bought at the close of an hour after what is played begins."""
    assert found.universe is not None
    column = found.universe[:, found.warm_up + hour]
    return "".join(name[0] for name, chosen in zip(found.grid.symbols, column, strict=True) if chosen)


def test_a_day_before_the_first_candle_is_read_and_not_played() -> None:
    found = recording()

    assert (found.warm_up, found.grid.periods) == (24, 72)
    assert found.grid.opens_s(found.warm_up) == OPEN_S + DAY_S


def test_nothing_is_played_beyond_what_is_stored() -> None:
    found = recording(since_s=OPEN_S - 9 * DAY_S, until_s=OPEN_S + 30 * DAY_S)

    assert found.grid.opens_s(found.warm_up) == OPEN_S
    assert found.grid.closes_s(found.grid.periods - 1) == OPEN_S + 3 * DAY_S
    assert "candles are stored from 2026-01-01 00:00 on; it begins there." in found.notes


def test_the_recorded_choices_are_who_could_be_bought() -> None:
    choose(OPEN_S, ["CUSDT"])
    choose(OPEN_S + DAY_S + 5 * HOUR_S, ["BUSDT", "CUSDT"])
    choose(OPEN_S + 9 * DAY_S, ["AUSDT"])

    found = recording()

    assert found.chosen_by == RECORDED
    assert found.grid.symbols == ("BUSDT", "CUSDT")
    assert [members(found, hour) for hour in (0, 3, 4, 40)] == ["C", "C", "BC", "BC"]


def test_before_the_first_record_the_most_liquid_of_the_day_before_are() -> None:
    choose(OPEN_S + DAY_S + 5 * HOUR_S, ["CUSDT"])

    found = recording()

    assert [members(found, hour) for hour in (0, 3, 4)] == ["AB", "AB", "C"]
    assert "choices are recorded from 2026-01-02 05:00 on; before, by volume." in found.notes


def test_without_any_record_volume_decides_hour_by_hour() -> None:
    found = recording()

    assert found.chosen_by == BY_VOLUME
    assert found.universe is not None
    assert np.array_equal(found.universe, members_by_volume(found.grid, 2))
    assert members(found, 0) == "AB"


def test_todays_universe_is_taken_only_when_asked_for_and_warns() -> None:
    set_universe(["BUSDT"], "test")

    found = recording(universe=TODAY)

    assert (found.chosen_by, found.grid.symbols, found.universe) == (TODAY, ("BUSDT",), None)
    assert any(note.startswith("survivorship") for note in found.notes)


def test_named_symbols_are_played_all_the_time() -> None:
    found = recording(symbols=("c_usdt", "AUSDT"))

    assert (found.chosen_by, found.grid.symbols, found.universe) == (GIVEN, ("AUSDT", "CUSDT"), None)
    assert found.rules["AUSDT"].price_tick == Decimal("0.01")


def test_other_candles_choose_again_what_was_chosen_by_volume_and_nothing_else() -> None:
    choose(OPEN_S + DAY_S + 5 * HOUR_S, ["CUSDT"])
    found = recording()
    other = found.on(replace(found.grid, quote_volume=found.grid.quote_volume[::-1]))

    assert [members(other, hour) for hour in (0, 3, 4)] == ["BC", "BC", "C"]


@pytest.mark.parametrize(("asked", "told"), [
    ({"symbols": ("AUSD",)}, "--symbols: symbol: AUSD is not listed; did you mean AUSDT"),
    ({"since_s": OPEN_S + 9 * DAY_S}, "there are some from 2026-01-01T00:00 to 2026-01-04T00:00"),
    ({"universe": TODAY}, "--symbols: nobody with 60m candles"),
])  # fmt: skip
def test_what_cannot_be_replayed_says_why(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(NothingToReplay) as problem:
        recording(**asked)

    assert told in str(problem.value)


def replayed(*words: str) -> tuple[str, dict[str, Any]]:
    out = io.StringIO()
    call_command(
        "replay", *words, "--interval", "60m", "--set", "LOOKBACK_MINUTES=120", stdout=out, stderr=io.StringIO()
    )
    return out.getvalue(), json.loads(out.getvalue().splitlines()[-1])


def test_the_command_replays_what_is_stored_with_the_limits_in_force() -> None:
    set_limits(PAPER, LIMITS, by="test", reason="test")

    text, told = replayed("--from", "2026-01-02", "--to", "2026-01-02")

    assert (told["from"], told["to"]) == ("2026-01-02T00:00:00.000000Z", "2026-01-03T00:00:00.000000Z")
    assert (told["candles"], told["universe"], told["trips"]) == (72, BY_VOLUME, 0)
    assert "only symbols whose candles were stored at the time can be chosen by their volume." in text
    assert datetime.fromisoformat(told["to"]).tzinfo is not None


def test_a_manifest_is_repeated_though_there_are_later_candles(tmp_path: Path) -> None:
    set_limits(PAPER, LIMITS, by="test", reason="test")
    replayed("--export", str(tmp_path))
    store(closed(0, symbol="AUSDT", open_s=OPEN_S + 80 * HOUR_S, close="77"), interval="60m")
    out = io.StringIO()

    call_command("replay", "--manifest", str(tmp_path / "manifest.json"), stdout=out, stderr=io.StringIO())

    assert json.loads(out.getvalue().splitlines()[-1])["repeated"] is True
    assert "differs" not in out.getvalue()


def test_a_corrected_candle_is_named_by_the_repetition(tmp_path: Path) -> None:
    set_limits(PAPER, LIMITS, by="test", reason="test")
    replayed("--export", str(tmp_path))
    store(closed(0, symbol="AUSDT", open_s=OPEN_S + 30 * HOUR_S, close="77"), interval="60m", source="REST")
    out = io.StringIO()

    with pytest.raises(CommandError, match="differs stands above"):
        call_command("replay", "--manifest", str(tmp_path / "manifest.json"), stdout=out, stderr=io.StringIO())

    assert "differs: data_hash" in out.getvalue()


def test_without_limits_it_says_how_to_get_some() -> None:
    with pytest.raises(CommandError, match="seed_limits"):
        replayed("--from", "2026-01-02")
