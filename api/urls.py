"""Every address of the REST API, below /api/v1/. A POST that acts commits by itself, as the pages' acts do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import transaction
from django.urls import path, re_path, register_converter
from django.urls.converters import IntConverter, StringConverter

from api.views import acts, description, exports, limits, lists, login, replays, standing
from api.views.acts import ActView
from api.views.base import NothingHere
from risk.exports.tables import TABLES


class SymbolConverter(StringConverter):
    regex = "[A-Za-z0-9]{2,30}"


class RowNumberConverter(IntConverter):
    regex = "[0-9]{1,18}"


class DayConverter(StringConverter):
    """A UTC day; what the calendar does not have is no address."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:  # type: ignore[override]
        return date.fromisoformat(value)


class ExportConverter(StringConverter):
    regex = "|".join(re.escape(name) for name in TABLES)


class InterfaceConverter(StringConverter):
    regex = "|".join(re.escape(name) for name in description.INTERFACE_FILES)


register_converter(SymbolConverter, "symbol")
register_converter(InterfaceConverter, "interface")
register_converter(RowNumberConverter, "number")
register_converter(DayConverter, "day")
register_converter(ExportConverter, "export")


def act(view: type[ActView]) -> Callable[..., Any]:
    return transaction.non_atomic_requests(view.as_view())


urlpatterns = [
    path("auth/login/", login.Login.as_view(), name="api-login"),
    path("auth/logout/", login.Logout.as_view(), name="api-logout"),
    path("auth/logout-all/", login.LogoutEverywhere.as_view(), name="api-logout-all"),
    path("status/", standing.Status.as_view(), name="api-status"),
    path("health/", standing.HealthNow.as_view(), name="api-health"),
    path("events/", lists.EventsList.as_view(), name="api-events"),
    path("instruments/", lists.InstrumentsList.as_view(), name="api-instruments"),
    path("instruments/<symbol:name>/pause/", act(acts.PauseSymbol), name="api-pause"),
    path("instruments/<symbol:name>/unpause/", act(acts.UnpauseSymbol), name="api-unpause"),
    path("universe/", lists.UniverseList.as_view(), name="api-universe"),
    path("candles/", lists.CandlesList.as_view(), name="api-candles"),
    path("quotes/", standing.Quotes.as_view(), name="api-quotes"),
    path("signals/", lists.SignalsList.as_view(), name="api-signals"),
    path("decisions/", lists.DecisionsList.as_view(), name="api-decisions"),
    path("decisions/<uuid:decision_id>/", lists.OneDecision.as_view(), name="api-decision"),
    path("decisions/<uuid:decision_id>/explanation/", standing.Explanation.as_view(), name="api-explanation"),
    path("orders/", lists.OrdersList.as_view(), name="api-orders"),
    path("orders/<uuid:order_id>/", lists.OneOrder.as_view(), name="api-order"),
    path("orders/<uuid:name>/cancel/", act(acts.CancelOrder), name="api-cancel"),
    path("fills/", lists.FillsList.as_view(), name="api-fills"),
    path("round-trips/", lists.RoundTripsList.as_view(), name="api-round-trips"),
    path("positions/", standing.Positions.as_view(), name="api-positions"),
    path("positions/close-all/", act(acts.CloseAll), name="api-close-all"),
    path("positions/<symbol:name>/close/", act(acts.ClosePosition), name="api-close"),
    path("account/", standing.AccountNow.as_view(), name="api-account"),
    path("account/reset/", act(acts.ResetAccount), name="api-reset"),
    path("account/deposit/", act(acts.Deposit), name="api-deposit"),
    path("account/withdraw/", act(acts.Withdraw), name="api-withdraw"),
    path("live-trading/ask/", act(acts.AskLiveTrading), name="api-ask-live-trading"),
    path("live-trading/withdraw/", act(acts.WithdrawLiveTrading), name="api-withdraw-live-trading"),
    path("ledger/", lists.LedgerList.as_view(), name="api-ledger"),
    path("equity/", lists.EquityList.as_view(), name="api-equity"),
    path("export/<export:what>/", exports.ExportFile.as_view(), name="api-export"),
    path("limits/", limits.LimitsNow.as_view(), name="api-limits"),
    path("limits/history/", limits.LimitHistory.as_view(), name="api-limit-history"),
    path("limits/preview/", limits.LimitsPreviewView.as_view(), name="api-limit-preview"),
    path("limits/propose/", act(acts.ProposeLimits), name="api-propose"),
    path("proposals/", lists.ProposalsList.as_view(), name="api-proposals"),
    path("proposals/<number:name>/approve/", act(acts.Approve), name="api-approve"),
    path("proposals/<number:name>/reject/", act(acts.Reject), name="api-reject"),
    path("breakers/", lists.BreakersList.as_view(), name="api-breakers"),
    path("breakers/<number:name>/release/", act(acts.ReleaseBreaker), name="api-release"),
    path("trading-state/", standing.TradingState.as_view(), name="api-trading-state"),
    path("trading-state/halt/", act(acts.Halt), name="api-halt"),
    path("trading-state/exits-only/", act(acts.ExitsOnly), name="api-exits-only"),
    path("trading-state/resume/", act(acts.Resume), name="api-resume"),
    path("alerts/", lists.AlertsList.as_view(), name="api-alerts"),
    path("alerts/<uuid:name>/acknowledge/", act(acts.Acknowledge), name="api-acknowledge"),
    path("reports/", lists.ReportsList.as_view(), name="api-reports"),
    path("reports/<day:day>/", lists.OneReport.as_view(), name="api-report"),
    path("replays/", replays.RunsList.as_view(), name="api-replays"),
    path("replays/begin/", replays.BeginRun.as_view(), name="api-begin-replay"),
    path("replays/<uuid:run_id>/", replays.OneRun.as_view(), name="api-replay"),
    path("replays/<uuid:run_id>/decisions/", replays.RunDecisions.as_view(), name="api-replay-decisions"),
    path("replays/<uuid:run_id>/trips/", replays.RunTrips.as_view(), name="api-replay-trips"),
    path("replays/<uuid:run_id>/cancel/", replays.CancelRun.as_view(), name="api-cancel-replay"),
    path("replays/<uuid:run_id>/delete/", replays.DeleteRun.as_view(), name="api-delete-replay"),
    path("acts/", lists.ActsList.as_view(), name="api-acts"),
    path("acts/<uuid:key>/", lists.OneAct.as_view(), name="api-act"),
    path("openapi.yaml", description.Description.as_view(), name="api-openapi"),
    path("docs/", description.docs, name="api-docs"),
    path("docs/<interface:name>", description.interface_file, name="api-docs-file"),
    re_path(r"^[\s\S]*\Z", NothingHere.as_view(), name="api-nothing"),
]
