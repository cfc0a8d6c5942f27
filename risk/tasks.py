"""What wakes the risk manager: signals, order results, quotes, and timed jobs."""

from __future__ import annotations

from collections.abc import Sequence

from celery import shared_task
from django.conf import settings

from cdb_site.bus.consumer import consumes, reads, sweeps
from cdb_site.bus.events import BusEvent
from cdb_site.bus.outbox import UnitOfWork
from cdb_site.bus.readiness import prepares
from cdb_site.bus.runtime import Runtime
from cdb_site.clock import SYSTEM
from execution.queries import PAPER
from risk import audit, operations, round_trips
from risk.decision.requests import from_signal
from risk.loss_baselines import process_levels
from risk.marks import process_marks
from risk.reports import writing
from risk.tape import keeping
from risk.undecided import UndecidedSignals
from risk.watch.observations import process_observer
from risk.watch.stops import watch_desk

RING_AGAIN_AFTER_S = 10
undecided_signals = UndecidedSignals()


def settle_dead_signal(event: BusEvent, error: str) -> None:
    """A signal that was given up still gets its decision."""
    operations.reject_dead_letter(PAPER, from_signal(event), marks=process_marks(), clock=SYSTEM)


def decide_in_line(unit: UnitOfWork, events: list[BusEvent]) -> None:
    """Decide signals inside the transaction that stores them."""
    operations.decide_within(
        unit,
        PAPER,
        [from_signal(event) for event in events],
        marks=process_marks(),
        clock=SYSTEM,
        levels=process_levels(PAPER),
    )


@consumes("signals", service="risk", on_dead=settle_dead_signal, in_line=decide_in_line)
@shared_task(name="risk.decide_signals")
def decide_signals(events: list[BusEvent]) -> int:
    """Decide a micro-batch of signals."""
    requests = [from_signal(event) for event in events]
    decided = operations.decide_batch(
        PAPER, requests, marks=process_marks(), clock=SYSTEM, levels=process_levels(PAPER), in_line=True
    )
    return len(decided)


def take_results_in_line(unit: UnitOfWork, events: list[BusEvent]) -> None:
    """The same where execution lives in this process: when they are committed, and unread from the stream."""
    unit.then(lambda: take_order_results(events))


@consumes("order_results", service="risk", in_line=take_results_in_line)
@shared_task(name="risk.take_order_results")
def take_order_results(events: list[BusEvent]) -> None:
    """Positions may have changed: the watcher reads them anew and marks the portfolio."""
    if any(event.payload["fills"] for event in events):
        watch_desk().positions_changed()


@reads("market_data.quotes", service="risk", place=True)
def take_quotes(events: list[BusEvent], place: str) -> None:
    """Keep the marks at the latest books and let the layers that watch look at what changed."""
    process_marks().board.take([quote for event in events for quote in event.payload["quotes"]], place)
    process_observer(PAPER).hear(events)
    watch_desk().quotes_changed({quote["symbol"] for event in events for quote in event.payload["quotes"]})


@sweeps("signals")
def undecided() -> Sequence[str]:
    """Event ids of signals without a decision long after they were stored."""
    return undecided_signals.look(RING_AGAIN_AFTER_S)


@shared_task(name="risk.audit_books")
def audit_books() -> int:
    """Audit what is new in the books, once a day everything; a new violation halts trading. Returns how many are."""
    return len(audit.run_due(PAPER).violations)


@prepares("execution", "the audit of the books", order=3)
def audit_before_trading(_: Runtime) -> bool:
    """The books are audited before execution lets the first order through; a violation halts trading. Where others went
    on meanwhile their last audit counts, if it found nothing and is no older than two come after one another."""
    if not audit.clean_lately():
        audit.run_and_store(PAPER, full=False)
    return True


@shared_task(name="risk.catch_up_round_trips")
def catch_up_round_trips() -> int:
    """Write the round trips that were closed since the last look. In the clock: nothing that trades waits for it."""
    return round_trips.catch_up(PAPER)


@shared_task(name="risk.keep_tape")
def keep_tape() -> int:
    """Look at the tape's newest files, and delete those whose time is over, in the clock. Returns how many went."""
    keeping.look_at_new(SYSTEM.wall_now())
    return keeping.drop_old(settings.ENVIRONMENT.TAPE_KEPT_DAYS, SYSTEM.wall_now())


@shared_task(name="risk.write_daily_reports")
def write_daily_reports() -> int:
    """Write the reports of the days of market time that are over, in the clock as well. Returns how many were new."""
    return len(writing.write_due(PAPER, SYSTEM.market_now()))
