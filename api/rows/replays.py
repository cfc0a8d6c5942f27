"""Runs of the replay, their decisions and round trips as rows of the API, and the wish for a run."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from api.fields import Figure, RowSerializer
from api.rows.risk import LayerRow
from cdb_site.limit_table import BY_NAME
from replay.models import ReplayRun, ReplayRunDecision, ReplayRunTrip
from replay.rules.parameters import PARAMETERS
from risk.rules.reasons import sentence

VALUE_MAX = 60
SYMBOLS_MAX, LEVELS_MAX = 7_000, 300
HELP = {
    "run_id": {"help_text": "the Idempotency-Key it was asked for with"},
    "kind": {"help_text": "REPLAY, WHAT_IF or SEARCH"},
    "state": {"help_text": "QUEUED, RUNNING, DONE, FAILED or CANCELED"},
    "asked_by": {"help_text": "who asked for it"},
    "asked_at": {"help_text": "wall time"},
    "parameters": {"help_text": "what it was asked to play"},
    "progress": {"help_text": "0 to 1, of the present attempt"},
    "step": {"help_text": "what it does now; of a search: sets done/all, each once for every stretch it is tried on"},
    "attempts": {"help_text": "how often a process began it"},
    "begun_at": {"help_text": "wall time; null: it waits"},
    "ended_at": {"help_text": "wall time; null: it is not over"},
    "error": {"help_text": "why it failed; empty: it did not"},
    "manifest": {"help_text": "what it takes to play it again"},
    "result": {"help_text": "measures, curve, counts, layer prices; or search; or what_if; null: not done"},
}
SHORT = (
    "run_id", "kind", "state", "asked_by", "asked_at", "parameters", "progress", "step", "attempts", "begun_at",
    "ended_at", "error",
)  # fmt: skip


class RunRow(RowSerializer):
    class Meta:
        model = ReplayRun
        fields = SHORT
        extra_kwargs = {name: HELP[name] for name in SHORT}


class RunWhole(RowSerializer):
    class Meta:
        model = ReplayRun
        fields = (*SHORT, "manifest", "result")
        extra_kwargs = HELP


class RunFillRow(serializers.Serializer[Any]):
    """One execution of the fill model."""

    price = Figure(help_text="quote asset")
    quantity = Figure(help_text="base units")
    fee = Figure(help_text="quote asset")


class RunDecisionRow(RowSerializer):
    sentence = serializers.SerializerMethodField(help_text="the reason in words")
    layers = LayerRow(many=True, help_text="the layers that were asked, in their order")
    params = serializers.DictField(help_text="what the reason's sentence is made with")
    executions = RunFillRow(many=True, help_text="what its order got")

    class Meta:
        model = ReplayRunDecision
        fields = (
            "number", "at", "kind", "side", "symbol", "outcome", "reason_code", "params", "sentence", "wanted_quantity",
            "quantity", "exposure_after", "layers", "executions",
        )  # fmt: skip
        extra_kwargs = {
            "number": {"help_text": "from 1, in the order they were made"},
            "at": {"help_text": "market time"},
            "kind": {"help_text": "SIGNAL, STOP, HALT or OPERATOR"},
            "side": {"help_text": "BUY or SELL"},
            "symbol": {"help_text": "pair"},
            "outcome": {"help_text": "APPROVED, TRIMMED, REJECTED or EXPIRED"},
            "reason_code": {"help_text": "why, such as EXPOSURE_LIMIT_EXCEEDED"},
            "wanted_quantity": {"help_text": "asked for, base units"},
            "quantity": {"help_text": "allowed, base units"},
            "exposure_after": {"help_text": "with this order at its worst price, quote asset"},
        }

    def get_sentence(self, row: ReplayRunDecision) -> str:
        return sentence(row.reason_code, row.params)


class RunTripRow(RowSerializer):
    class Meta:
        model = ReplayRunTrip
        fields = (
            "number", "symbol", "opened_at", "closed_at", "quantity", "entry_notional", "exit_notional", "gross",
            "fees", "net", "exit_reason", "entry", "exit",
        )  # fmt: skip
        extra_kwargs = {
            "number": {"help_text": "from 1, in the order they were closed"},
            "symbol": {"help_text": "pair"},
            "opened_at": {"help_text": "market time"},
            "closed_at": {"help_text": "market time"},
            "entry_notional": {"help_text": "bought for, quote asset"},
            "exit_notional": {"help_text": "sold for, quote asset"},
            "gross": {"help_text": "before fees, quote asset"},
            "fees": {"help_text": "quote asset"},
            "exit_reason": {"help_text": "SIGNAL, STOP or HALT"},
            "entry": {"help_text": "number of the decision that began it"},
            "exit": {"help_text": "number of the decision that ended it"},
        }


def text(words: str, most: int = VALUE_MAX) -> serializers.CharField:
    return serializers.CharField(required=False, allow_blank=True, max_length=most, help_text=words)


def parameter(name: str) -> serializers.CharField:
    one = PARAMETERS[name]
    words = BY_NAME[one.field].words if one.is_limit else f"of the strategy, as {one.variable}; empty: as in force"
    return text(f"{words}; SEARCH: levels such as 0.01,0.02 or 0.005..0.03:0.005", LEVELS_MAX)


class ReplayWish(serializers.Serializer[Any]):
    """What a run is to play; what is not named is played as it is in force. `replay/wishes.py` reads the values."""

    kind = serializers.ChoiceField(choices=ReplayRun.Kind.values, required=False, help_text="REPLAY without it")

    def get_fields(self) -> dict[str, Any]:
        own = {
            "from": text("REPLAY, SEARCH: first UTC day such as 2026-01-31, or a moment with its zone"),
            "to": text("REPLAY, SEARCH: last UTC day, which is played, or a moment that is not"),
            "symbols": text("REPLAY, SEARCH: pairs, parted by commas; empty: the universe as it was", SYMBOLS_MAX),
            "spread_bps": text("REPLAY, SEARCH: bid to ask, basis points"),
            "fill": text("REPLAY, SEARCH: CLOSE or OPEN"),
            "marks": text("REPLAY, SEARCH: CLOSE or LOW"),
            "after_halt": text("REPLAY, SEARCH: next-day, never, or minutes"),
            "rule": text("REPLAY: LIVE or PEERS"),
            "day": text("WHAT_IF: a UTC day that is over, of which a tape is kept"),
            "by": text("SEARCH: what is best: SHARPE, SORTINO, CALMAR or NET"),
            "random": text("SEARCH: try so many sets, drawn; empty: all"),
            "seed": text("SEARCH: of the draw"),
            "walk_forward": text("SEARCH: 90d/30d: choose by so long a past, play so long after it"),
            "manner": text("SEARCH: ROLLING, or ANCHORED: the past begins with the first candle"),
        }
        return super().get_fields() | own | {name.lower(): parameter(name) for name in PARAMETERS}
