"""The audit looks at the round trips that were recorded since it last did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risk", "0014_decisions_listed")]

    operations = [
        migrations.AddIndex(
            model_name="roundtrip",
            index=models.Index(fields=["recorded_at"], name="round_trip_recorded"),
        ),
    ]
