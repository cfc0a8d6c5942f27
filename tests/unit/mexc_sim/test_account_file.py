"""The file of the simulated exchange's accounts: what cannot be used is named with what would."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mexc_sim.trading.account_file import AccountFileProblem, read_keys

ROW = {"name": "paper", "key": "mx0", "secret": "hidden"}


def written(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"accounts": rows}))
    return path


def test_what_is_left_out_is_as_documented_and_the_secret_is_not_shown(tmp_path: Path) -> None:
    [key] = read_keys(written(tmp_path, ROW))

    assert (key.account.balances.free("USDT"), key.account.taker_fee) == (Decimal(100_000), Decimal("0.0005"))
    assert "hidden" not in repr(key)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"secret": ""}, "secret must be a text"),
        ({"key": 5}, "key must be a text"),
        ({"balances": []}, "balances must be an object"),
        ({"balances": {"USDT": 5}}, "balances of USDT must be a number"),
        ({"balances": {"USDT": "-1"}}, "balances of USDT must be a number"),
        ({"balances": {"USDT": "NaN"}}, "balances of USDT must be a number"),
        ({"taker_fee": "0.5"}, "taker_fee is a fraction"),
        ({"fee_in_quote": "no"}, "fee_in_quote must be true or false"),
        ({"secrets": "x"}, "secrets is no field"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(AccountFileProblem, match=told):
        read_keys(written(tmp_path, ROW | changed))


def test_accounts_that_are_none_or_alike_are_refused(tmp_path: Path) -> None:
    for rows, told in (([], "at least one"), (["paper"], "must be an object"), ([ROW, ROW], "the same key")):
        with pytest.raises(AccountFileProblem, match=told):
            read_keys(written(tmp_path, *rows))
    with pytest.raises(AccountFileProblem, match="same name"):
        read_keys(written(tmp_path, ROW, ROW | {"key": "other"}))
    with pytest.raises(AccountFileProblem):
        read_keys(tmp_path / "nowhere.json")
