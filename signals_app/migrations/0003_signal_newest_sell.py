"""The newest SELL of a symbol in one step: an older BUY does not follow it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("signals_app", "0002_signals_append_only"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(
                condition=models.Q(("side", "SELL")), fields=["symbol", "-open_time"], name="signal_newest_sell"
            ),
        ),
    ]
