"""An account counts its decisions: each has a number, in the order in which they were made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("execution", "0028_order_may_rest")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="decisions",
            field=models.PositiveBigIntegerField(db_default=0, default=0, help_text="the number of its last decision"),
        ),
    ]
