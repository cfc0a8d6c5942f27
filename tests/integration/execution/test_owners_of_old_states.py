"""Changes of the trading state from before they had owners: the state stays, and everything held can be released."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from execution import queries
from execution.models import TradingStateChange
from tests.builders import PAPER, open_paper_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]
migration = import_module("execution.migrations.0008_owners_of_old_states")


class Editor:
    """What the migration needs of a schema editor."""

    connection = connection


# Old rows after "ACTIVE by system", oldest first: (state, changed_by)…, then who holds what afterwards.
CASES = [
    ([], {}),
    ([("HALTED", "anna")], {"OPERATOR": "HALTED"}),
    ([("HALTED", "audit_books"), ("ACTIVE", "anna")], {}),
    ([("HALTED", "rebuild_books")], {"AUDIT": "HALTED"}),
    ([("REDUCING", "risk")], {"BREAKERS": "REDUCING"}),
    ([("REDUCING", "risk"), ("ACTIVE", "risk")], {}),
    ([("REDUCING", "risk"), ("HALTED", "risk")], {"LOSS": "HALTED", "BREAKERS": "REDUCING"}),
    ([("REDUCING", "risk"), ("ACTIVE", "anna"), ("HALTED", "anna")], {"OPERATOR": "HALTED"}),
    ([("HALTED", "risk"), ("REDUCING", "anna")], {"OPERATOR": "REDUCING"}),
    ([("HALTED", "anna"), ("HALTED", "audit_books")], {"OPERATOR": "HALTED", "AUDIT": "HALTED"}),
]


def plant(changes: list[tuple[str, str]]) -> None:
    for state, by in changes:
        TradingStateChange.objects.create(account_id=PAPER, state=state, changed_by=by, reason="of old")


@pytest.mark.parametrize(("changes", "held"), CASES)
def test_the_state_stays_and_each_owner_gets_its_own(changes: list[tuple[str, str]], held: dict[str, str]) -> None:
    open_paper_account()
    plant(changes)

    migration.give_owners(None, Editor)

    assert queries.trading_state(PAPER) == (changes[-1][0] if changes else "ACTIVE")
    assert {hold.owner: hold.state for hold in queries.holds(PAPER)} == held


@pytest.mark.parametrize(("changes", "held"), CASES)
def test_taken_back_the_newest_change_is_the_state_again(changes: list[tuple[str, str]], held: dict[str, str]) -> None:
    open_paper_account()
    plant(changes)
    migration.give_owners(None, Editor)
    state = queries.trading_state(PAPER)

    migration.take_owners(None, Editor)

    assert TradingStateChange.objects.first().state == state


def test_the_table_is_append_only_again_afterwards() -> None:
    open_paper_account()
    migration.give_owners(None, Editor)

    with pytest.raises(Exception, match="append-only"):
        TradingStateChange.objects.update(reason="other")
