"""No entry into a paused symbol: its BUYs are dropped from an evaluation, which says so. SELLs go out. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from signals_app.rules.cross_section import Evaluated

PAUSED = "PAUSED"


def without_entries(evaluated: Evaluated, paused: Collection[str]) -> Evaluated:
    """The evaluation without BUYs of the `paused` symbols, each noted in `skipped`."""
    withheld = {draft.symbol for draft in evaluated.drafts if draft.side == "BUY" and draft.symbol in paused}
    if not withheld:
        return evaluated
    # A symbol has one draft at most: nothing rises through the threshold and falls through the exit at once.
    drafts = [draft for draft in evaluated.drafts if draft.symbol not in withheld]
    return replace(evaluated, drafts=drafts, skipped=evaluated.skipped | dict.fromkeys(sorted(withheld), PAUSED))
