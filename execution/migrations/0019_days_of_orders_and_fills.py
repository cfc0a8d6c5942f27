"""The orders and fills of one day are found without reading all of them."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0018_fill_by_trade"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="fill",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["executed_at"], name="fill_by_day", pages_per_range=16
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True, fields=["occurred_at"], name="order_by_day", pages_per_range=16
            ),
        ),
    ]
