"""What people did: one row an act, with its history."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("risk", "0016_daily_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="OperatorActHistory",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("key", models.UUIDField(serialize=False)),
                ("account", models.TextField()),
                ("name", models.TextField()),
                ("parameters", models.JSONField(default=dict)),
                ("by", models.TextField()),
                ("reason", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "state",
                    models.TextField(
                        choices=[("UNDER_WAY", "Under Way"), ("DONE", "Done"), ("REFUSED", "Refused")],
                        db_default="UNDER_WAY",
                        default="UNDER_WAY",
                    ),
                ),
                ("answer", models.TextField(blank=True, db_default="", help_text="code of the sentence that answers")),
                ("answer_params", models.JSONField(default=dict)),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OperatorAct",
            fields=[
                ("key", models.UUIDField(primary_key=True, serialize=False)),
                ("account", models.TextField()),
                ("name", models.TextField()),
                ("parameters", models.JSONField(default=dict)),
                ("by", models.TextField()),
                ("reason", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "state",
                    models.TextField(
                        choices=[("UNDER_WAY", "Under Way"), ("DONE", "Done"), ("REFUSED", "Refused")],
                        db_default="UNDER_WAY",
                        default="UNDER_WAY",
                    ),
                ),
                ("answer", models.TextField(blank=True, db_default="", help_text="code of the sentence that answers")),
                ("answer_params", models.JSONField(default=dict)),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "operator_act",
                "ordering": ["-asked_at"],
                "permissions": [
                    ("operate", "Can halt, resume, sell, release, approve"),
                    ("administer", "Can begin the account anew and change what operators may not"),
                ],
                "indexes": [
                    models.Index(fields=["-asked_at"], name="operator_act_newest"),
                    models.Index(
                        condition=models.Q(("state", "UNDER_WAY")), fields=["asked_at"], name="operator_act_under_way"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["UNDER_WAY", "DONE", "REFUSED"])),
                        name="operator_act_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answer", ""), ("done_at", None), ("state", "UNDER_WAY")),
                            models.Q(
                                models.Q(("state", "UNDER_WAY"), _negated=True),
                                ("done_at__isnull", False),
                                models.Q(("answer", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="operator_act_ends_with_an_answer",
                    ),
                    models.CheckConstraint(condition=models.Q(("by", ""), _negated=True), name="operator_act_says_who"),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="operatoract",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "risk_operatoracthistory" ("account", "answer", "answer_params", "asked_at", "by", "done_at", "key", "name", "parameters", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "state") VALUES (NEW."account", NEW."answer", NEW."answer_params", NEW."asked_at", NEW."by", NEW."done_at", NEW."key", NEW."name", NEW."parameters", _pgh_attach_context(), NOW(), \'insert\', NEW."key", NEW."reason", NEW."state"); RETURN NULL;',
                    hash="bd58c09e0a14eddad5cf0d34d692c868db71305a",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_d8ec6",
                    table="operator_act",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="operatoract",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "risk_operatoracthistory" ("account", "answer", "answer_params", "asked_at", "by", "done_at", "key", "name", "parameters", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "state") VALUES (NEW."account", NEW."answer", NEW."answer_params", NEW."asked_at", NEW."by", NEW."done_at", NEW."key", NEW."name", NEW."parameters", _pgh_attach_context(), NOW(), \'update\', NEW."key", NEW."reason", NEW."state"); RETURN NULL;',
                    hash="3ba1ff1cd0f69de6d121e1543c200fc053fc0bc2",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_f0368",
                    table="operator_act",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="operatoract",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "risk_operatoracthistory" ("account", "answer", "answer_params", "asked_at", "by", "done_at", "key", "name", "parameters", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "state") VALUES (OLD."account", OLD."answer", OLD."answer_params", OLD."asked_at", OLD."by", OLD."done_at", OLD."key", OLD."name", OLD."parameters", _pgh_attach_context(), NOW(), \'delete\', OLD."key", OLD."reason", OLD."state"); RETURN NULL;',
                    hash="17c8049bd23699073b3f1dfb11bf78a7096d67a8",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_2a835",
                    table="operator_act",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="operatoracthistory",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="operatoracthistory",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="risk.operatoract",
            ),
        ),
        append_only("risk_operatoracthistory"),
    ]
