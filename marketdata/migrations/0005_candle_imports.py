"""A candle that a file brought says which import that was, so that the import can be undone. What was imported before
this does not say it and stays."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0004_instrument_sides")]

    operations = [
        migrations.CreateModel(
            name="CandleImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file", models.TextField(help_text="the file's name")),
                ("begun_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("stored", models.PositiveIntegerField(default=0, help_text="candles that were new")),
                (
                    "corrected",
                    models.PositiveIntegerField(default=0, help_text="stored candles that it gave other numbers"),
                ),
                ("undone_at", models.DateTimeField(null=True)),
            ],
            options={"ordering": ("-pk",)},
        ),
        migrations.AddField(
            model_name="candle",
            name="brought_by",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="marketdata.candleimport",
            ),
        ),
        migrations.AddIndex(
            model_name="candle",
            index=models.Index(
                condition=models.Q(("brought_by__isnull", False)), fields=["brought_by"], name="candle_by_import"
            ),
        ),
    ]
