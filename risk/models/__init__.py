"""The rows of risk: limits, decisions, what protects the account, round trips, equity, audits, reports,
and the tape."""

from risk.models.acts import OperatorAct
from risk.models.audits import AuditMark, AuditRun, ViolationAcknowledgement
from risk.models.decisions import Decision
from risk.models.equity import DayOpening, EquitySnapshot
from risk.models.limits import LimitVersion
from risk.models.protection import Breaker, CloseOut, ExitIntent, Proposal
from risk.models.reports import DailyReport
from risk.models.round_trips import RoundTrip, RoundTripMark
from risk.models.tape import TapeFile, TapeHole

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
    "TapeFile",
    "TapeHole",
    "ViolationAcknowledgement",
]
