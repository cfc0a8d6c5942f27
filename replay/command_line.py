"""What the commands of replay share: how days, names and amounts are written, and how far they are is told."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.conf import settings as site
from django.core.management.base import CommandParser

from execution.queries import PAPER
from marketdata.files.command_line import told_interval, told_moment
from marketdata.files.progress import ImportProgress
from replay.asked import SPREAD_BPS, seeded_limits, settings_of
from replay.rules.parameters import assigned
from replay.rules.settings import FILLS, MARKS, NEXT_DAY, RULES, ReplaySettings, after_halt_of
from replay.source import RECORDED, UNIVERSES, Progress, ReplaySource
from risk import queries
from risk.rules.limits import Limits

DAY_TEXT = len("2026-01-31")
# What the ledger can hold is far above it; above that, a quantity has more digits than Decimal counts with.
CASH_MOST = Decimal(10**12)


def last_moment(text: str) -> datetime:
    """The end of what is played: a day is played to its end, a moment is not played any more."""
    told = told_moment(text)
    try:
        return told + timedelta(days=1) if len(text.strip()) <= DAY_TEXT else told
    except OverflowError:
        raise ArgumentTypeError(f"{text!r} is the calendar's last day; leave --to out for all there is") from None


def named(choices: Sequence[str]) -> Callable[[str], str]:
    """One of these names as somebody types them: by-volume is BY_VOLUME."""

    def read(text: str) -> str:
        found = text.strip().upper().replace("-", "_")
        if found not in choices:
            raise ArgumentTypeError(f"{text!r} is none of {spelled(choices)}")
        return found

    return read


def spelled(choices: Sequence[str]) -> str:
    return "|".join(name.lower().replace("_", "-") for name in choices)


def amount(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text!r} is no number; write 4 or 0.5") from None
    if not found.is_finite():
        raise ArgumentTypeError(f"{text!r} is no number; write 4 or 0.5")
    return found


def cash(text: str) -> Decimal:
    found = amount(text)
    if not 0 < found <= CASH_MOST:
        raise ArgumentTypeError(f"{text} must be above 0 and at most {CASH_MOST:,}")
    return found


def folder(text: str) -> Path:
    """An empty text would be the folder one stands in: a variable of a script that was never set."""
    if not text.strip():
        raise ArgumentTypeError("it is empty; write . for this folder")
    return Path(text)


def halt(text: str) -> str | int:
    try:
        return after_halt_of(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem).partition(": ")[2]) from None


def add_what(parser: CommandParser) -> None:
    """Which candles, and of whom."""
    which = parser.add_argument_group("what is played")
    which.add_argument("--from", dest="since", type=told_moment, metavar="DAY", help="default: the first candle")
    which.add_argument("--to", dest="until", type=last_moment, metavar="DAY", help="default: the last candle")
    which.add_argument("--symbols", nargs="+", action="extend", default=[], metavar="SYMBOL",
                       help="these, all the time; default: the universe as it was")  # fmt: skip
    which.add_argument("--interval", type=told_interval, help="default: that of the environment")
    which.add_argument("--universe", type=named(UNIVERSES), default=RECORDED, metavar=spelled(UNIVERSES),
                       help="without --symbols; recorded (default): as it was chosen")  # fmt: skip
    which.add_argument("--files", type=folder, metavar="DIR", help="a folder of candles, such as BTCUSDT-1m.csv")
    which.add_argument("--volume-in", choices=("base", "quote"), default="base", help="unit of the files' volume")


def add_how(parser: CommandParser) -> None:
    """With which parameters, costs and rules."""
    how = parser.add_argument_group("how it is played")
    how.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
                     help="a parameter of the strategy")  # fmt: skip
    how.add_argument("--limit", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="a risk limit")
    how.add_argument("--cash", type=cash, help="starting cash; default: that of the environment")
    how.add_argument("--spread-bps", type=amount, default=SPREAD_BPS, help="bid to ask (default: %(default)s)")
    how.add_argument("--fill", type=named(FILLS), default=FILLS[0], metavar=spelled(FILLS),
                     help="at the close that decides (default), or at the next candle's open")  # fmt: skip
    how.add_argument("--marks", type=named(MARKS), default=MARKS[0], metavar=spelled(MARKS),
                     help="what layers 1 and 2 look at (default: close)")  # fmt: skip
    how.add_argument("--after-halt", type=halt, default=NEXT_DAY, metavar="next-day|never|MIN",
                     help="when it goes on after a halt for loss (default: next-day)")  # fmt: skip
    how.add_argument("--rule", type=named(RULES), default=RULES[0], metavar=spelled(RULES),
                     help="live: what decides live (default); peers: the rule of other back-testers")  # fmt: skip


def settings_asked(options: Mapping[str, Any]) -> ReplaySettings:
    """Raises ValueError naming the option, LookupError where no limits are stored."""
    values = {
        **_values(options["set"], is_limit=False, option="--set"),
        **_values(options["limit"], is_limit=True, option="--limit"),
    }
    asked = {name: options[name] for name in ("fill", "marks", "after_halt", "rule", "spread_bps")}
    if options["cash"] is not None:
        asked["starting_cash"] = options["cash"]
    environment = site.ENVIRONMENT
    if options["interval"]:
        environment = replace(environment, INTERVAL=options["interval"])
    limits: Limits = seeded_limits(environment) if options["files"] else queries.limits(PAPER)
    return settings_of(environment, limits, values, **asked)


def source_asked(options: Mapping[str, Any]) -> ReplaySource:
    """Raises ValueError naming the option."""
    symbols = [name for text in options["symbols"] for name in text.replace(",", " ").split()]
    if options["symbols"] and not symbols:
        raise ValueError("--symbols: names none; leave it out for the universe as it was")
    since, until = options["since"], options["until"]
    if since is not None and until is not None and since >= until:
        raise ValueError(_turned(since, until))
    return ReplaySource(
        since_s=None if since is None else int(since.timestamp()),
        until_s=None if until is None else int(until.timestamp()),
        symbols=tuple(symbols),
        universe=options["universe"],
        universe_size=site.ENVIRONMENT.UNIVERSE_SIZE,
        quote_asset=site.ENVIRONMENT.QUOTE_ASSET,
        folder=options["files"],
        quote_units=options["volume_in"] == "quote",
    )


def _turned(since: datetime, until: datetime) -> str:
    return (
        f"--from, --to: it would begin at {since:%Y-%m-%d %H:%M} and end no later, at {until:%Y-%m-%d %H:%M} UTC: "
        "they are turned round. The earlier one is --from."
    )


def _values(texts: Sequence[str], *, is_limit: bool, option: str) -> dict[str, Decimal]:
    """Raises ValueError."""
    found: dict[str, Decimal] = {}
    for text in texts:
        try:
            parameter, value = assigned(text, is_limit=is_limit)
            if parameter.is_limit != is_limit:
                other = "a limit; see --limit" if parameter.is_limit else "no limit; see --set"
                raise ValueError(f"{parameter.name} is {other}")
            if parameter.name in found:
                raise ValueError(f"{parameter.name} is named twice")
            found[parameter.name] = parameter.value(value)
        except ValueError as problem:
            raise ValueError(f"{option}: {problem}") from problem
    return found


def telling(progress: ImportProgress) -> Progress:
    """What a replay tells of its progress, on a terminal."""

    def tell(what: str, done: int, count: int) -> None:
        progress.tell("replay", done / count if count else 1.0, done, what)

    return tell
