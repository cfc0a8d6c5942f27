"""The database checks that what an entry moves is 0 together, and that it moves what its kind may."""

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0023_legs_of_old_entries"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="ledger_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="ledger_trade_has_fill",
        ),
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="ledger_write_off_moves_no_cash",
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="kind",
            field=models.TextField(
                choices=[
                    ("DEPOSIT", "Deposit"),
                    ("WITHDRAWAL", "Withdrawal"),
                    ("TRADE", "Trade"),
                    ("FEE", "Fee"),
                    ("WRITE_OFF", "Write Off"),
                    ("DUST", "Dust"),
                ]
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["DEPOSIT", "WITHDRAWAL", "TRADE", "FEE", "WRITE_OFF", "DUST"])),
                name="ledger_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fill", None), ("kind__in", ["DEPOSIT", "WITHDRAWAL"])),
                    models.Q(("fill__isnull", False), ("kind__in", ["TRADE", "FEE", "WRITE_OFF", "DUST"])),
                    _connector="OR",
                ),
                name="ledger_trade_has_fill",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "amount",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("inventory"), "*", models.Value(-1)
                                    ),
                                    "-",
                                    models.F("fees"),
                                ),
                                "-",
                                models.F("realized"),
                            ),
                            "-",
                            models.F("capital"),
                        ),
                    )
                ),
                name="ledger_balances",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("fees", 0),
                        ("inventory", 0),
                        ("kind__in", ["DEPOSIT", "WITHDRAWAL"]),
                        ("realized", 0),
                        ("units", 0),
                    ),
                    models.Q(("capital", 0), ("fees", 0), ("kind", "TRADE")),
                    models.Q(("capital", 0), ("fees__gte", 0), ("kind", "FEE"), ("units__lte", 0)),
                    models.Q(("amount", 0), ("capital", 0), ("fees", 0), ("kind__in", ["WRITE_OFF", "DUST"])),
                    _connector="OR",
                ),
                name="ledger_legs_of_its_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paid_by", ""), ("reason", "")),
                    models.Q(
                        ("kind__in", ["DEPOSIT", "WITHDRAWAL"]),
                        models.Q(("paid_by", ""), _negated=True),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="ledger_payment_says_who_and_why",
            ),
        ),
    ]
