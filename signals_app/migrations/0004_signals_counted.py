"""Signals as they are counted beside their decisions: by the open time of their candle."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("signals_app", "0003_signal_newest_sell"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["-open_time"], include=["symbol", "side", "signal_id"], name="signal_counted"),
        ),
    ]
