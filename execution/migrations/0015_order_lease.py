from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("execution", "0014_quarantined_answer")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="leased_at",
            field=models.DateTimeField(help_text="when the process that sends it last said so", null=True),
        ),
    ]
