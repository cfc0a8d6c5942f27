"""Exits that are at a venue, or on their way to it, at the upgrade become intents: one that fails is tried again."""

from django.db import migrations

TAKE_OVER = """
    INSERT INTO exit_intent (account, symbol, kind, asked_by, reason, begun_at, occurred_at, attempts, next_at, ending)
    SELECT account_id, symbol, kind, '', '', created_at, occurred_at, 1, now(), '' FROM "order"
    WHERE side = 'SELL' AND state IN ('NEW', 'SUBMITTED', 'PARTIALLY_FILLED', 'UNKNOWN')
    ON CONFLICT DO NOTHING"""


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0010_exit_intents"),
        ("execution", "0010_write_offs"),
    ]

    operations = [migrations.RunSQL(sql=TAKE_OVER, reverse_sql=migrations.RunSQL.noop)]
