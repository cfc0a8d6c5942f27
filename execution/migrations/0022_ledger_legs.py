"""What an entry of the ledger moves besides cash; what a fill's fee was taken in, and the dust that it left."""

from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0021_reconciliation"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="paid_in",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=18,
                default=Decimal("0"),
                help_text="deposits less withdrawals",
                max_digits=38,
            ),
        ),
        migrations.AddField(
            model_name="fill",
            name="dust_quantity",
            field=models.DecimalField(
                decimal_places=18,
                help_text="base units it left, too few to be ordered, that are no position",
                max_digits=38,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="fill",
            name="fee_quantity",
            field=models.DecimalField(
                decimal_places=18,
                help_text="what was taken in fee_asset; null: the fee, in the quote asset",
                max_digits=38,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="capital",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=18,
                default=Decimal("0"),
                help_text="minus what was paid in",
                max_digits=38,
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="fees",
            field=models.DecimalField(
                db_default=Decimal("0"), decimal_places=18, default=Decimal("0"), help_text="expense", max_digits=38
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="inventory",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=18,
                default=Decimal("0"),
                help_text="change of the entry value of what is held",
                max_digits=38,
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="paid_by",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="realized",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=18,
                default=Decimal("0"),
                help_text="minus the profit",
                max_digits=38,
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="reason",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="units",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=18,
                default=Decimal("0"),
                help_text="signed change of what is held, base units",
                max_digits=38,
            ),
        ),
        migrations.AddIndex(
            model_name="fill",
            index=models.Index(
                condition=models.Q(("dust_quantity__isnull", False)), fields=["account"], name="fill_with_dust"
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fee_quantity", None),
                    models.Q(("fee_quantity__gt", 0), ("symbol__startswith", models.F("fee_asset"))),
                    _connector="OR",
                ),
                name="fill_fee_quantity_of_base",
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("dust_quantity", None), models.Q(("dust_quantity__gt", 0), ("side", "SELL")), _connector="OR"
                ),
                name="fill_dust_of_an_exit",
            ),
        ),
    ]
