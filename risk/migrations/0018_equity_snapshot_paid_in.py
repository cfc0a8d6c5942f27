"""A point of the equity curve knows what had been paid in: the peak of 24 hours is no payment."""

from django.db import migrations, models

# A new start of the account forgets the points before it; until now nothing else was ever paid in or out.
FILL = """UPDATE equity_snapshot SET paid_in = account.paid_in FROM account
    WHERE account.account = equity_snapshot.account AND stored_at > now() - interval '3 days'"""


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0017_operator_acts"),
        ("execution", "0023_legs_of_old_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="equitysnapshot",
            name="paid_in",
            field=models.DecimalField(
                decimal_places=18,
                help_text="deposits less withdrawals until then; null: unknown",
                max_digits=38,
                null=True,
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
