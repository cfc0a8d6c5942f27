"""Where orders go: what was asked for, the keys that are there, and the mode that follows. Pure.

    PAPER  orders are filled by the paper venue                    (always to be had)
    TEST   the exchange checks each order, paper fills it          (asked for, and API key and secret)
    LIVE   orders are real                                         (asked for, and every key below)

Whatever is missing means PAPER, never the mode in between; what is missing is named. An order carries its destination
from its claim on: a mode that ends later changes nothing about where that order is asked for, or canceled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    PAPER = "PAPER"
    TEST = "TEST"
    LIVE = "LIVE"


class MissingKey(StrEnum):
    """What keeps a mode from being in force."""

    MODE = "MODE"
    VENUE = "VENUE"
    LIVE_TRADING = "LIVE_TRADING"
    ENABLED = "ENABLED"
    LIMITS = "LIMITS"
    API_KEY = "API_KEY"
    API_SECRET = "API_SECRET"  # noqa: S105 # nosec B105 - the name of a variable
    BUILD = "BUILD"


PAPER_VENUE, TEST_VENUE, LIVE_VENUE = "PAPER", "MEXC_TEST", "MEXC"
VENUE_OF: Mapping[Mode, str] = {Mode.PAPER: PAPER_VENUE, Mode.TEST: TEST_VENUE, Mode.LIVE: LIVE_VENUE}
MODE_OF: Mapping[str, Mode] = {venue: mode for mode, venue in VENUE_OF.items()}
# What of the exchange must be there for it to be asked at all.
EXCHANGE = (MissingKey.VENUE, MissingKey.API_KEY, MissingKey.API_SECRET, MissingKey.BUILD)
NEEDED: Mapping[Mode, tuple[MissingKey, ...]] = {
    Mode.PAPER: (),
    Mode.TEST: EXCHANGE,
    Mode.LIVE: (*EXCHANGE, MissingKey.LIVE_TRADING, MissingKey.ENABLED, MissingKey.LIMITS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeKeys:
    """Which keys are there: two of the environment's own, the exchange's two, two of the database, and whether this
    build can talk to the exchange at all."""

    venue: bool
    live_trading: bool
    api_key: bool
    api_secret: bool
    enabled: bool
    limits: bool
    build: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeTold:
    """The mode in force, the one asked for, and what keeps them apart: empty when they are the same."""

    mode: Mode
    asked: Mode
    missing: tuple[MissingKey, ...] = ()

    @property
    def venue(self) -> str:
        """Where a new entry goes."""
        return VENUE_OF[self.mode]


def missing_for(mode: Mode, keys: ModeKeys) -> tuple[MissingKey, ...]:
    """Keys that are not there of those this mode needs; that it was asked for is no key."""
    there = {
        MissingKey.VENUE: keys.venue,
        MissingKey.API_KEY: keys.api_key,
        MissingKey.API_SECRET: keys.api_secret,
        MissingKey.BUILD: keys.build,
        MissingKey.LIVE_TRADING: keys.live_trading,
        MissingKey.ENABLED: keys.enabled,
        MissingKey.LIMITS: keys.limits,
    }
    return tuple(one for one in NEEDED[mode] if not there[one])


def effective(asked: Mode, keys: ModeKeys) -> ModeTold:
    """The mode in force: the one asked for with every key of it there, else PAPER."""
    missing = missing_for(asked, keys)
    return ModeTold(mode=Mode.PAPER if missing else asked, asked=asked, missing=missing)


def what_lacks(asked: Mode, keys: ModeKeys) -> dict[Mode, tuple[MissingKey, ...]]:
    """For each mode beyond paper, what it still takes: for people who want to get there."""
    return {
        mode: (*missing_for(mode, keys), *((MissingKey.MODE,) if asked != mode else ()))
        for mode in (Mode.TEST, Mode.LIVE)
    }


def is_real(venue: str) -> bool:
    """Whether what is bought there is bought with money."""
    return venue == LIVE_VENUE


def exit_venue(held_at: str, in_force: ModeTold) -> str:
    """An exit goes to where its position is: what is real is sold at the exchange whatever mode is in force, what is
    paper never there."""
    if is_real(held_at):
        return LIVE_VENUE
    return TEST_VENUE if in_force.mode == Mode.TEST else PAPER_VENUE


def crosses(held_at: str | None, entry_venue: str) -> bool:
    """Whether an entry would put real and paper units of one symbol into one position, which no exit could sell."""
    return held_at is not None and is_real(held_at) != is_real(entry_venue)
