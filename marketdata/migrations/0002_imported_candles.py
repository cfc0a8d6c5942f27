"""Candles may come from a file: their source is IMPORT."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0001_candles_and_instruments")]

    operations = [
        migrations.AlterField(
            model_name="candle",
            name="source",
            field=models.TextField(
                choices=[
                    ("WS", "Ws"),
                    ("REST", "Rest"),
                    ("BACKFILL", "Backfill"),
                    ("IMPORT", "IMPORT: from a file"),
                ]
            ),
        ),
        migrations.RemoveConstraint(model_name="candle", name="candle_source_known"),
        migrations.AddConstraint(
            model_name="candle",
            constraint=models.CheckConstraint(
                condition=models.Q(source__in=("WS", "REST", "BACKFILL", "IMPORT")), name="candle_source_known"
            ),
        ),
    ]
