"""The market that a start is for: settings that fit it, the profile its books are kept in, whether it can be played.

What the user leaves open is filled in for a market that is not one-minute candles in USDT: the lookback is 15 candles,
a signal lives for one and a half; amounts are told in the quote asset, 100,000 USDT would be 100,000 BTC otherwise,
a volume no candle reaches.

Books of different markets, and of different venues, do not mix, so each has a profile of its own. Recorded candles are
known by what is in the files, not by where they lie: a folder of January's candles and another one of February's are
two markets, whatever they are called, and the same files elsewhere are the same market.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cdb_site.env import Environment
from cdb_site.intervals import MINUTES
from cdb_site.local.folders import CHECKOUT
from cdb_site.local.problems import LocalProblem

LOOKBACK_CANDLES = 15
USD_LIKE = ("USDT", "USDC", "USD")
OTHER_ASSETS = {"SIGNAL_MIN_VOLUME": "1", "STARTING_CASH": "100"}
DIGITS = 8
CLOCK_FILE, DATA_FILE = "mexc_sim.json", "data.sha256"


def defaults(interval: str, quote_asset: str) -> dict[str, str]:
    """Variables for this interval and quote asset; empty for one-minute candles in dollars."""
    values: dict[str, str] = {}
    minutes = MINUTES.get(interval, 1)
    if minutes != 1:
        values |= {"LOOKBACK_MINUTES": str(LOOKBACK_CANDLES * minutes), "SIGNAL_TTL_S": str(90 * minutes)}
    if quote_asset not in USD_LIKE:
        values |= OTHER_ASSETS
    return values


def check(environment: Environment) -> None:
    """Read the recording as the simulated exchange will. Raises LocalProblem naming file, line and remedy."""
    if environment.SIM_DATA:
        _ask(
            str(Path(environment.SIM_DATA).resolve()),
            environment.QUOTE_ASSET,
            environment.INTERVAL,
            "--history-candles",
            str(environment.BACKFILL_CANDLES),
        )


def _ask(folder: str, quote_asset: str, interval: str, *options: str) -> dict[str, Any]:
    """What is played of a folder, as the simulated exchange says; it lies above and is asked as a process."""
    asked = [folder, "--quote-asset", quote_asset, "--interval", interval, *options]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "mexc_sim.market.playable", *asked], cwd=CHECKOUT, capture_output=True, text=True
    )
    if done.returncode:
        raise LocalProblem(done.stderr.strip())
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def profile(mode: str, given: Mapping[str, str], home: Path) -> str:
    """The name of the market's data folder in `home`. Raises LocalProblem for a folder with nothing to play."""
    if mode == "run" or not given.get("SIM_DATA"):
        return profile_name(mode, given)
    folder = Path(given["SIM_DATA"]).resolve()
    told = _ask(str(folder), given.get("QUOTE_ASSET", "USDT"), given.get("INTERVAL", "1m"))
    files, digest = [Path(name) for name in told["files"]], str(told["digest"])
    former = profile_name(mode, given)
    if _goes_on(home / former, folder, files, digest):
        return former
    return profile_name(mode, given, digest)


def profile_name(mode: str, given: Mapping[str, str], digest: str = "") -> str:
    """The data folder's name: one per market. `digest` tells recordings of one name apart."""
    venue = [given["VENUE"]] if given.get("VENUE", "PAPER") != "PAPER" else []
    if mode == "run":
        return "-".join(["run", *venue])
    parts = ["demo", *venue]
    if given.get("SIM_DATA"):
        parts += [Path(given["SIM_DATA"]).name, *([digest[:DIGITS]] if digest else [])]
    elif given.get("SIM_SEED", "1") != "1":
        parts.append(f"seed{given['SIM_SEED']}")
    for variable, usual in (("QUOTE_ASSET", "USDT"), ("INTERVAL", "1m")):
        if given.get(variable, usual) != usual:
            parts.append(given[variable])
    return re.sub(r"[^A-Za-z0-9-]+", "_", "-".join(parts))


def _goes_on(former: Path, folder: Path, files: Sequence[Path], digest: str) -> bool:
    """Whether a profile named without a digest is this recording's, which it keeps once that was seen.

    It is when its exchange played this folder and no file of it was changed since.
    """
    kept, clock = former / DATA_FILE, former / CLOCK_FILE
    try:
        if kept.exists():
            return kept.read_text(encoding="utf-8") == digest
        played = json.loads(clock.read_text(encoding="utf-8"))["market"]["source"]
        last_s = clock.stat().st_mtime
        unchanged = all(max(path.stat().st_mtime, path.stat().st_ctime) <= last_s for path in files)
        if played != str(folder) or not unchanged:
            return False
        kept.write_text(digest, encoding="utf-8")
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
