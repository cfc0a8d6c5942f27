import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("interval", models.TextField()),
                ("open_time", models.DateTimeField()),
                ("evaluated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("complete", models.BooleanField(help_text="every universe candle was in before the grace ended")),
                ("late", models.BooleanField(help_text="caught up after a gap or restart")),
                ("universe_size", models.PositiveIntegerField()),
                ("candles", models.PositiveIntegerField()),
                ("skipped", models.JSONField(default=dict, help_text="symbol → why it was not evaluated")),
                ("signals", models.PositiveIntegerField(default=0)),
            ],
            options={
                "db_table": "evaluation",
                "constraints": [models.UniqueConstraint(fields=("interval", "open_time"), name="evaluation_once")],
            },
        ),
        migrations.CreateModel(
            name="Ranking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("symbol", models.TextField()),
                ("ranked_at", models.DateTimeField(help_text="market time")),
                ("rank", models.PositiveIntegerField(null=True)),
                ("momentum", models.DecimalField(decimal_places=10, max_digits=20, null=True)),
                ("quote_volume", models.DecimalField(decimal_places=18, max_digits=38)),
                ("spread_bps", models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                (
                    "excluded",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("", "None"),
                            ("VOLUME", "Volume"),
                            ("SPREAD", "Spread"),
                            ("STATUS", "Status"),
                            ("PAUSED", "Paused"),
                            ("RANK", "Rank"),
                        ],
                        default="",
                    ),
                ),
            ],
            options={
                "db_table": "ranking",
                "ordering": [
                    models.OrderBy(models.F("ranked_at"), descending=True),
                    models.OrderBy(models.F("rank"), nulls_last=True),
                ],
                "indexes": [models.Index(fields=["-ranked_at", "rank"], name="ranking_latest")],
                "constraints": [
                    models.UniqueConstraint(fields=("symbol", "ranked_at"), name="ranking_once_per_symbol"),
                    models.CheckConstraint(
                        condition=models.Q(("excluded__in", ["", "VOLUME", "SPREAD", "STATUS", "PAUSED", "RANK"])),
                        name="ranking_exclusion_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Signal",
            fields=[
                ("signal_id", models.UUIDField(primary_key=True, serialize=False)),
                ("strategy", models.TextField()),
                ("symbol", models.TextField()),
                ("interval", models.TextField()),
                ("open_time", models.DateTimeField()),
                ("side", models.TextField(choices=[("BUY", "Buy"), ("SELL", "Sell")])),
                ("momentum", models.DecimalField(decimal_places=10, max_digits=20)),
                ("strength", models.DecimalField(decimal_places=10, max_digits=12)),
                ("rank", models.PositiveIntegerField()),
                ("universe_size", models.PositiveIntegerField()),
                ("close", models.DecimalField(decimal_places=18, max_digits=38)),
                ("base_close", models.DecimalField(decimal_places=18, max_digits=38)),
                ("quote_volume", models.DecimalField(decimal_places=18, max_digits=38)),
                ("expires_at", models.DateTimeField()),
                ("context", models.JSONField(default=dict, help_text="the set, ranks and closes it was decided from")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "signal",
                "indexes": [models.Index(fields=["-created_at"], name="signal_created")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("strategy", "symbol", "interval", "open_time", "side"), name="signal_once_per_candle"
                    ),
                    models.CheckConstraint(condition=models.Q(("side__in", ["BUY", "SELL"])), name="signal_side_known"),
                    models.CheckConstraint(
                        condition=models.Q(("strength__gte", 0), ("strength__lte", 1)), name="signal_strength_0_to_1"
                    ),
                ],
            },
        ),
    ]
