"""Writing a choice of the universe: who is watched from now on, and why every instrument is in or out.

Members and history are one transaction. History is kept for 30 days of market time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from cdb_site.clock import SYSTEM
from cdb_site.db import bulk_insert
from marketdata.models import Instrument, UniverseChoice, UniverseEntry, UniverseMember
from marketdata.universe.rules import Place

KEPT = timedelta(days=30)
ON_MEMBER = "(instrument_id) DO UPDATE SET chosen_by = EXCLUDED.chosen_by, held = EXCLUDED.held"


class Change(NamedTuple):
    """What a choice changed: symbols that are watched from now on, and that are watched no more."""

    joined: list[str]
    dropped: list[str]


def store_choice(places: Sequence[Place], *, key: str, settings: str, chosen_at: datetime) -> Change:
    """Make the watched places the universe. `key`: see `settings_key`; `chosen_at` is market time.

    A held symbol that is no stored instrument cannot be watched and is left out.
    """
    now = SYSTEM.wall_now()
    known = set(Instrument.objects.values_list("symbol", flat=True))
    watched = {place.symbol: place for place in places if place.watched and place.symbol in known}
    with transaction.atomic():
        before = set(UniverseMember.objects.values_list("instrument_id", flat=True))
        change = Change(sorted(watched.keys() - before), sorted(before - watched.keys()))
        UniverseMember.objects.filter(instrument_id__in=change.dropped).delete()
        members = [
            {"instrument": symbol, "chosen_by": key, "since": now, "held": not place.chosen}
            for symbol, place in watched.items()
        ]
        bulk_insert(UniverseMember, members, on_conflict=ON_MEMBER)
        choice = UniverseChoice.objects.create(
            chosen_at=chosen_at,
            recorded_at=now,
            settings=settings,
            listed=len(places),
            chosen=sum(place.chosen for place in places),
            held=sum(place.held and not place.chosen for place in places),
            joined=change.joined,
            dropped=change.dropped,
        )
        bulk_insert(UniverseEntry, [_entry(choice, place) for place in places])
        UniverseChoice.objects.filter(chosen_at__lt=chosen_at - KEPT).delete()
    return change


def keep_for_market(symbols: Sequence[str], key: str) -> None:
    """Of the universe of another market only these symbols stay watched, as this market's."""
    with transaction.atomic():
        UniverseMember.objects.exclude(instrument_id__in=symbols).delete()
        UniverseMember.objects.update(chosen_by=key)


def _entry(choice: UniverseChoice, place: Place) -> dict[str, object]:
    return {
        "choice": choice.pk,
        "symbol": place.symbol,
        "rank": place.rank,
        "quote_volume_24h": place.quote_volume_24h,
        "spread_bps": place.spread_bps,
        "chosen": place.chosen,
        "held": place.held,
        "excluded": place.excluded,
    }
