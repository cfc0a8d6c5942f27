"""A breaker about the whole account that is open holds trading at REDUCING, also below somebody else's halt."""

from django.db import migrations

HOLD = """
    INSERT INTO trading_state_change (account_id, owner, state, reason, changed_by, changed_at)
    SELECT account, 'BREAKERS', 'REDUCING', 'breaker ' || string_agg(kind, ', ' ORDER BY id), 'migration',
           clock_timestamp()
    FROM breaker WHERE released_at IS NULL AND symbol = '' AND coalesce((SELECT state FROM trading_state_change
      WHERE account_id = account AND owner = 'BREAKERS' ORDER BY id DESC LIMIT 1), 'ACTIVE') = 'ACTIVE'
    GROUP BY account"""


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0007_audit_marks"),
        ("execution", "0008_owners_of_old_states"),
    ]

    operations = [migrations.RunSQL(HOLD, migrations.RunSQL.noop)]
