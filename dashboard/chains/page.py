"""Everything the page of one chain shows, read and put in order: the number of queries is the same for every chain."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cdb_site.alerts.catalog import next_step, sentence
from cdb_site.clock import Clock
from dashboard.chains import answer
from dashboard.chains.candles import candle_step
from dashboard.chains.fills import fill_rows, fill_sum
from dashboard.chains.layers import layers_of, marks
from dashboard.chains.people import deeds, standing
from dashboard.chains.strip import strip_band
from dashboard.chains.timing import timing
from execution.models import Position
from execution.queries import PAPER
from marketdata.queries import recent_candles
from risk.decision.redecide import NOT_OF_THE_LAYERS, redecide
from risk.models import Decision
from risk.operator.trace import Chain
from risk.rules.reasons import sentence as reason


def context(chain: Chain, clock: Clock) -> dict[str, Any]:
    """The template's values."""
    subject = chain.decision or chain.signal or chain.order
    symbol = subject.symbol if subject else (chain.alert.params.get("symbol") if chain.alert else None)
    candle = candle_step(chain)
    filled = fill_sum(chain.fills, chain.order)
    layers = layers_of(chain.decision) if chain.decision else []
    took = timing(chain, candle.stored_at if candle else None)
    position = Position.objects.filter(account=PAPER, symbol=symbol).first() if symbol else None
    shown = {
        "chain": chain,
        "subject": subject,
        "symbol": symbol,
        "question": answer.title(chain, filled),
        "headline": answer.headline(chain, filled),
        "words": answer.words(chain),
        "tiles": answer.tiles(chain, filled, took, position, _last_close(symbol) if filled else None),
        "took": {part: took.since(part) for part in took.at},
        "at": took.at,
        "candle": candle,
        "layers": layers,
        "decisive": answer.trimmed_by(layers),
        "filled": filled,
        "fill_rows": fill_rows(chain.fills, chain.order),
        "alerts": [_alert(row, clock.wall_now()) for row in _alerts(chain)],
        "deeds": deeds(chain),
        "held": position.quantity if position else Decimal(0),
        "standing": standing(symbol, position) if symbol else "",
        "near": [(row, marks(row), reason(row.reason_code, row.params)) for row in chain.near],
    }
    return shown | (_of_decision(chain.decision, layers) if chain.decision else {})


def _of_decision(decision: Decision, layers: list[Any]) -> dict[str, Any]:
    newer = Decision.objects.filter(decided_at__gt=decision.decided_at).order_by("decided_at")
    older = Decision.objects.filter(decided_at__lt=decision.decided_at).order_by("-decided_at")
    return {
        "band": strip_band(decision.wanted_quantity, layers),
        "again": again(decision),
        "newer": newer.values_list("decision_id", flat=True).first(),
        "older": older.values_list("decision_id", flat=True).first(),
        "share": decision.quantity / decision.wanted_quantity if decision.wanted_quantity else None,
        "worth": decision.quantity * decision.price if decision.price else None,
        "wanted_worth": decision.wanted_quantity * decision.price if decision.price else None,
    }


def again(decision: Decision) -> dict[str, Any]:
    """The stored decision decided again, now: `same`, or in words what came out otherwise, or why it could not be."""
    if decision.reason_code in NOT_OF_THE_LAYERS:
        return {"same": None, "words": [_("no layer decided it, so there is nothing to decide again")]}
    if not decision.inputs:
        return {"same": None, "words": [_("its inputs were not stored")]}
    try:
        found = redecide(decision)
    except (ArithmeticError, AssertionError, KeyError, TypeError, ValueError) as problem:
        return {"same": None, "words": [_("its inputs cannot be read: %(problem)s") % {"problem": repr(problem)[:200]}]}
    told = [
        _("%(field)s was %(stored)s, now %(again)s") % {"field": row.field, "stored": row.stored, "again": row.again}
        for row in found
    ]
    return {"same": not found, "words": told}


def _alerts(chain: Chain) -> list[Any]:
    asked = [chain.alert] if chain.alert else []
    return asked + [row for row in chain.alerts if row not in asked]


def _alert(row: Any, now: datetime) -> dict[str, Any]:
    ended = row.closed_at or now
    return {
        "row": row,
        "words": sentence(row.code, row.params),
        "next": next_step(row.code).replace("`", "") if row.closed_at is None else "",
        "lasted": (ended - row.raised_at).total_seconds(),
    }


def _last_close(symbol: str | None) -> Decimal | None:
    candles = recent_candles(symbol, settings.ENVIRONMENT.INTERVAL, 1) if symbol else []
    return candles[0].close if candles else None
