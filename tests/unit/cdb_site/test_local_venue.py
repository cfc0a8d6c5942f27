"""What a start with VENUE=MEXC makes and gives to whom: the account of the simulated exchange, its keys, the mode."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cdb_site.local import market, venue
from cdb_site.local.folders import Folder
from cdb_site.local.problems import LocalProblem
from cdb_site.local.service_env import base_env, market_env
from cdb_site.local.system import _own_env
from cdb_site.local.twins import Twin
from cdb_site.services import SERVICES, in_one_lane
from mexc_sim.management.commands.run_mexc_sim import ACCOUNTS_FILE
from mexc_sim.trading.account_file import read_keys

MINE = {"MEXC_API_KEY": "my-own-key-at-the-exchange", "MEXC_API_SECRET": "my-own-secret-at-the-exchange"}
DEMO = {"VENUE": "MEXC", "QUOTE_ASSET": "BTC", "STARTING_CASH": "7"}


def servers() -> Any:
    return SimpleNamespace(
        credentials=SimpleNamespace(secret_key="s"), env={}, redis_env=lambda user: {"REDIS_USER": user}
    )


@pytest.mark.parametrize(("mode", "given", "name"), [
    ("demo", {}, "demo"),
    ("demo", {"VENUE": "PAPER"}, "demo"),
    ("demo", {"VENUE": "MEXC"}, "demo-MEXC"),
    ("demo", {"VENUE": "MEXC", "SIM_SEED": "3"}, "demo-MEXC-seed3"),
    ("run", {}, "run"),
    ("run", {"VENUE": "MEXC"}, "run-MEXC"),
])  # fmt: skip
def test_books_of_another_venue_have_a_profile_of_their_own(mode: str, given: dict[str, str], name: str) -> None:
    assert market.profile_name(mode, given) == name


def test_the_account_is_made_once_for_its_owner_alone_and_the_exchange_can_read_it(tmp_path: Path) -> None:
    first = venue.keys("demo", MINE, Folder(tmp_path), DEMO)

    path = tmp_path / ACCOUNTS_FILE
    [key] = read_keys(path)
    assert (key.key, key.secret) == (first["MEXC_API_KEY"], first["MEXC_API_SECRET"])
    assert (key.account.balances.free("BTC"), key.account.balances.free("USDT")) == (7, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not set(first.values()) & set(MINE.values())
    assert venue.keys("demo", MINE, Folder(tmp_path), DEMO) == first


def test_two_profiles_have_different_keys(tmp_path: Path) -> None:
    folders = [Folder(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        folder.path.mkdir()

    assert venue.keys("demo", {}, folders[0], DEMO) != venue.keys("demo", {}, folders[1], DEMO)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ACCOUNTS_FILE).write_text(json.dumps({"accounts": []}))

    with pytest.raises(LocalProblem, match=ACCOUNTS_FILE):
        venue.keys("demo", {}, Folder(tmp_path), DEMO)


def test_a_demo_on_paper_makes_no_account_and_asks_for_nothing(tmp_path: Path) -> None:
    asked = {"EXECUTION_MODE": "LIVE", "LIVE_TRADING": "yes"}

    assert venue.keys("demo", MINE, Folder(tmp_path), {}) == {}
    assert list(tmp_path.iterdir()) == []
    assert market_env("demo", {"mexc_sim": 8010}, asked)["EXECUTION_MODE"] == "PAPER"


def test_a_demo_at_the_exchange_turns_the_environment_s_keys() -> None:
    values = market_env("demo", {"mexc_sim": 8010}, {"VENUE": "MEXC"})

    assert {name: values[name] for name in ("MARKET", "VENUE", "EXECUTION_MODE", "LIVE_TRADING")} == {
        "MARKET": "SIMULATED", "VENUE": "MEXC", "EXECUTION_MODE": "LIVE", "LIVE_TRADING": "yes",
    }  # fmt: skip


def test_a_run_turns_nothing_that_the_user_did_not() -> None:
    assert market_env("run", {}, {"VENUE": "MEXC"}) == {"PORTS": "", "MARKET": "MEXC"}


def test_the_keys_are_given_to_execution_alone(tmp_path: Path) -> None:
    given = {**MINE, "MEXC_API_KEY_FILE": "/elsewhere"}
    keys = venue.keys("run", given, Folder(tmp_path), {})
    base = base_env("run", Folder(tmp_path), servers(), given)

    assert keys == given
    assert not set(base) & set(given)
    told = {item.name for item in in_one_lane(SERVICES) if set(_own_env(item, servers(), keys)) & set(given)}
    assert told == {"lane"}
    assert {item.name for item in SERVICES if set(_own_env(item, servers(), keys)) & set(given)} == {"execution"}


def test_a_further_worker_of_execution_is_given_them_too(tmp_path: Path) -> None:
    keys = venue.keys("run", MINE, Folder(tmp_path), {})
    workers = [Twin(item) for item in (*in_one_lane(SERVICES), *SERVICES)]

    told = {item.name for item in workers if set(_own_env(item, servers(), keys)) & set(MINE)}

    assert told == {"lane_2", "execution_2"}, "with fewer keys it would fill on paper what the first one orders"
