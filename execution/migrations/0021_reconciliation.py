from decimal import Decimal

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0020_names_checked_by_the_audit"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExternalOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("venue", models.TextField()),
                ("venue_order_id", models.TextField()),
                ("client_order_id", models.TextField(blank=True)),
                ("symbol", models.TextField(blank=True)),
                ("side", models.TextField(blank=True)),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("filled_quantity", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("open", models.BooleanField()),
                ("first_seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="external_orders",
                        to="execution.account",
                    ),
                ),
            ],
            options={
                "db_table": "external_order",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("account", "venue", "venue_order_id"), name="external_order_once"),
                    models.CheckConstraint(
                        condition=models.Q(("filled_quantity__gte", 0), ("quantity__gte", 0)),
                        name="external_order_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("venue", models.TextField()),
                (
                    "cause",
                    models.TextField(
                        choices=[
                            ("START", "Start"),
                            ("RECONNECT", "Reconnect"),
                            ("PERIODIC", "Periodic"),
                            ("OPERATOR", "Operator"),
                        ]
                    ),
                ),
                (
                    "result",
                    models.TextField(
                        choices=[
                            ("EVEN", "Even"),
                            ("DIFFERENT", "Different"),
                            ("UNSETTLED", "Unsettled"),
                            ("UNANSWERED", "Unanswered"),
                        ]
                    ),
                ),
                ("ran_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("read_to", models.DateTimeField(help_text="market time up to which the venue's trades were read")),
                ("trades_read", models.PositiveIntegerField(default=0)),
                (
                    "fills_booked",
                    models.PositiveIntegerField(
                        default=0, help_text="trades that were missing here and are booked now"
                    ),
                ),
                (
                    "external_orders",
                    models.PositiveIntegerField(default=0, help_text="orders seen that are none of ours"),
                ),
                ("differences", models.JSONField(default=list, help_text="both sides of each: what, venue, books")),
                ("said", models.TextField(blank=True, help_text="what the venue said where it did not answer")),
                ("duration_ms", models.PositiveIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reconciliations",
                        to="execution.account",
                    ),
                ),
            ],
            options={
                "db_table": "reconciliation",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["account", "venue", "-id"], name="reconciliation_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("result__in", ["EVEN", "DIFFERENT", "UNSETTLED", "UNANSWERED"]),
                            ("cause__in", ["START", "RECONNECT", "PERIODIC", "OPERATOR"]),
                        ),
                        name="reconciliation_result_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("result", "DIFFERENT"), ("differences", []), _connector="OR"),
                        name="reconciliation_differs_by_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VenueBaseline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("venue", models.TextField()),
                ("asset", models.TextField()),
                (
                    "outside",
                    models.DecimalField(
                        decimal_places=18,
                        default=Decimal("0"),
                        help_text="at the venue less in the books; units of the asset",
                        max_digits=38,
                    ),
                ),
                ("taken_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("taken_by", models.TextField()),
                ("reason", models.TextField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="baselines",
                        to="execution.account",
                    ),
                ),
            ],
            options={
                "db_table": "venue_baseline",
                "indexes": [models.Index(fields=["account", "venue", "asset", "-id"], name="venue_baseline_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("taken_by", ""), _negated=True), models.Q(("reason", ""), _negated=True)
                        ),
                        name="venue_baseline_says_who_and_why",
                    )
                ],
            },
        ),
        append_only("venue_baseline"),
    ]
