"""What an instrument's rules were: a row whenever they change, append-only."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import marketdata.models
from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("marketdata", "0006_writes_of_candles"),
    ]

    operations = [
        migrations.CreateModel(
            name="InstrumentRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("price_tick", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("quantity_step", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("min_quantity", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("min_notional", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("taker_fee", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("status", models.TextField()),
                ("sides", models.TextField()),
                ("market_at", models.DateTimeField(help_text="market time at which they were found to be so")),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text="wall time"),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rules",
                        to="marketdata.instrument",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "instrument rules",
                "db_table": "instrument_rules",
                "ordering": ("instrument", "market_at", "pk"),
                "indexes": [models.Index(fields=["instrument", "-market_at", "-id"], name="instrument_rules_at")],
            },
        ),
        append_only("instrument_rules"),
    ]
