"""A position that can never be sold leaves the books by a fill at the price 0, told as a write-off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0009_order_gate_number"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="fill",
            name="fill_price_positive",
        ),
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="ledger_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="ledger_trade_has_fill",
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
                ]
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("price__gt", 0),
                    models.Q(("fee", 0), ("price", 0), ("side", "SELL"), ("trade_id__startswith", "write-off")),
                    _connector="OR",
                ),
                name="fill_price_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["DEPOSIT", "WITHDRAWAL", "TRADE", "FEE", "WRITE_OFF"])),
                name="ledger_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fill", None), ("kind__in", ["DEPOSIT", "WITHDRAWAL"])),
                    models.Q(("fill__isnull", False), ("kind__in", ["TRADE", "FEE", "WRITE_OFF"])),
                    _connector="OR",
                ),
                name="ledger_trade_has_fill",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("kind", "WRITE_OFF"), _negated=True), ("amount", 0), _connector="OR"),
                name="ledger_write_off_moves_no_cash",
            ),
        ),
    ]
