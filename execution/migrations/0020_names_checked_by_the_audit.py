"""Fills and ledger name their account, and the ledger its fill, by the statement that writes them together. Checking
each name at the commit cost a tenth of what PostgreSQL does for a fill; the audit looks instead."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0019_days_of_orders_and_fills"),
    ]

    operations = [
        migrations.AlterField(
            model_name="fill",
            name="account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="fills",
                to="execution.account",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ledger",
                to="execution.account",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="fill",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ledger",
                to="execution.fill",
            ),
        ),
    ]
