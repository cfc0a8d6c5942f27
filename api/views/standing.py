"""How the system and the account stand now, and why something was decided: read at the moment it is asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.problems import ApiProblem
from api.rendering import CsvRenderer
from api.rows.market import QuoteRow
from api.rows.system import (
    AccountStanding,
    ExplanationRow,
    HealthRow,
    StatusRow,
    TradingStateRow,
)
from api.rows.trading import PositionRow
from api.views.base import ApiAddress, not_found, reading
from cdb_site.bus import latest
from cdb_site.bus.models import DeadLetter, Outbox
from cdb_site.clock import SYSTEM, age_s, iso, parse_iso
from execution.queries import PAPER
from risk.operator import holders, standing, status_report, trace, trace_text
from risk.rules.reasons import sentence


@reading(
    "read_status",
    "system",
    "Trading state, market and its clock, and the last audit of the books.",
    StatusRow,
)
class Status(ApiAddress):
    def get(self, request: Request) -> Response:
        anchor = SYSTEM.anchor
        return Response(
            {
                "account": PAPER,
                "market": {"simulated": anchor.simulated, "label": anchor.label, "rate": anchor.rate},
                "market_now": iso(SYSTEM.market_now()),
                "wall_now": iso(SYSTEM.wall_now()),
                **standing.books(),
            }
        )


@reading(
    "read_trading_state",
    "trading state",
    "Who holds trading at what, since when and why.",
    TradingStateRow,
)
class TradingState(ApiAddress):
    def get(self, request: Request) -> Response:
        return Response(TradingStateRow(holders.told(PAPER)).data)


def _report() -> dict[str, Any]:
    try:
        return status_report.report(status_report.fresh_source(PAPER, SYSTEM))
    except LookupError as problem:
        words = _("The account is not open yet: %(why)s.") % {"why": problem}
        raise ApiProblem(409, "refused", words) from problem


@reading(
    "read_account",
    "account",
    "Equity, cash, the day's result, and how far the account is from its limits.",
    AccountStanding,
)
class AccountNow(ApiAddress):
    def get(self, request: Request) -> Response:
        return Response(AccountStanding(_report()).data)


@reading(
    "list_positions",
    "account",
    "What is held, by symbol, at its mark.",
    PositionRow(many=True),
)
class Positions(ApiAddress):
    renderer_classes = (JSONRenderer, CsvRenderer)

    def get(self, request: Request) -> Response:
        return Response(PositionRow(_report()["positions"], many=True).data)

    def get_renderer_context(self) -> dict[str, Any]:
        return super().get_renderer_context() | {"columns": list(PositionRow().fields)}


@reading(
    "list_quotes",
    "market",
    "The latest quote of every symbol, by symbol. 503 while Redis does not answer.",
    QuoteRow(many=True),
)
class Quotes(ApiAddress):
    renderer_classes = (JSONRenderer, CsvRenderer)

    def get(self, request: Request) -> Response:
        now_s = SYSTEM.wall_s()
        quotes = latest.read_quotes()
        return Response([_quote(quotes[symbol], now_s) for symbol in sorted(quotes)])

    def get_renderer_context(self) -> dict[str, Any]:
        return super().get_renderer_context() | {"columns": list(QuoteRow().fields)}


def _quote(raw: dict[str, Any], now_s: float) -> dict[str, Any]:
    told = {name: raw.get(name) for name in map(str, QuoteRow().fields)}
    received_s = parse_iso(raw["received_at"]).timestamp()
    return told | {"age_s": round(age_s(received_s, now_s), 3)}


@reading(
    "read_health",
    "system",
    "Every service by its heartbeat, what waits to be sent, what was given up, the last audit.",
    HealthRow,
)
class HealthNow(ApiAddress):
    def get(self, request: Request) -> Response:
        books = standing.books()
        return Response(
            {
                "services": status_report.services(SYSTEM),
                "outbox": Outbox.objects.count(),
                "dead_letters": DeadLetter.objects.filter(state="OPEN").count(),
                "audited_at": books["audited_at"],
                "violations": books["violations"],
            }
        )


@reading(
    "explain_decision",
    "trading",
    "Why: the chain of a decision, from the candle to the fills, and what happened around it.",
    ExplanationRow,
)
class Explanation(ApiAddress):
    def get(self, request: Request, decision_id: Any) -> Response:
        try:
            chain = trace.find(str(decision_id))
        except trace.NotFound as problem:
            raise not_found(str(decision_id)) from problem
        if chain.decision is None or chain.decision.decision_id != decision_id:
            raise not_found(str(decision_id))
        return Response(
            {
                "sentence": sentence(chain.decision.reason_code, chain.decision.params),
                "lines": list(trace_text.lines(chain)),
                "chain": trace_text.as_json(chain),
            }
        )
