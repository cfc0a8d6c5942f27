"""Closed round trips, written once each; the first look after this writes those of all fills there are."""

import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0012_equity_snapshot_booked"),
    ]

    operations = [
        migrations.CreateModel(
            name="RoundTripMark",
            fields=[
                ("account", models.TextField(primary_key=True, serialize=False)),
                ("fill_id", models.BigIntegerField(default=0)),
                ("trips", models.PositiveBigIntegerField(default=0)),
                ("gross", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("fees", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
            ],
            options={
                "db_table": "round_trip_mark",
            },
        ),
        migrations.CreateModel(
            name="RoundTrip",
            fields=[
                ("last_fill_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("first_fill_id", models.BigIntegerField()),
                ("account", models.TextField()),
                ("symbol", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField()),
                (
                    "quantity",
                    models.DecimalField(
                        decimal_places=18, help_text="the most that was held, base units", max_digits=38
                    ),
                ),
                ("entry_notional", models.DecimalField(decimal_places=18, max_digits=38)),
                ("exit_notional", models.DecimalField(decimal_places=18, max_digits=38)),
                ("avg_entry_price", models.DecimalField(decimal_places=18, max_digits=38)),
                ("avg_exit_price", models.DecimalField(decimal_places=18, max_digits=38)),
                (
                    "gross",
                    models.DecimalField(
                        decimal_places=18, help_text="what its sells realised, as the books have it", max_digits=38
                    ),
                ),
                ("fees", models.DecimalField(decimal_places=18, max_digits=38)),
                ("net", models.DecimalField(decimal_places=18, help_text="gross − fees", max_digits=38)),
                (
                    "slippage",
                    models.DecimalField(
                        decimal_places=18,
                        help_text="paid beyond the decision prices; null: one of them is not known",
                        max_digits=38,
                        null=True,
                    ),
                ),
                (
                    "best_excursion_pct",
                    models.DecimalField(
                        decimal_places=18,
                        help_text="fraction of the average entry; null: candles are missing",
                        max_digits=38,
                        null=True,
                    ),
                ),
                (
                    "worst_excursion_pct",
                    models.DecimalField(
                        decimal_places=18,
                        help_text="fraction of the average entry; null: candles are missing",
                        max_digits=38,
                        null=True,
                    ),
                ),
                ("entry_decision_id", models.UUIDField()),
                ("exit_decision_id", models.UUIDField()),
                ("entry_signal_id", models.UUIDField(null=True)),
                (
                    "exit_reason",
                    models.TextField(
                        choices=[
                            ("SIGNAL", "Signal"),
                            ("STOP", "Stop"),
                            ("HALT", "Halt"),
                            ("OPERATOR", "Operator"),
                            ("WRITE_OFF", "Write Off"),
                        ]
                    ),
                ),
                ("limits_version", models.BigIntegerField(help_text="of the entry's decision", null=True)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "round_trip",
                "ordering": ["-last_fill_id"],
                "indexes": [
                    models.Index(fields=["account", "-closed_at", "-last_fill_id"], name="round_trip_closed"),
                    models.Index(fields=["account", "symbol", "-last_fill_id"], name="round_trip_by_symbol"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("first_fill_id",), name="round_trip_opened_once"),
                    models.CheckConstraint(
                        condition=models.Q(("exit_reason__in", ["SIGNAL", "STOP", "HALT", "OPERATOR", "WRITE_OFF"])),
                        name="round_trip_exit_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "net",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("gross"), "-", models.F("fees")
                                ),
                            )
                        ),
                        name="round_trip_net_is_after_fees",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("entry_notional__gt", 0), ("exit_notional__gte", 0), ("quantity__gt", 0)),
                        name="round_trip_was_held",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("first_fill_id__lt", models.F("last_fill_id"))),
                        name="round_trip_opens_before_it_closes",
                    ),
                ],
            },
        ),
        append_only("round_trip"),
    ]
