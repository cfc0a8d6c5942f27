"""Every change of the trading state gets its owner, and the state stays what it was.

Until now any change replaced the one before. What a later ACTIVE had lifted, or a later change had loosened, is
released by a row of its own, so that no owner holds on to what nobody would release.
"""

from typing import Any

from django.db import migrations

TABLES = ("trading_state_change", "execution_tradingstatehistory")
NAME_OWNERS = """UPDATE "{table}" SET owner = CASE
    WHEN changed_by IN ('audit_books', 'rebuild_books') THEN 'AUDIT'
    WHEN changed_by = 'risk' AND state = 'HALTED' THEN 'LOSS'
    WHEN changed_by = 'risk' THEN 'BREAKERS'
    ELSE 'OPERATOR' END"""
STRICTNESS = "array_position(ARRAY['ACTIVE', 'REDUCING', 'HALTED'], {})"
RELEASE_WHAT_HELD_NO_MORE = f"""
    INSERT INTO trading_state_change (account_id, owner, state, reason, changed_by, changed_at)
    SELECT held.account_id, held.owner, 'ACTIVE', 'released by a later change', 'migration', clock_timestamp()
    FROM (SELECT DISTINCT ON (account_id, owner) account_id, owner, state, id FROM trading_state_change
          ORDER BY account_id, owner, id DESC) AS held
    JOIN (SELECT DISTINCT ON (account_id) account_id, state FROM trading_state_change
          ORDER BY account_id, id DESC) AS newest USING (account_id)
    LEFT JOIN (SELECT account_id, max(id) AS id FROM trading_state_change WHERE state = 'ACTIVE'
          GROUP BY account_id) AS released USING (account_id)
    WHERE held.state <> 'ACTIVE'
      AND (held.id < released.id OR {STRICTNESS.format("held.state")} > {STRICTNESS.format("newest.state")})"""  # noqa: S608 - constants
LET_THE_STRICTEST_BE_NEWEST = f"""
    INSERT INTO trading_state_change (account_id, owner, state, reason, changed_by, changed_at)
    SELECT DISTINCT ON (account_id) account_id, 'OPERATOR', state, 'as before', 'migration', clock_timestamp()
    FROM (SELECT DISTINCT ON (account_id, owner) account_id, owner, state, id FROM trading_state_change
          ORDER BY account_id, owner, id DESC) AS held
    ORDER BY account_id, {STRICTNESS.format("state")} DESC"""  # noqa: S608 - constants


def give_owners(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')  # append-only, but for this once
            cursor.execute(NAME_OWNERS.format(table=table))
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
        cursor.execute(RELEASE_WHAT_HELD_NO_MORE)


def take_owners(apps: Any, schema_editor: Any) -> None:
    """Where the newest change alone is the state, it must be the strictest that is held."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(LET_THE_STRICTEST_BE_NEWEST)


class Migration(migrations.Migration):
    dependencies = [("execution", "0007_state_owner")]

    operations = [migrations.RunPython(give_owners, take_owners)]
