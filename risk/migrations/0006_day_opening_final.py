"""A day's opening is provisional until its inputs are complete. Those stored before were taken as final, and stay so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risk", "0005_fractions_below_one")]

    operations = [
        migrations.AddField("dayopening", "final", models.BooleanField(default=True)),
        migrations.AlterField("dayopening", "final", models.BooleanField(default=False)),
        migrations.AddField(
            "dayopening",
            "inputs",
            models.JSONField(default=dict, help_text="cash, and each position with its close, that it comes from"),
        ),
    ]
