"""The tape of a recorded day: its quotes for whoever plays the day, and what a check of the day looks for in it.

A look names the newest entry of the quotes' stream that it had seen: the newest quote of its symbol up to there must be
the book that is stored with the decision, figure by figure. Where the tape does not reach, nothing is compared, and the
decision is counted as untaped, never as equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from cdb_site.clock import parse_iso
from execution.rules.fill_model import Book
from replay.days.comparing import DayDifference
from replay.rules.day_path import begins, ends
from replay.rules.recorded_day import DayDecision, RecordedDay
from replay.rules.tape_quotes import DayTape, NoTape, TapeQuote
from risk.models import TapeFile
from risk.tape import reading
from risk.tape.block import QuoteRow, place_order
from risk.tape.checking import check_files

FIGURES = ("bid", "ask", "bid_quantity", "ask_quantity", "quote_volume_24h")
# As much before the first look as its quotes may be old.
BEFORE = timedelta(hours=1)
AFTER = timedelta(minutes=1)


class RecordedTape:
    """The quotes of a day, gone over once: each call goes on where the one before it ended."""

    def __init__(self, begun: datetime, ended: datetime) -> None:
        self._quotes = reading.quotes(reading.place_of(begun), reading.place_of(ended))
        self._next: TapeQuote | None = None

    def quotes(self, begun: datetime, ended: datetime) -> Iterator[TapeQuote]:
        """After one wall time, up to another."""
        while (quote := self._next or self._read()) is not None:
            if quote.at > ended:
                self._next = quote
                return
            self._next = None
            if quote.at > begun:
                yield quote

    def _read(self) -> TapeQuote | None:
        taped = next(self._quotes, None)
        if taped is None:
            return None
        return TapeQuote(reading.moment_of(taped.place), taped.quote["symbol"], book_of(taped.quote))


def book_of(quote: QuoteRow) -> Book:
    """A quote of the tape as the board has it."""
    figures: dict[str, Decimal | None] = {name: _number(quote.get(name)) for name in FIGURES}
    return Book(**figures, quoted_at=parse_iso(quote["event_at"]), last=Decimal(quote["last"]))  # type: ignore[arg-type]


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def tape_of(day: RecordedDay) -> DayTape:
    """The quotes of a day; none where no tape is kept of it."""
    begun, ended = begins(day) - BEFORE, ends(day) + AFTER
    return RecordedTape(begun, ended) if _files(begun, ended) else NoTape()


def _files(begun: datetime, ended: datetime) -> bool:
    kept = TapeFile.objects.filter(dropped_at=None).exclude(first_place="")
    return kept.filter(begun_at__lte=ended, written_at__gte=begun).exists()


@dataclass(slots=True, kw_only=True)
class TapeFindings:
    """What the tape has to say of a day: files that are not what was written, looks that were otherwise, and stretches
    without quotes in words. `untaped` are decisions whose look it does not reach."""

    differences: list[DayDifference] = field(default_factory=list)
    holes: tuple[str, ...] = ()
    untaped: int = 0


def findings(day: RecordedDay) -> TapeFindings:
    """What is on the tape, from the day's first moment to its last. What is wrong with files of other days is none of
    this one's; where no tape is, nothing is compared. A day of which nothing is recorded has no moments to look at."""
    if not _is_recorded(day):
        return TapeFindings()
    begun, ended = begins(day) - BEFORE, ends(day)
    found = TapeFindings(holes=holes_of(day))
    for fault in check_files(reading.files_between(reading.place_of(begun), reading.place_of(ended))).faults:
        block = "file" if fault.block is None else f"block {fault.block}"
        found.differences.append(
            DayDifference(table="tape", row=fault.file, field=block, stored=fault.what, again="what was written")
        )
    if not found.differences:
        _compare_looks(day, found)
    return found


def _is_recorded(day: RecordedDay) -> bool:
    return bool(
        day.decisions or day.bookings or any(point.taken_at.date() == day.day for point in day.facts.levels.points)
    )


def holes_of(day: RecordedDay) -> tuple[str, ...]:
    """Stretches of the day without quotes, in words."""
    rows = reading.holes(reading.place_of(begins(day)), reading.place_of(ends(day)))
    return tuple(
        f"hole of the tape from {row.from_at:%H:%M:%S} to {row.until_at:%H:%M:%S}: {row.reason}" for row in rows
    )


def _compare_looks(day: RecordedDay, found: TapeFindings) -> None:
    """Along the tape once, in order of the looks' places."""
    looks = sorted((one for one in day.decisions if one.place), key=lambda one: place_order(one.place))
    found.untaped = len(day.decisions) - len(looks)
    if not looks:
        return
    newest: dict[str, QuoteRow] = {}
    seen = ""
    quotes = reading.quotes(reading.place_of(begins(day) - BEFORE), looks[-1].place)
    waiting = next(quotes, None)
    for look in looks:
        while waiting is not None and place_order(waiting.place) <= place_order(look.place):
            newest[waiting.quote["symbol"]], seen = waiting.quote, waiting.place
            waiting = next(quotes, None)
        # A tape that reaches there has the very entry.
        _compare(look, newest.get(look.request.symbol) if seen == look.place else None, found)


def _compare(look: DayDecision, quote: QuoteRow | None, found: TapeFindings) -> None:
    if quote is None or look.market.book is None:
        found.untaped += 1
        return
    taped = book_of(quote)
    for name in (*FIGURES, "last", "quoted_at"):
        stored, again = getattr(look.market.book, name), getattr(taped, name)
        if stored != again:
            found.differences.append(
                DayDifference(
                    table="decision",
                    row=str(look.decision_id),
                    field=f"look.{name}",
                    stored=str(stored),
                    again=str(again),
                )
            )
