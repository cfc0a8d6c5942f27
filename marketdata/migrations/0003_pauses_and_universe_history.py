"""Pauses of instruments, and the history of the choices of the universe."""

import django.db.models.deletion
from django.db import migrations, models

import marketdata.models


class Migration(migrations.Migration):
    dependencies = [
        ("marketdata", "0002_imported_candles"),
    ]

    operations = [
        migrations.CreateModel(
            name="UniverseChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chosen_at", models.DateTimeField(help_text="market time")),
                ("recorded_at", models.DateTimeField(help_text="wall time")),
                ("settings", models.TextField(help_text="the settings that decided")),
                ("listed", models.PositiveIntegerField(help_text="instruments that were looked at")),
                ("chosen", models.PositiveIntegerField(help_text="instruments that were chosen")),
                (
                    "held",
                    models.PositiveIntegerField(
                        help_text="instruments watched only because there is a position in them"
                    ),
                ),
                ("joined", models.JSONField(default=list, help_text="symbols that are watched from now on")),
                ("dropped", models.JSONField(default=list, help_text="symbols that are watched no more")),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.AddField(
            model_name="universemember",
            name="held",
            field=models.BooleanField(db_default=False, help_text="watched only because there is a position in it"),
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField(help_text="why, for the history")),
                ("paused_at", models.DateTimeField(help_text="wall time")),
                ("paused_by", models.TextField()),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="wall time at which it is over by itself", null=True),
                ),
                ("ended_at", models.DateTimeField(help_text="wall time", null=True)),
                ("ended_by", models.TextField(blank=True, default="")),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pauses", to="marketdata.instrument"
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("instrument",),
                        name="pause_open_once_per_instrument",
                    ),
                    models.CheckConstraint(condition=models.Q(("reason__regex", "\\S")), name="pause_has_a_reason"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expires_at", None), ("expires_at__gt", models.F("paused_at")), _connector="OR"
                        ),
                        name="pause_expires_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("paused_at")), _connector="OR"
                        ),
                        name="pause_ends_after_it_began",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("ended_by", "")),
                            models.Q(("ended_at__isnull", False), models.Q(("ended_by", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="pause_ended_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UniverseEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("symbol", models.TextField()),
                (
                    "rank",
                    models.PositiveIntegerField(help_text="by 24 h quote volume, 1 is the most liquid", null=True),
                ),
                ("quote_volume_24h", marketdata.models.ExactDecimalField(decimal_places=24, max_digits=60)),
                ("spread_bps", models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                ("chosen", models.BooleanField()),
                ("held", models.BooleanField(help_text="there was a position in it")),
                (
                    "excluded",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("", "none"),
                            ("NOT_WANTED", "NOT_WANTED: off the whitelist, or another quote asset"),
                            ("STATUS", "STATUS: may not be traded"),
                            ("PAUSED", "PAUSED: by an operator"),
                            ("VOLUME", "VOLUME: too little traded in 24 h"),
                            ("SPREAD", "SPREAD: too wide"),
                            ("RANK", "RANK: not among the most liquid"),
                        ],
                        default="",
                    ),
                ),
                (
                    "choice",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="marketdata.universechoice",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "universe entries",
                "ordering": ("-choice_id", models.OrderBy(models.F("rank"), nulls_last=True)),
                "indexes": [models.Index(fields=["-choice", "rank"], name="universe_entry_by_rank")],
                "constraints": [
                    models.UniqueConstraint(fields=("choice", "symbol"), name="universe_entry_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("excluded__in", ("", "NOT_WANTED", "STATUS", "PAUSED", "VOLUME", "SPREAD", "RANK"))
                        ),
                        name="universe_entry_exclusion_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("chosen", True), ("excluded__in", ("", "PAUSED"))),
                            models.Q(("chosen", False), models.Q(("excluded", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="universe_entry_chosen_or_why",
                    ),
                ],
            },
        ),
    ]
