"""The accounts of the simulated exchange, from a JSON file: who may sign, and what each has at the start.

    {"accounts": [{"name": "paper", "key": "mx0…", "secret": "…", "balances": {"USDT": "100000"},
                   "maker_fee": "0", "taker_fee": "0.0005", "fee_in_quote": false}]}

Amounts and fees are texts, fees as fractions; what is left out is as above. The secret is never told again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from mexc_sim.trading.accounts import ZERO, Balances, Why
from mexc_sim.trading.floor import SimAccount

FIELDS = ("name", "key", "secret", "balances", "maker_fee", "taker_fee", "fee_in_quote")
FEE_MAX = Decimal("0.1")


class AccountFileProblem(ValueError):
    """What in the file cannot be used, and what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of an account and its secret, which is not shown."""

    key: str
    secret: str
    account: SimAccount

    def __repr__(self) -> str:
        return f"ApiKey({self.account.name})"


def read_keys(path: Path) -> list[ApiKey]:
    """Raises AccountFileProblem."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise AccountFileProblem(f"{path}: {problem}") from problem
    rows = told.get("accounts") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not rows:
        raise AccountFileProblem(f'{path}: "accounts" must be a list of at least one account')
    keys = [_key(row, f"{path}: accounts[{number}]") for number, row in enumerate(rows)]
    for name, seen in (("key", {one.key for one in keys}), ("name", {one.account.name for one in keys})):
        if len(seen) < len(keys):
            raise AccountFileProblem(f"{path}: two accounts have the same {name}")
    return keys


def _key(row: Any, where: str) -> ApiKey:
    if not isinstance(row, dict):
        raise AccountFileProblem(f"{where}: must be an object with {', '.join(FIELDS)}")
    if unknown := sorted(row.keys() - set(FIELDS)):
        raise AccountFileProblem(f"{where}: {unknown[0]} is no field; there are {', '.join(FIELDS)}")
    balances = row.get("balances", {"USDT": "100000"})
    if not isinstance(balances, dict):
        raise AccountFileProblem(f'{where}: balances must be an object, such as {{"USDT": "100000"}}')
    if not isinstance(in_quote := row.get("fee_in_quote", False), bool):
        raise AccountFileProblem(f"{where}: fee_in_quote must be true or false")
    account = SimAccount(
        name=_text(row, "name", where),
        balances=_funded(balances, where),
        maker_fee=_fee(row, "maker_fee", "0", where),
        taker_fee=_fee(row, "taker_fee", "0.0005", where),
        fee_in_quote=in_quote,
    )
    return ApiKey(key=_text(row, "key", where), secret=_text(row, "secret", where), account=account)


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise AccountFileProblem(f"{where}: {name} must be a text")
    return value


def _funded(amounts: Mapping[str, Any], where: str) -> Balances:
    balances = Balances()
    for asset, text in amounts.items():
        balances.change(asset, free=_number(text, f"balances of {asset}", where), why=Why.DEPOSIT)
    return balances


def _fee(row: Mapping[str, Any], name: str, default: str, where: str) -> Decimal:
    fee = _number(row.get(name, default), name, where)
    if fee > FEE_MAX:
        raise AccountFileProblem(f"{where}: {name} is a fraction of at most {FEE_MAX}, such as 0.0005 for 0.05 %")
    return fee


def _number(text: Any, name: str, where: str) -> Decimal:
    try:
        number = Decimal(text) if isinstance(text, str) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < ZERO:
        raise AccountFileProblem(f'{where}: {name} must be a number of at least 0, as a text such as "100000"')
    return number
