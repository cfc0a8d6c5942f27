"""Writing a choice of the universe: who is watched from now on, and why every instrument is in or out.

Members and history are one transaction. For 30 days of market time all of it is kept; after that what a replay asks
for: the choices that chose others than the one before, and of each who was chosen or held.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from cdb_site.clock import SYSTEM
from cdb_site.db import bulk_insert, select
from marketdata.models import Instrument, UniverseChoice, UniverseEntry, UniverseMember
from marketdata.universe.rules import Place

KEPT = timedelta(days=30)
# Choices this much older are thin already; if not, because nobody chose for so long, they stay as they are.
THINNED_WITHIN = timedelta(days=7)
SAME_AS_BEFORE = """WITH old AS (
        SELECT id, chosen_at, (SELECT array_agg(symbol ORDER BY symbol) FROM marketdata_universeentry
            WHERE choice_id = choice.id AND chosen) AS members
        FROM marketdata_universechoice AS choice WHERE chosen_at >= %s AND chosen_at < %s)
    SELECT id FROM (SELECT id, members IS NOT DISTINCT FROM lag(members) OVER following
            AND row_number() OVER following > 1 AS same FROM old WINDOW following AS (ORDER BY chosen_at, id))
        AS compared WHERE same"""
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
        thin(chosen_at - KEPT)
    return change


def thin(before: datetime) -> None:
    """Of choices from before this market time keep what changed who was chosen, and no more than that."""
    since = before - THINNED_WITHIN
    UniverseChoice.objects.filter(pk__in=[pk for (pk,) in select(SAME_AS_BEFORE, [since, before])]).delete()
    old = UniverseEntry.objects.filter(choice__chosen_at__gte=since, choice__chosen_at__lt=before)
    old.filter(chosen=False, held=False).delete()


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
