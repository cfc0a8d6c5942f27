"""Live trading in two steps, and the modes that were in force."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0025_day_of_ledger_entries"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="LiveTrading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.TextField(choices=[("ASKED", "Asked"), ("ENABLED", "Enabled"), ("WITHDRAWN", "Withdrawn")]),
                ),
                ("asked_by", models.TextField(blank=True)),
                ("confirmed_by", models.TextField(blank=True)),
                ("withdrawn_by", models.TextField(blank=True)),
                ("reason", models.TextField()),
                ("limits_version", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="live_trading",
                        to="execution.account",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        help_text="the ASKED row it confirms",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="execution.livetrading",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "live trading",
                "db_table": "live_trading",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="LiveTradingHistory",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "step",
                    models.TextField(choices=[("ASKED", "Asked"), ("ENABLED", "Enabled"), ("WITHDRAWN", "Withdrawn")]),
                ),
                ("asked_by", models.TextField(blank=True)),
                ("confirmed_by", models.TextField(blank=True)),
                ("withdrawn_by", models.TextField(blank=True)),
                ("reason", models.TextField()),
                ("limits_version", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="execution.account",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="execution.livetrading",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        db_constraint=False,
                        help_text="the ASKED row it confirms",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="execution.livetrading",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ModeChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mode", models.TextField()),
                ("asked", models.TextField()),
                ("missing", models.JSONField(default=list)),
                (
                    "lacks",
                    models.JSONField(default=dict, help_text="for each mode beyond paper, which keys it still takes"),
                ),
                ("instance", models.TextField(help_text="which execution process says so")),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="modes",
                        to="execution.account",
                    ),
                ),
            ],
            options={
                "db_table": "mode_change",
                "ordering": ["-id"],
            },
        ),
        migrations.AddIndex(
            model_name="livetrading",
            index=models.Index(fields=["account", "-id"], name="live_trading_newest"),
        ),
        migrations.AddConstraint(
            model_name="livetrading",
            constraint=models.CheckConstraint(
                condition=models.Q(("step__in", ["ASKED", "ENABLED", "WITHDRAWN"])), name="live_trading_step_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="livetrading",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="live_trading_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="livetrading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("step", "ASKED"), _negated=True),
                    models.Q(
                        ("confirmed_by", ""),
                        ("limits_version__isnull", False),
                        ("request", None),
                        ("withdrawn_by", ""),
                        models.Q(("asked_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="live_trading_asked_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="livetrading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("step", "ENABLED"), _negated=True),
                    models.Q(
                        ("limits_version__isnull", False),
                        ("request__isnull", False),
                        ("withdrawn_by", ""),
                        models.Q(("asked_by", ""), _negated=True),
                        models.Q(("confirmed_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="live_trading_enabled_is_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="livetrading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("step", "WITHDRAWN"), _negated=True),
                    models.Q(("request", None), models.Q(("withdrawn_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="live_trading_withdrawn_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="livetrading",
            constraint=models.UniqueConstraint(fields=("request",), name="live_trading_confirmed_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="livetrading",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "execution_livetradinghistory" ("account_id", "asked_by", "confirmed_by", "id", "limits_version", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recorded_at", "request_id", "step", "withdrawn_by") VALUES (NEW."account_id", NEW."asked_by", NEW."confirmed_by", NEW."id", NEW."limits_version", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."recorded_at", NEW."request_id", NEW."step", NEW."withdrawn_by"); RETURN NULL;',
                    hash="fa2fedbc0977934e6eb011e36163fa673b9bd82b",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_264ce",
                    table="live_trading",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="livetrading",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "execution_livetradinghistory" ("account_id", "asked_by", "confirmed_by", "id", "limits_version", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recorded_at", "request_id", "step", "withdrawn_by") VALUES (NEW."account_id", NEW."asked_by", NEW."confirmed_by", NEW."id", NEW."limits_version", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."recorded_at", NEW."request_id", NEW."step", NEW."withdrawn_by"); RETURN NULL;',
                    hash="e06d92af17865f1625cbb18f0c0a472e0aad5615",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_c72a8",
                    table="live_trading",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="livetrading",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "execution_livetradinghistory" ("account_id", "asked_by", "confirmed_by", "id", "limits_version", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recorded_at", "request_id", "step", "withdrawn_by") VALUES (OLD."account_id", OLD."asked_by", OLD."confirmed_by", OLD."id", OLD."limits_version", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."recorded_at", OLD."request_id", OLD."step", OLD."withdrawn_by"); RETURN NULL;',
                    hash="5a64ee63c097b9c595219b02f755582ed7086f4e",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f5b33",
                    table="live_trading",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="modechange",
            index=models.Index(fields=["account", "-id"], name="mode_change_newest"),
        ),
        migrations.AddConstraint(
            model_name="modechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["PAPER", "TEST", "LIVE"])), name="mode_change_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="modechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("missing", []), ("mode", "PAPER"), _connector="OR"),
                name="mode_change_missing_a_key_is_paper",
            ),
        ),
    ]
