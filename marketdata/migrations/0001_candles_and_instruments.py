"""Instruments, closed candles and the universe, with what the database itself refuses."""

import django.db.models.deletion
from django.db import migrations, models

import marketdata.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Candle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("interval", models.TextField()),
                ("open_time", models.DateTimeField(help_text="market time at which the candle opens")),
                ("open", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("high", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("low", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("close", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                (
                    "volume",
                    marketdata.models.ExactDecimalField(
                        decimal_places=24, help_text="base units traded", max_digits=60
                    ),
                ),
                (
                    "quote_volume",
                    marketdata.models.ExactDecimalField(
                        decimal_places=24, help_text="quote units traded", max_digits=60
                    ),
                ),
                ("source", models.TextField(choices=[("WS", "Ws"), ("REST", "Rest"), ("BACKFILL", "Backfill")])),
                (
                    "revised",
                    models.BooleanField(
                        default=False, help_text="corrected after it was first stored; never re-evaluated"
                    ),
                ),
                ("received_at", models.DateTimeField(help_text="wall time at which it was stored")),
            ],
            options={
                "ordering": ("-open_time", "instrument"),
            },
        ),
        migrations.CreateModel(
            name="Instrument",
            fields=[
                ("symbol", models.TextField(primary_key=True, serialize=False)),
                ("base_asset", models.TextField()),
                ("quote_asset", models.TextField()),
                (
                    "price_tick",
                    marketdata.models.ExactDecimalField(
                        decimal_places=24, help_text="smallest price step, in the quote asset", max_digits=60
                    ),
                ),
                (
                    "quantity_step",
                    marketdata.models.ExactDecimalField(
                        decimal_places=24, help_text="smallest quantity step, in the base asset", max_digits=60
                    ),
                ),
                (
                    "min_quantity",
                    marketdata.models.ExactDecimalField(
                        decimal_places=24, help_text="smallest order, in the base asset", max_digits=60
                    ),
                ),
                (
                    "min_notional",
                    marketdata.models.ExactDecimalField(
                        decimal_places=24, help_text="smallest order, in the quote asset", max_digits=60
                    ),
                ),
                (
                    "taker_fee",
                    marketdata.models.ExactDecimalField(
                        decimal_places=24, help_text="fraction: 0.0005 is 5 basis points", max_digits=60
                    ),
                ),
                ("status", models.TextField(choices=[("TRADING", "Trading"), ("HALTED", "Halted")], default="TRADING")),
                ("updated_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("symbol",),
            },
        ),
        migrations.CreateModel(
            name="UniverseMember",
            fields=[
                (
                    "instrument",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="marketdata.instrument",
                    ),
                ),
                ("chosen_by", models.TextField(help_text="the settings that chose it; other settings choose anew")),
                ("since", models.DateTimeField()),
            ],
            options={
                "ordering": ("instrument",),
            },
        ),
        migrations.AddConstraint(
            model_name="instrument",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_tick__gt", 0)), name="instrument_price_tick_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="instrument",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity_step__gt", 0)), name="instrument_quantity_step_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="instrument",
            constraint=models.CheckConstraint(
                condition=models.Q(("min_notional__gte", 0), ("min_quantity__gte", 0)),
                name="instrument_minimums_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="instrument",
            constraint=models.CheckConstraint(
                condition=models.Q(("taker_fee__gte", 0), ("taker_fee__lt", 1)), name="instrument_taker_fee_fraction"
            ),
        ),
        migrations.AddConstraint(
            model_name="instrument",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ("TRADING", "HALTED"))), name="instrument_status_known"
            ),
        ),
        migrations.AddField(
            model_name="candle",
            name="instrument",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="candles",
                to="marketdata.instrument",
            ),
        ),
        migrations.AddIndex(
            model_name="candle",
            index=models.Index(fields=["interval", "open_time"], name="candle_by_time"),
        ),
        migrations.AddConstraint(
            model_name="candle",
            constraint=models.UniqueConstraint(fields=("instrument", "interval", "open_time"), name="candle_once"),
        ),
        migrations.AddConstraint(
            model_name="candle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("low__gt", 0),
                    ("low__lte", models.F("open")),
                    ("low__lte", models.F("close")),
                    ("low__lte", models.F("high")),
                ),
                name="candle_low_is_lowest",
            ),
        ),
        migrations.AddConstraint(
            model_name="candle",
            constraint=models.CheckConstraint(
                condition=models.Q(("high__gte", models.F("open")), ("high__gte", models.F("close"))),
                name="candle_high_is_highest",
            ),
        ),
        migrations.AddConstraint(
            model_name="candle",
            constraint=models.CheckConstraint(
                condition=models.Q(("quote_volume__gte", 0), ("volume__gte", 0)), name="candle_volume_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="candle",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ("WS", "REST", "BACKFILL"))), name="candle_source_known"
            ),
        ),
    ]
