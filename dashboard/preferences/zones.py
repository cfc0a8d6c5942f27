"""The time zones that a person may choose: the named places of the IANA database, and UTC."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones

REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@functools.cache
def names() -> frozenset[str]:
    """UTC and every place: Europe/Berlin, America/Argentina/Salta."""
    return frozenset({"UTC"} | {name for name in available_timezones() if name.partition("/")[0] in REGIONS})


@functools.cache
def by_region() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(region, its zones), both in alphabetical order."""
    return tuple((region, tuple(sorted(n for n in names() if n.startswith(f"{region}/")))) for region in REGIONS)
