from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("execution", "0010_write_offs")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="valid_for_s",
            field=models.DecimalField(
                decimal_places=18,
                help_text="seconds from created_at on in which an entry may be claimed; an exit has no end",
                max_digits=38,
                null=True,
            ),
        ),
    ]
