"""A point of the equity curve says up to which fill all was booked before it; of older points that is not known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0011_exits_under_way"),
    ]

    operations = [
        migrations.AddField(
            model_name="equitysnapshot",
            name="booked",
            field=models.BigIntegerField(
                null=True,
                help_text="a fill that was booked before this moment, and so was every one before it; null: unknown",
            ),
        ),
    ]
