"""An instrument says which side of it the exchange takes; those stored before take both, until it is read again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0003_pauses_and_universe_history")]

    operations = [
        migrations.AddField(
            model_name="instrument",
            name="sides",
            field=models.TextField(
                choices=[("BOTH", "Both"), ("BUY", "BUY only"), ("SELL", "SELL only"), ("NONE", "None")],
                db_default="BOTH",
                default="BOTH",
                help_text="what the exchange takes of it",
            ),
        ),
        migrations.AddConstraint(
            model_name="instrument",
            constraint=models.CheckConstraint(
                condition=models.Q(sides__in=("BOTH", "BUY", "SELL", "NONE")), name="instrument_sides_known"
            ),
        ),
    ]
