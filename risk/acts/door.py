"""The one door of all acts: the wish is stored, then done, then answered; each key once.

1. The values are read; what cannot be read is refused by its field, and nothing is stored.
2. The row is inserted UNDER_WAY and committed. A key that is there already is the same wish arriving again.
3. One transaction locks the row, does the deed and settles the row. Who comes second waits at the lock and finds the
   answer; who comes after a crash finds the row UNDER_WAY and unlocked, which means that nothing was done, and does it.
4. After the commit comes what may wait for the account (canceling what a halt left open).

An urgent act does 3 and 4 in a thread of its own and answers after ANSWER_AFTER_S at the latest, done or under way.
What a crash leaves of it the risk service carries out (`risk/acts/leftovers.py`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from cdb_site.clock import SYSTEM, Clock
from cdb_site.history.middleware import attach
from execution.operations import Refused
from execution.queries import PAPER
from risk.acts.deeds import AskedAct, Refusal, Said
from risk.acts.parameters import BadParameters, read_all
from risk.acts.table import ACTS, Act
from risk.acts.words import UNDER_WAY, told
from risk.marks import Marks
from risk.models import OperatorAct
from risk.operator.status_report import fresh_source

log = logging.getLogger(__name__)
ANSWER_AFTER_S = 0.7
REASON_MAX = 2000
State = OperatorAct.State


class KeyUsed(Exception):
    """The key belongs to another wish."""


class Delayed(Exception):
    """An urgent act that could not be done now stays under way."""


@dataclass(frozen=True, kw_only=True)
class ActWish:
    """What somebody asks for, as it arrives; `typed` are the parameters' texts."""

    name: str
    key: UUID
    by: str
    reason: str
    typed: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Market:
    """Where deeds read prices and the time."""

    marks: Callable[[], Marks]
    clock: Clock


def live_market() -> Market:
    return Market(marks=lambda: fresh_source(PAPER, SYSTEM).marks, clock=SYSTEM)


def perform(wish: ActWish, market: Market | None = None) -> OperatorAct:
    """Do it, or find how it ended. Raises BadParameters and KeyUsed; a refusal is an answer."""
    act = ACTS[wish.name]
    row = _stored(act, wish)
    if row.state != State.UNDER_WAY:
        return row
    market = market or live_market()
    if act.urgent:
        _in_time(row.key, market)
    else:
        carry_out(row.key, market)
    row.refresh_from_db()
    return row


def sentence(row: OperatorAct) -> str:
    """How an act stands, in the language of whoever reads."""
    return str(UNDER_WAY) if row.state == State.UNDER_WAY else told(row.answer, row.answer_params)


def _stored(act: Act, wish: ActWish) -> OperatorAct:
    values = _read(act, wish)
    reason = wish.reason.strip()
    with transaction.atomic():
        attach(by=wish.by, where=f"/acts/{act.name}/")
        row, _new = OperatorAct.objects.get_or_create(
            key=wish.key,
            defaults={"account": PAPER, "name": act.name, "parameters": values, "by": wish.by, "reason": reason},
        )
    if (row.name, row.parameters, row.by, row.reason) != (act.name, values, wish.by, reason):
        raise KeyUsed
    return row


def _read(act: Act, wish: ActWish) -> dict[str, Any]:
    problems: dict[str, Any] = {}
    values: dict[str, Any] = {}
    try:
        values = read_all(act.parameters, wish.typed)
    except BadParameters as problem:
        problems |= problem.problems
    if act.needs_reason and not wish.reason.strip():
        problems["reason"] = _("say why; others will read it")
    elif len(wish.reason) > REASON_MAX:
        problems["reason"] = _("is too long: 2,000 characters at most")
    if problems:
        raise BadParameters(problems)
    return values


def _in_time(key: UUID, market: Market) -> None:
    """In a thread that goes on by itself when the answer may not wait any longer."""

    language = get_language()

    def run() -> None:
        try:
            with override(language):
                carry_out(key, market)
        finally:
            connection.close()

    thread = threading.Thread(target=run, name=f"act {key}", daemon=True)
    thread.start()
    thread.join(ANSWER_AFTER_S)


def carry_out(key: UUID, market: Market, *, skip_locked: bool = False) -> None:
    """Do what is under way, and settle it in the same transaction."""
    try:
        with transaction.atomic():
            rows = OperatorAct.objects.select_for_update(skip_locked=skip_locked)
            row = rows.filter(key=key, state=State.UNDER_WAY).first()
            if row is None:
                return
            attach(by=row.by, where=f"/acts/{row.name}/")
            said = _do(row, market)
    except Delayed:
        log.warning("the act %s must not be lost and is tried again", key)
        return
    except Exception:
        log.exception("the act %s failed", key)
        settle_undone(key, "FAILED")
        return
    if said and said.then:
        try:
            said.then()
        except Exception:
            log.exception("what follows the act %s is left to the guard", key)


def _do(row: OperatorAct, market: Market) -> Said | None:
    """The deed in a savepoint of its own: what is refused leaves nothing but its answer."""
    asked = AskedAct(
        account=row.account,
        by=row.by,
        reason=row.reason,
        values=row.parameters,
        market=market.marks,
        clock=market.clock,
    )
    try:
        with transaction.atomic():
            said = ACTS[row.name].deed(asked)
    except Refusal as problem:
        _settle(row, State.REFUSED, problem.code, problem.params)
        return None
    except (Refused, LookupError) as problem:
        _settle(row, State.REFUSED, "REFUSED", {"words": str(problem)})
        return None
    except OperationalError as problem:
        log.warning("the act %s was not done: %s", row.name, problem)
        if ACTS[row.name].urgent:
            raise Delayed from problem
        _settle(row, State.REFUSED, "BUSY", {})
        return None
    _settle(row, State.DONE, said.code, said.params)
    return said


def _settle(row: OperatorAct, state: str, code: str, params: dict[str, Any]) -> None:
    row.state, row.answer, row.answer_params, row.done_at = state, code, params, SYSTEM.wall_now()
    row.save(update_fields=["state", "answer", "answer_params", "done_at"])


def settle_undone(key: UUID, code: str) -> None:
    """An act that nobody holds and that is still under way was not done at all: say so."""
    with transaction.atomic():
        row = OperatorAct.objects.select_for_update(skip_locked=True).filter(key=key, state=State.UNDER_WAY).first()
        if row is not None:
            _settle(row, State.REFUSED, code, {})
