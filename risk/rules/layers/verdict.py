"""What one layer saw and did with a request."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from execution.rules.accounting import ZERO

EIGHT_PLACES = Decimal("1e-8")


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`verdict` is PASS, TRIM, REJECT, SKIP (an exit) or TRIGGER (this layer asks for it).

    `observed` and `limit` are in `unit`: FRACTION of equity, PRICE in the quote asset, BPS, ORDERS or SECONDS.
    """

    layer: int
    code: str
    verdict: str
    quantity_before: Decimal
    quantity_after: Decimal
    observed: Decimal | None = None
    limit: Decimal | None = None
    unit: str = "FRACTION"
    reason: str = ""


def skipped(layer: int, code: str, quantity: Decimal) -> Verdict:
    """An exit, or a request this layer has nothing to say about."""
    return Verdict(layer=layer, code=code, verdict="SKIP", quantity_before=quantity, quantity_after=quantity)


def judged(
    layer: int,
    code: str,
    quantity: Decimal,
    reason: str,
    observed: Decimal | None = None,
    limit: Decimal | None = None,
    unit: str = "FRACTION",
) -> Verdict:
    """All or nothing: REJECT with a reason, PASS without."""
    return Verdict(
        layer=layer,
        code=code,
        verdict="REJECT" if reason else "PASS",
        quantity_before=quantity,
        quantity_after=ZERO if reason else quantity,
        observed=observed,
        limit=limit,
        unit=unit,
        reason=reason,
    )


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """`part` of `whole` as a fraction; None without equity."""
    return (part / whole).quantize(EIGHT_PLACES) if whole > 0 else None
