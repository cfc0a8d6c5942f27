"""Every entry gets its other legs, as its fill has them: the fee was always taken in the quote asset until now."""

from django.db import migrations

LEGS = """UPDATE ledger_entry AS entry SET
      capital = CASE WHEN entry.kind IN ('DEPOSIT', 'WITHDRAWAL') THEN -entry.amount ELSE 0 END,
      fees = CASE entry.kind WHEN 'FEE' THEN -entry.amount ELSE 0 END,
      inventory = CASE WHEN entry.kind IN ('TRADE', 'WRITE_OFF') THEN coalesce(fill.realized_pnl, 0) - entry.amount
        ELSE 0 END,
      realized = CASE WHEN entry.kind IN ('TRADE', 'WRITE_OFF') THEN -coalesce(fill.realized_pnl, 0) ELSE 0 END,
      units = CASE WHEN entry.kind NOT IN ('TRADE', 'WRITE_OFF') THEN 0
        WHEN fill.side = 'BUY' THEN fill.quantity ELSE -coalesce(fill.quantity, 0) END
    FROM ledger_entry AS same LEFT JOIN fill ON fill.fill_id = same.fill_id WHERE same.id = entry.id"""
PAID_IN = """UPDATE account SET paid_in = coalesce((SELECT sum(amount) FROM ledger_entry
    WHERE ledger_entry.account_id = account.account AND kind IN ('DEPOSIT', 'WITHDRAWAL')), 0)"""


class Migration(migrations.Migration):
    dependencies = [("execution", "0022_ledger_legs")]

    operations = [
        # Append-only, but for this once.
        migrations.RunSQL("ALTER TABLE ledger_entry DISABLE TRIGGER USER", migrations.RunSQL.noop),
        migrations.RunSQL(LEGS, migrations.RunSQL.noop),
        migrations.RunSQL("ALTER TABLE ledger_entry ENABLE TRIGGER USER", migrations.RunSQL.noop),
        migrations.RunSQL(PAID_IN, migrations.RunSQL.noop),
    ]
