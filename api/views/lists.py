"""The lists: each a table, its row, its key, its filters. Nothing else."""

from __future__ import annotations

from api import filters
from api.rows import market, risk, trading
from api.views.base import OneRow, RowList, reading
from cdb_site.alerts.models import Alert
from cdb_site.bus.models import Event
from execution.models import Fill, LedgerEntry, Order
from execution.queries import PAPER
from marketdata.models import Candle, Instrument, UniverseMember
from risk.models import Breaker, DailyReport, Decision, EquitySnapshot, OperatorAct, Proposal, RoundTrip
from signals_app.models import Signal


@reading("list_instruments", "market", "Instruments, by symbol.")
class InstrumentsList(RowList):
    queryset = Instrument.objects.all()
    serializer_class, filterset_class, key = market.InstrumentRow, filters.InstrumentNarrowing, ("symbol",)


@reading("list_universe", "market", "Watched instruments, by symbol.")
class UniverseList(RowList):
    queryset = UniverseMember.objects.all()
    serializer_class, filterset_class, key = market.UniverseRow, filters.UniverseNarrowing, ("instrument_id",)


@reading("list_candles", "market", "Closed candles of one symbol, newest first.")
class CandlesList(RowList):
    queryset = Candle.objects.all()
    serializer_class, filterset_class, key = market.CandleTold, filters.CandleNarrowing, ("-open_time",)


@reading("list_signals", "trading", "Momentum signals, newest candle first.")
class SignalsList(RowList):
    queryset = Signal.objects.defer("context")
    serializer_class, filterset_class, key = trading.SignalRow, filters.SignalNarrowing, ("-open_time", "-signal_id")


@reading(
    "list_decisions",
    "trading",
    "Decisions of the risk manager with what each layer saw, newest first.",
)
class DecisionsList(RowList):
    queryset = Decision.objects.defer("inputs")
    serializer_class, filterset_class = risk.DecisionRow, filters.DecisionNarrowing
    key = ("-occurred_at", "-decision_id")


@reading("read_decision", "trading", "One decision with its layers.")
class OneDecision(OneRow):
    queryset = Decision.objects.defer("inputs")
    serializer_class, lookup_field = risk.DecisionRow, "decision_id"


@reading("list_orders", "trading", "Orders, newest first.")
class OrdersList(RowList):
    queryset = Order.objects.filter(account=PAPER)
    serializer_class, filterset_class, key = trading.OrderRow, filters.OrderNarrowing, ("-created_at", "-order_id")


@reading("read_order", "trading", "One order.")
class OneOrder(OneRow):
    queryset = Order.objects.all()
    serializer_class, lookup_field = trading.OrderRow, "order_id"


@reading("list_fills", "trading", "Fills as they were booked, newest first.")
class FillsList(RowList):
    queryset = Fill.objects.filter(account=PAPER).defer("model")
    serializer_class, filterset_class, key = trading.BookedFill, filters.FillNarrowing, ("-fill_id",)


@reading("list_round_trips", "trading", "Closed round trips, newest first.")
class RoundTripsList(RowList):
    queryset = RoundTrip.objects.filter(account=PAPER)
    serializer_class, filterset_class, key = trading.RoundTripRow, filters.RoundTripNarrowing, ("-last_fill_id",)


@reading("list_ledger", "account", "Changes of the cash, newest first.")
class LedgerList(RowList):
    queryset = LedgerEntry.objects.filter(account=PAPER)
    serializer_class, filterset_class, key = trading.LedgerRow, filters.LedgerNarrowing, ("-id",)


@reading("list_equity", "account", "The equity curve, newest point first.")
class EquityList(RowList):
    queryset = EquitySnapshot.objects.filter(account=PAPER)
    serializer_class, filterset_class, key = trading.EquityRow, filters.EquityNarrowing, ("-taken_at",)


@reading("list_breakers", "risk", "Circuit breakers, newest first.")
class BreakersList(RowList):
    queryset = Breaker.objects.all()
    serializer_class, filterset_class, key = risk.BreakerRow, filters.BreakerNarrowing, ("-id",)


@reading("list_proposals", "risk", "What waits for a second person, newest first.")
class ProposalsList(RowList):
    queryset = Proposal.objects.all()
    serializer_class, filterset_class, key = risk.ProposalRow, filters.ProposalNarrowing, ("-id",)


@reading("list_alerts", "alerts", "Alerts, newest first.")
class AlertsList(RowList):
    queryset = Alert.objects.all()
    serializer_class, filterset_class, key = risk.AlertRow, filters.AlertNarrowing, ("-raised_at", "-alert_id")


@reading("list_reports", "reports", "Reports of finished UTC days, newest first.")
class ReportsList(RowList):
    queryset = DailyReport.objects.filter(account=PAPER).defer("body")
    serializer_class, filterset_class, key = risk.ReportRow, filters.ReportNarrowing, ("-day",)


@reading("read_report", "reports", "The report of one UTC day.")
class OneReport(OneRow):
    queryset = DailyReport.objects.filter(account=PAPER)
    serializer_class, lookup_field = risk.ReportWhole, "day"


@reading(
    "list_events",
    "system",
    "The event log, newest first: what was said on the topics, kept for 14 days.",
)
class EventsList(RowList):
    queryset = Event.objects.all()
    serializer_class, filterset_class, key = risk.EventRow, filters.EventNarrowing, ("-recorded_at", "-event_id")


@reading("list_acts", "acts", "What people did, newest first.")
class ActsList(RowList):
    queryset = OperatorAct.objects.all()
    serializer_class, filterset_class, key = risk.ActRow, filters.ActNarrowing, ("-asked_at", "-key")


@reading("read_act", "acts", "How an act stands, by its Idempotency-Key.")
class OneAct(OneRow):
    queryset = OperatorAct.objects.all()
    serializer_class, lookup_field = risk.ActRow, "key"
