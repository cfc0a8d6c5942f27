"""Every paper fill derived again from what was stored with it: price, quantity and fee, to the last digit.

`execution/rules/fill_evidence.py` runs the functions that filled over the fill's own model; the order the model states
is compared with the order's row. A fill without all that is needed is counted as not derivable, with the reason, and
never as good: those of older models, write-offs, which no venue filled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from cdb_site import db
from execution.rules.book_walk import Execution
from execution.rules.fill_evidence import NotDerivable, asked_of, derived

BATCH = 2000
STORED = """SELECT f.fill_id, f.trade_id, f.side, f.price, f.quantity, f.fee, f.model::text, o.client_order_id, o.side,
        o.quantity, o.limit_price, o.reduce_only
    FROM fill f JOIN "order" o USING (order_id) WHERE o.venue = 'PAPER'"""
FILLS = f"{STORED} AND f.fill_id > %s ORDER BY f.fill_id LIMIT %s"
FILLS_OF = f"{STORED} AND f.fill_id = ANY(%s) ORDER BY f.fill_id"


class StoredFill(NamedTuple):
    """A fill as it is stored, with its order."""

    fill_id: int
    trade_id: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    model: dict[str, Any]
    client_order_id: str
    order_side: str
    order_quantity: Decimal
    limit_price: Decimal | None
    reduce_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FillDifference:
    """One figure of a fill that its model does not give."""

    fill_id: int
    column: str
    stored: object
    derived: object

    def __str__(self) -> str:
        return f"fill {self.fill_id}: {self.column} is {self.stored}, its model gives {self.derived}"


@dataclass(slots=True)
class Rederived:
    """What came of all fills. `underivable`: how many by reason."""

    checked: int = 0
    different: int = 0
    underivable: Counter[str] = field(default_factory=Counter)


def rederive(
    tell: Callable[[FillDifference], None], after_batch: Callable[[Rederived], None] = lambda so_far: None
) -> Rederived:
    """Derive every paper fill again, in batches, oldest first; `tell` is called with what differs."""
    found = Rederived()
    for batch in _batches():
        for fill in batch:
            try:
                differing = differences(fill)
            except NotDerivable as problem:
                found.underivable[str(problem)] += 1
                continue
            found.checked += 1
            found.different += bool(differing)
            for difference in differing:
                tell(difference)
        after_batch(found)
    return found


def fills_of(ids: Sequence[int]) -> Iterator[StoredFill]:
    """The paper fills of these numbers, oldest first."""
    for start in range(0, len(ids), BATCH):
        yield from (_stored(row) for row in db.select(FILLS_OF, (list(ids[start : start + BATCH]),)))


def differences(fill: StoredFill) -> list[FillDifference]:
    """What of one fill comes out otherwise. Raises NotDerivable."""
    if fill.trade_id.startswith("write-off"):
        raise NotDerivable("WRITTEN_OFF")
    executions = derived(fill.model)
    asked = asked_of(fill.model)
    pairs: list[tuple[str, object, object]] = [
        ("side", fill.side, asked.side),
        ("its order's side", fill.order_side, asked.side),
        ("its order's quantity", fill.order_quantity, asked.quantity),
        ("its order's limit", fill.limit_price, asked.limit_price),
        ("its order's reduce_only", fill.reduce_only, asked.reduce_only),
    ]
    execution = _numbered(executions, fill)
    if execution is None:
        pairs.append(("trade_id", fill.trade_id, f"{len(executions)} trades of {fill.client_order_id}"))
    else:
        pairs += [(name, getattr(fill, name), getattr(execution, name)) for name in ("price", "quantity", "fee")]
    return [
        FillDifference(fill_id=fill.fill_id, column=column, stored=stored, derived=given)
        for column, stored, given in pairs
        if stored != given
    ]


def _numbered(executions: tuple[Execution, ...], fill: StoredFill) -> Execution | None:
    """The execution of a trade's number, if there is one of that name."""
    number = fill.trade_id.removeprefix(f"{fill.client_order_id}-")
    if not number.isdecimal() or not 0 < int(number) <= len(executions):
        return None
    return executions[int(number) - 1]


def _stored(row: tuple[Any, ...]) -> StoredFill:
    return StoredFill(*row)._replace(model=orjson.loads(row[6]))


def _batches() -> Iterator[list[StoredFill]]:
    after = 0
    while batch := [_stored(row) for row in db.select(FILLS, (after, BATCH))]:
        yield batch
        after = batch[-1].fill_id
