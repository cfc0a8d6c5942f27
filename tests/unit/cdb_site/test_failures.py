"""What a failure means is told by its code, whatever class of exception carries it."""

from __future__ import annotations

import psycopg
import pytest
import redis
from django.db import DataError, IntegrityError, InterfaceError, InternalError, OperationalError

from cdb_site.failures import Failure, meaning_of, waiting_for_servers


def carried(sqlstate: str, carrier: type[Exception]) -> Exception:
    """Django's exception, made from the driver's with that code."""
    problem = carrier("said by the server")
    problem.__cause__ = psycopg.errors.lookup(sqlstate)("said by the server")
    return problem


@pytest.mark.parametrize(("sqlstate", "carrier", "meaning"), [
    ("57P01", OperationalError, Failure.WAIT),
    ("57P03", OperationalError, Failure.WAIT),
    ("08006", OperationalError, Failure.WAIT),
    ("53300", OperationalError, Failure.WAIT),
    ("53100", OperationalError, Failure.WAIT),
    ("25P03", InternalError, Failure.WAIT),
    ("25006", InternalError, Failure.WAIT),
    ("55P03", OperationalError, Failure.WAIT),
    ("40001", OperationalError, Failure.RETRY),
    ("40P01", OperationalError, Failure.RETRY),
    ("57014", OperationalError, Failure.RETRY),
    ("53200", OperationalError, Failure.RETRY),
    ("54001", OperationalError, Failure.WORK),
    ("54023", OperationalError, Failure.WORK),
    ("22003", DataError, Failure.WORK),
    ("23514", IntegrityError, Failure.WORK),
])  # fmt: skip
def test_the_code_decides(sqlstate: str, carrier: type[Exception], meaning: Failure) -> None:
    assert meaning_of(carried(sqlstate, carrier)) is meaning


@pytest.mark.parametrize("problem", [
    OperationalError("connection refused"), InterfaceError("connection already closed"),
    psycopg.OperationalError("the connection is lost"), redis.exceptions.ConnectionError(),
    redis.exceptions.TimeoutError(), redis.exceptions.BusyLoadingError(), redis.exceptions.OutOfMemoryError(),
])  # fmt: skip
def test_a_server_that_judged_nothing_is_waited_for(problem: Exception) -> None:
    assert meaning_of(problem) is Failure.WAIT


@pytest.mark.parametrize("problem", [ValueError("ours"), redis.exceptions.ResponseError("WRONGTYPE"), KeyError("x")])
def test_what_no_server_is_to_blame_for_is_the_work_itself(problem: Exception) -> None:
    assert meaning_of(problem) is Failure.WORK


def test_a_loop_goes_on_after_an_outage_and_ends_on_its_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr("cdb_site.failures.close_old_connections", lambda: done.append("lost connections closed"))

    with waiting_for_servers("the loop", lambda: done.append("paused")):
        raise OperationalError("away")
    with pytest.raises(ValueError, match="ours"), waiting_for_servers("the loop", lambda: done.append("paused")):
        raise ValueError("ours")

    assert sorted(done) == ["lost connections closed", "paused"]
