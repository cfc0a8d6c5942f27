"""The rows of risk: limits, decisions, what protects the account, round trips, equity, audits, reports."""

from risk.models.acts import OperatorAct
from risk.models.audits import AuditMark, AuditRun, ViolationAcknowledgement
from risk.models.decisions import Decision
from risk.models.equity import DayOpening, EquitySnapshot
from risk.models.limits import LimitVersion
from risk.models.protection import Breaker, CloseOut, ExitIntent, Proposal
from risk.models.reports import DailyReport
from risk.models.round_trips import RoundTrip, RoundTripMark

__all__ = [
    "AuditMark",
    "AuditRun",
    "Breaker",
    "CloseOut",
    "DailyReport",
    "DayOpening",
    "Decision",
    "EquitySnapshot",
    "ExitIntent",
    "LimitVersion",
    "OperatorAct",
    "Proposal",
    "RoundTrip",
    "RoundTripMark",
    "ViolationAcknowledgement",
]
