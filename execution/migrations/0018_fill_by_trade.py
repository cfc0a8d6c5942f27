"""A fill is found by the venue's name of it, whoever asks why."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0017_order_named_by_its_decision"),
    ]

    operations = [
        migrations.AddIndex(model_name="fill", index=models.Index(fields=["trade_id"], name="fill_by_trade")),
        migrations.AddIndex(
            model_name="tradingstatechange",
            index=models.Index(fields=["-changed_at"], name="trading_state_by_time"),
        ),
    ]
