"""What a start with VENUE=MEXC needs besides: the mode, and the keys of the exchange, for the execution service alone.

The demo's exchange is the simulated one. Its account and keys are made here, once a profile, in a file that the
exchange reads at its start, readable by its owner alone; the user's own keys are never told to it. All keys of the mode
are turned for it, and the set-up turns the database's: the rule is the same as everywhere, only nothing there is money.
With `make run` nothing is turned that the user did not turn.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cdb_site.local.folders import Folder
from cdb_site.local.problems import LocalProblem

KEYS = ("MEXC_API_KEY", "MEXC_API_SECRET")
ACCOUNTS_FILE = "mexc_accounts.json"
ACCOUNT = "paper"


def mode_env(given: Mapping[str, str]) -> dict[str, str]:
    """The demo's mode: real orders at its simulated exchange where VENUE says so, else paper, whatever `.env` asks."""
    if given.get("VENUE") != "MEXC":
        return {"VENUE": "PAPER", "EXECUTION_MODE": "PAPER", "LIVE_TRADING": "no"}
    return {"VENUE": "MEXC", "EXECUTION_MODE": given.get("EXECUTION_MODE", "LIVE"), "LIVE_TRADING": "yes"}


def keys(mode: str, given: Mapping[str, str], folder: Folder, env: Mapping[str, str]) -> dict[str, str]:
    """The exchange's keys as execution is told them; none where it has nothing to do there."""
    if mode == "demo":
        return _made(folder.path / ACCOUNTS_FILE, env) if env.get("VENUE") == "MEXC" else {}
    names = [name for key in KEYS for name in (key, f"{key}_FILE")]
    return {name: given[name] for name in names if name in given}


def _made(path: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Key and secret of the simulated account, which begins with what the books begin with."""
    if not path.exists():
        _write(path, env.get("QUOTE_ASSET", "USDT"), env.get("STARTING_CASH", "100000"))
    try:
        [account] = json.loads(path.read_text(encoding="utf-8"))["accounts"]
        return {"MEXC_API_KEY": str(account["key"]), "MEXC_API_SECRET": str(account["secret"])}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise LocalProblem(
            f"{path} cannot be read ({problem}). It holds the simulated account: remove it, or start with FRESH=1."
        ) from problem


def _write(path: Path, asset: str, cash: str) -> None:
    account = {
        "name": ACCOUNT,
        "key": f"mx0{secrets.token_hex(16)}",
        "secret": secrets.token_hex(24),
        "balances": {asset: cash},
        "fee_in_quote": True,
    }
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"accounts": [account]}, file, indent=2)
    draft.replace(path)
