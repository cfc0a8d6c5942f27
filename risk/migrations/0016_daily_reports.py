"""One report a day and account, never changed."""

import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0015_round_trip_recorded"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.TextField()),
                ("day", models.DateField(help_text="UTC, market time")),
                ("opening_equity", models.DecimalField(decimal_places=18, help_text="at 00:00 UTC", max_digits=38)),
                (
                    "closing_equity",
                    models.DecimalField(decimal_places=18, help_text="at 00:00 UTC of the next day", max_digits=38),
                ),
                (
                    "paid_in",
                    models.DecimalField(
                        decimal_places=18, help_text="deposits less withdrawals of the day", max_digits=38
                    ),
                ),
                (
                    "result",
                    models.DecimalField(decimal_places=18, help_text="closing − opening − paid in", max_digits=38),
                ),
                (
                    "realized_pnl",
                    models.DecimalField(decimal_places=18, help_text="of what was sold, before fees", max_digits=38),
                ),
                (
                    "open_pnl",
                    models.DecimalField(
                        decimal_places=18, help_text="by how much the open result of positions changed", max_digits=38
                    ),
                ),
                ("fees", models.DecimalField(decimal_places=18, max_digits=38)),
                (
                    "slippage_cost",
                    models.DecimalField(
                        decimal_places=18,
                        help_text="what fills cost beyond the decision price; part of the result",
                        max_digits=38,
                    ),
                ),
                ("body", models.JSONField()),
                ("stored_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "daily_report",
                "ordering": ["-day"],
            },
        ),
        migrations.AddConstraint(
            model_name="dailyreport",
            constraint=models.UniqueConstraint(fields=("account", "day"), name="daily_report_once"),
        ),
        migrations.AddConstraint(
            model_name="dailyreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "result",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("closing_equity"), "-", models.F("opening_equity")
                            ),
                            "-",
                            models.F("paid_in"),
                        ),
                    )
                ),
                name="daily_report_result_is_what_equity_gained",
            ),
        ),
        migrations.AddConstraint(
            model_name="dailyreport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "result",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("realized_pnl"), "+", models.F("open_pnl")
                            ),
                            "-",
                            models.F("fees"),
                        ),
                    )
                ),
                name="daily_report_result_adds_up",
            ),
        ),
        append_only("daily_report"),
    ]
