"""The ledger's entries of one day are found without reading all of them."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0024_ledger_balances"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="ledgerentry",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["occurred_at"], name="ledger_by_day", pages_per_range=16
            ),
        ),
    ]
