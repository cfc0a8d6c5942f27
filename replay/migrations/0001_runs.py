"""Runs of the replay that people asked for, with their decisions and round trips."""

import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ReplayRun",
            fields=[
                ("run_id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.TextField(
                        choices=[("REPLAY", "Replay"), ("WHAT_IF", "What if"), ("SEARCH", "Parameter search")]
                    ),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("QUEUED", "Waiting"),
                            ("RUNNING", "Running"),
                            ("DONE", "Done"),
                            ("FAILED", "Failed"),
                            ("CANCELED", "Canceled"),
                        ],
                        default="QUEUED",
                    ),
                ),
                ("asked_by", models.TextField()),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("parameters", models.JSONField(default=dict)),
                ("progress", models.FloatField(default=0, help_text="0 to 1, of the present attempt")),
                ("step", models.TextField(blank=True, help_text="what it does now")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("machine", models.TextField(blank=True)),
                ("carrier", models.TextField(blank=True, help_text="the process that carries it out")),
                ("lease_until", models.DateTimeField(null=True)),
                ("cancel_asked_by", models.TextField(blank=True)),
                ("cancel_asked_at", models.DateTimeField(null=True)),
                ("begun_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
                ("manifest", models.JSONField(default=dict)),
                ("result", models.JSONField(null=True)),
            ],
            options={
                "db_table": "replay_run",
                "ordering": ["-asked_at", "-run_id"],
                "indexes": [
                    models.Index(fields=["-asked_at", "-run_id"], name="replay_run_listed"),
                    models.Index(
                        condition=models.Q(("state", "QUEUED")), fields=["asked_at"], name="replay_run_waiting"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["REPLAY", "WHAT_IF", "SEARCH"])), name="replay_run_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["QUEUED", "RUNNING", "DONE", "FAILED", "CANCELED"])),
                        name="replay_run_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("asked_by", ""), _negated=True), name="replay_run_says_who"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("progress__gte", 0), ("progress__lte", 1)),
                        name="replay_run_progress_is_a_fraction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("state", "RUNNING")),
                                models.Q(("lease_until__isnull", False)),
                                models.Q(("carrier", ""), _negated=True),
                                models.Q(("machine", ""), _negated=True),
                            ),
                            models.Q(models.Q(("state", "RUNNING"), _negated=True), models.Q(("lease_until", None))),
                            _connector="OR",
                        ),
                        name="replay_run_lease_while_running",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("state__in", ["QUEUED", "RUNNING"])),
                            models.Q(("ended_at__isnull", False), ("state__in", ["DONE", "FAILED", "CANCELED"])),
                            _connector="OR",
                        ),
                        name="replay_run_ended_when_over",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "FAILED"), models.Q(("error", ""), _negated=True)),
                            models.Q(models.Q(("state", "FAILED"), _negated=True), ("error", "")),
                            _connector="OR",
                        ),
                        name="replay_run_failure_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("result__isnull", False), ("state", "DONE")),
                            models.Q(models.Q(("state", "DONE"), _negated=True), ("result", None)),
                            _connector="OR",
                        ),
                        name="replay_run_result_when_done",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cancel_asked_at", None), ("cancel_asked_by", "")),
                            models.Q(
                                models.Q(("cancel_asked_by", ""), _negated=True), ("cancel_asked_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="replay_run_cancel_says_who",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "RUNNING")),
                        fields=("machine",),
                        name="replay_run_one_at_a_time_on_a_machine",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReplayRunDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("kind", models.TextField()),
                ("side", models.TextField()),
                ("symbol", models.TextField()),
                ("outcome", models.TextField()),
                ("reason_code", models.TextField()),
                ("params", models.JSONField(default=dict)),
                ("wanted_quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("exposure_after", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("inputs", models.JSONField(default=dict)),
                ("layers", models.JSONField(default=list)),
                ("executions", models.JSONField(default=list, help_text="price, quantity, fee of each")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="replay.replayrun"
                    ),
                ),
            ],
            options={
                "db_table": "replay_run_decision",
                "ordering": ["number"],
                "indexes": [models.Index(fields=["run", "reason_code", "number"], name="replay_run_decision_reason")],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "number"), name="replay_run_decision_once"),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="replay_run_decision_number_from_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["SIGNAL", "STOP", "HALT", "OPERATOR"])),
                        name="replay_run_decision_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["BUY", "SELL"])), name="replay_run_decision_side_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["APPROVED", "TRIMMED", "REJECTED", "EXPIRED"])),
                        name="replay_run_decision_outcome_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReplayRunTrip",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
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
                ("gross", models.DecimalField(decimal_places=18, max_digits=38)),
                ("fees", models.DecimalField(decimal_places=18, max_digits=38)),
                ("net", models.DecimalField(decimal_places=18, help_text="gross − fees", max_digits=38)),
                ("exit_reason", models.TextField()),
                ("entry", models.PositiveIntegerField()),
                ("exit", models.PositiveIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="trips", to="replay.replayrun"
                    ),
                ),
            ],
            options={
                "db_table": "replay_run_trip",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "number"), name="replay_run_trip_once"),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="replay_run_trip_number_from_one"
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
                        name="replay_run_trip_net_is_after_fees",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closed_at__gte", models.F("opened_at"))),
                        name="replay_run_trip_opens_before_it_closes",
                    ),
                ],
            },
        ),
    ]
