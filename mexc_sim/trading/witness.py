"""What a trading floor's journal bears witness to: of every account its orders, trades, payments and balances.

    told = witness.read(path)
    told.accounts["paper"].named("our-client-id")

`read` may be called while the exchange runs: a last line without its end is not there yet. Nothing is corrected: a line
that cannot be read ends it. The accounts' fees and keys are not in the journal. Pure but for the file that is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from mexc_sim.trading.floor import SimAccount
from mexc_sim.trading.journal_rows import take


class WitnessProblem(ValueError):
    """A journal that cannot be read: the file, the line, and what to do."""


@dataclass(slots=True, kw_only=True)
class Witness:
    """`market`: of which market the journal is; empty where there is none. `whole_bytes`: up to the last line's end."""

    market: dict[str, Any] = field(default_factory=dict)
    accounts: dict[str, SimAccount] = field(default_factory=dict)
    whole_bytes: int = 0


def read(path: Path) -> Witness:
    """Nothing of a file that is not there. Raises WitnessProblem, or OSError."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Witness()
    whole = content[: content.rfind(b"\n") + 1]
    told = Witness(whole_bytes=len(whole))
    for number, line in enumerate(whole.split(b"\n")[:-1], start=1):
        try:
            row = orjson.loads(line)
            if number == 1:
                told.market = dict(row["market"])
            else:
                take(told.accounts, row)
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as problem:
            raise WitnessProblem(
                f"{path}: line {number} cannot be read ({problem!r}). Start with --start-fresh to begin with accounts "
                "as their file says; the journal is then kept beside it."
            ) from problem
    return told
