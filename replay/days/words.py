"""A day with other limits, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from cdb_site.units import in_unit, plain
from replay.rules.what_if import FOLLOWING, DaySide, WhatIf


def lines(found: WhatIf) -> Iterator[str]:
    """The result in a page of text."""
    limits = ", ".join(f"{name} {plain(value)}" for name, value in found.limits.items()) or "the same limits"
    yield f"{found.account} on {found.day} with {limits}"
    yield f"decisions {found.decisions}, changed {found.changed}, orders gone {found.gone}, new {found.new}"
    delay = "at once: nothing was filled that day" if found.delay_s is None else f"{found.delay_s} s after the decision"
    yield f"modelled {found.modelled} (filled {delay}), of them without a quote of the tape {found.from_look}"
    if found.not_recorded:
        yield f"kept as recorded, because stored without a look: {found.not_recorded} decisions"
    yield f"{'':12}{'result':>14}{'fees':>12}{'drawdown':>12}{'orders':>9}{'equity':>16}"
    yield _side("recorded", found.recorded)
    yield _side("other", found.other)
    if found.first:
        yield f"first: {found.first}"
        yield from (f"  then {one}" for one in found.changes[1 : FOLLOWING + 1])
        if len(found.changes) > FOLLOWING + 1:
            yield f"  and {len(found.changes) - FOLLOWING - 1} more"
    if found.not_modelled:
        yield f"not modelled: {', '.join(found.not_modelled)}"


def _side(name: str, side: DaySide) -> str:
    money = [in_unit(value, "MONEY") for value in (side.pnl, side.fees)]
    drawdown, equity = in_unit(side.drawdown, "FRACTION"), in_unit(side.equity, "MONEY")
    return f"{name:12}{money[0]:>14}{money[1]:>12}{drawdown:>12}{side.orders:>9}{equity:>16}"
