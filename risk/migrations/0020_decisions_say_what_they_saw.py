"""Decisions, breakers and close-outs keep the look they were made on; decisions are numbered."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0019_tape"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="breaker",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="breaker",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="breaker",
            name="delete_delete",
        ),
        migrations.AddField(
            model_name="breaker",
            name="look",
            field=models.JSONField(help_text="the symbol's book as it opened, or the marks of what is held", null=True),
        ),
        migrations.AddField(
            model_name="breakerhistory",
            name="look",
            field=models.JSONField(help_text="the symbol's book as it opened, or the marks of what is held", null=True),
        ),
        migrations.AddField(
            model_name="closeout",
            name="look",
            field=models.JSONField(help_text="the marks at which a loss was seen; an operator's has none", null=True),
        ),
        migrations.AddField(
            model_name="decision",
            name="account_version",
            field=models.PositiveBigIntegerField(help_text="of the account that it saw", null=True),
        ),
        migrations.AddField(
            model_name="decision",
            name="look",
            field=models.JSONField(
                help_text="the symbol's book as it was seen, and up to which quotes entry", null=True
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="market_now",
            field=models.DateTimeField(help_text="market time of its look", null=True),
        ),
        migrations.AddField(
            model_name="decision",
            name="marks",
            field=models.JSONField(help_text="the price that every held symbol was valued at", null=True),
        ),
        migrations.AddField(
            model_name="decision",
            name="number",
            field=models.PositiveBigIntegerField(
                help_text="its place among the account's decisions, from 1", null=True
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="breaker",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "risk_breakerhistory" ("account", "cause", "context", "id", "kind", "limit", "limits_version", "look", "observed", "occurred_at", "opened_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "released_at", "released_by", "symbol") VALUES (NEW."account", NEW."cause", NEW."context", NEW."id", NEW."kind", NEW."limit", NEW."limits_version", NEW."look", NEW."observed", NEW."occurred_at", NEW."opened_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."released_at", NEW."released_by", NEW."symbol"); RETURN NULL;',
                    hash="1ea0f70b76dcc1c079c38d14499e5058e1b3e0cb",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_683c5",
                    table="breaker",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="breaker",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "risk_breakerhistory" ("account", "cause", "context", "id", "kind", "limit", "limits_version", "look", "observed", "occurred_at", "opened_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "released_at", "released_by", "symbol") VALUES (NEW."account", NEW."cause", NEW."context", NEW."id", NEW."kind", NEW."limit", NEW."limits_version", NEW."look", NEW."observed", NEW."occurred_at", NEW."opened_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."released_at", NEW."released_by", NEW."symbol"); RETURN NULL;',
                    hash="e7f2ba91ca37ce15e0dd61e7e7da3803330db80d",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ac9a0",
                    table="breaker",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="breaker",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "risk_breakerhistory" ("account", "cause", "context", "id", "kind", "limit", "limits_version", "look", "observed", "occurred_at", "opened_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "released_at", "released_by", "symbol") VALUES (OLD."account", OLD."cause", OLD."context", OLD."id", OLD."kind", OLD."limit", OLD."limits_version", OLD."look", OLD."observed", OLD."occurred_at", OLD."opened_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."released_at", OLD."released_by", OLD."symbol"); RETURN NULL;',
                    hash="cc67ab0f55dd1ea1a72d95090b4e7a8154e55c62",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_265a0",
                    table="breaker",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("account_version__isnull", True),
                        ("look__isnull", True),
                        ("market_now__isnull", True),
                        ("marks__isnull", True),
                        ("number__isnull", True),
                    ),
                    models.Q(
                        ("account_version__isnull", False),
                        ("look__isnull", False),
                        ("market_now__isnull", False),
                        ("marks__isnull", False),
                        ("number__gt", 0),
                        ("number__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="decision_says_what_it_saw",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number__isnull", False)), fields=("account", "number"), name="decision_number_once"
            ),
        ),
    ]
