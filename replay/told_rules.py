"""How a replay plays, in sentences that stand beside every result: what it assumes is part of what it brings."""

from __future__ import annotations

from cdb_site.units import plain
from replay.rules.settings import LOW, NEVER, NEXT_DAY, OPEN, PEERS, ReplaySettings
from replay.source import BY_VOLUME, GIVEN, RECORDED, TODAY

UNIVERSES = {
    RECORDED: "who may be bought: as the universe was chosen at the time, by the record.",
    BY_VOLUME: "who may be bought: the most liquid of the 24 h before, chosen every hour.",
    TODAY: "who may be bought: today's universe, all the time.",
    GIVEN: "who may be bought: the symbols that were named, all the time.",
}
PEERS_RULES = (
    "BUY when flat and momentum >= threshold, not on the candle of an exit; SELL when close <= base × (1 + exit).",
    "the stop looks at closes, first; full size, each pair by itself; no spread, no impact, no fee.",
    "gaps count as the close before; nothing is decided on a pair's last candle, the rest is sold there.",
)


def rules(settings: ReplaySettings, chosen_by: str) -> list[str]:
    """The rules that a replay was played by."""
    if settings.rule == PEERS:
        return list(PEERS_RULES)
    when = "at the open of the next candle" if settings.fill == OPEN else "at that close"
    return [
        f"decided at the close of each candle as one batch, SELLs first; filled {when}.",
        f"bid and ask = price ∓ {plain(settings.spread_bps / 2)} bps, on the tick; depth from the volume of 24 h.",
        "a stop touches when the bid at the low <= the stop; sold at min(open, stop), before that close's signals.",
        f"layers 1 and 2 look at closes{', positions at the lows' if settings.marks == LOW else ''}; "
        f"after a halt for loss {_after_halt(settings.after_halt)}.",
        "JUMP and SILENCE follow from the candles; SKEW and REJECT_RATE are not modelled; nobody pauses or halts.",
        UNIVERSES[chosen_by],
    ]


def _after_halt(rule: str | int) -> str:
    if rule == NEXT_DAY:
        return "it goes on the next UTC day"
    return "it never goes on" if rule == NEVER else f"it goes on after {rule} min"
