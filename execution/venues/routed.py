"""All venues of a process as one: each order goes to its own, which is asked for it later, whatever mode is in force.

Of an order whose venue is not to be had here (its keys are gone) nothing is said: it is asked for again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from execution.rules.mode import PAPER_VENUE, TEST_VENUE
from execution.venues.protocol import Report, Ticket, Venue, VenueAnswers, VenueRecords


class RoutedVenue:
    """`venues` by the name that an order carries; the paper venue is always among them."""

    name = "ROUTED"

    def __init__(self, venues: Mapping[str, Venue]) -> None:
        # What a test of the exchange filled is in paper's journal, and is asked for there when the exchange is away.
        self.venues = {TEST_VENUE: venues[PAPER_VENUE], **venues}

    def submit(self, tickets: Sequence[Ticket]) -> list[Report]:
        return [report for venue, mine in self._by_venue(tickets) for report in venue.submit(mine)]

    def cancel(self, tickets: Sequence[Ticket], reason: str) -> VenueAnswers:
        return _together([venue.cancel(mine, reason) for venue, mine in self._by_venue(tickets)])

    def query(self, tickets: Sequence[Ticket]) -> VenueAnswers:
        return _together([venue.query(mine) for venue, mine in self._by_venue(tickets)])

    def records(
        self, symbols: Collection[str], since: datetime, trades_of: Collection[str] | None = None
    ) -> VenueRecords:
        """Lists are one venue's (`execution.desks.reconciled_desk`); of all at once they are paper's."""
        return self.venues[PAPER_VENUE].records(symbols, since, trades_of)

    def _by_venue(self, tickets: Sequence[Ticket]) -> list[tuple[Venue, list[Ticket]]]:
        """Each venue with its orders, the quick one first: paper waits for no network."""
        mine: dict[str, list[Ticket]] = {}
        for ticket in tickets:
            mine.setdefault(ticket.venue, []).append(ticket)
        order = sorted(mine, key=lambda name: (name != PAPER_VENUE, name))
        return [(self.venues[name], mine[name]) for name in order if name in self.venues]


def _together(answers: Sequence[VenueAnswers]) -> VenueAnswers:
    known = {name: report for answer in answers for name, report in answer.known.items()}
    return VenueAnswers(known, frozenset().union(*(answer.absent for answer in answers)))
