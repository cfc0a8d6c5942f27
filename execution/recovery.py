"""What execution does before it lets the first order through: nothing trades until the past is settled.

    1. events     what this worker had taken from the streams and not finished is taken to its end
    2. reconcile  the books beside the venue's lists: trades that were missed are booked, what differs halts trading
    3. audit      the invariants of the books (`risk.tasks`, which knows them)

Orders that come meanwhile stay NEW, and are taken by the sweep when all is done; entries past their deadline expire.
"""

from __future__ import annotations

from redis.exceptions import ResponseError

from cdb_site.bus.readiness import prepares
from cdb_site.bus.redis import connect
from cdb_site.bus.registry import consumers_of
from cdb_site.bus.runtime import Runtime
from cdb_site.bus.topics import topic
from execution import queries
from execution.desks import reconciled_desk
from execution.models import Account, Reconciliation
from execution.reconcile import reconcile

EXECUTION = "execution"


@prepares(EXECUTION, "what was taken from the streams and not finished", order=1)
def finish_events(runtime: Runtime) -> bool:
    """Whether nothing that this worker was given is unfinished."""
    client, name = connect(), f"{EXECUTION}-{runtime.instance}"
    keys = [topic(consumer.topic).key for consumer in consumers_of(EXECUTION)]
    try:
        return not any(client.xpending_range(key, EXECUTION, "-", "+", 1, consumername=name) for key in keys)
    except ResponseError as problem:
        if "NOGROUP" not in str(problem):
            raise
        return True  # the first start: nobody has been given anything


@prepares(EXECUTION, "the books beside the venue", order=2)
def compare_with_venue(_: Runtime) -> bool:
    """Whether the venue has answered; before an account is opened there is nothing to compare."""
    if not Account.objects.filter(account=queries.PAPER).exists():
        return True
    row = reconcile(reconciled_desk(), cause=Reconciliation.Cause.START)
    if row.result == Reconciliation.Result.UNANSWERED:
        raise TimeoutError(f"{row.venue} does not answer: {row.said}")
    return True
