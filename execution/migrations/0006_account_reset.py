"""A paper account may begin anew: cash withdrawn, a new amount paid in, and who did it and why."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now

from cdb_site.append_only import append_only

EXTERNAL = ["DEPOSIT", "WITHDRAWAL"]
BOOKED = ["TRADE", "FEE"]


class Migration(migrations.Migration):
    dependencies = [("execution", "0005_order_and_state_times")]

    operations = [
        migrations.AlterField(
            "ledgerentry",
            "kind",
            models.TextField(choices=[(kind, kind.capitalize()) for kind in (*EXTERNAL, *BOOKED)]),
        ),
        migrations.RemoveConstraint("ledgerentry", "ledger_kind_known"),
        migrations.AddConstraint(
            "ledgerentry",
            models.CheckConstraint(condition=Q(kind__in=[*EXTERNAL, *BOOKED]), name="ledger_kind_known"),
        ),
        migrations.RemoveConstraint("ledgerentry", "ledger_trade_has_fill"),
        migrations.AddConstraint(
            "ledgerentry",
            models.CheckConstraint(
                condition=Q(kind__in=EXTERNAL, fill=None) | Q(kind__in=BOOKED, fill__isnull=False),
                name="ledger_trade_has_fill",
            ),
        ),
        migrations.AddConstraint(
            "ledgerentry",
            models.CheckConstraint(condition=~Q(kind="WITHDRAWAL") | Q(amount__lt=0), name="ledger_withdrawal_takes"),
        ),
        migrations.AddIndex(
            "ledgerentry",
            models.Index(fields=["account"], condition=Q(kind__in=EXTERNAL), name="ledger_paid_in_or_out"),
        ),
        migrations.CreateModel(
            name="AccountReset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="resets", to="execution.account"
                    ),
                ),
                ("withdrawn", models.DecimalField(decimal_places=18, max_digits=38)),
                ("deposited", models.DecimalField(decimal_places=18, max_digits=38)),
                ("reset_by", models.TextField()),
                ("reason", models.TextField()),
                ("occurred_at", models.DateTimeField(help_text="market time")),
                ("recorded_at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "db_table": "account_reset",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(condition=Q(deposited__gt=0), name="account_reset_deposits"),
                    models.CheckConstraint(
                        condition=~Q(reset_by="") & ~Q(reason=""), name="account_reset_says_who_and_why"
                    ),
                ],
            },
        ),
        append_only("account_reset"),
    ]
