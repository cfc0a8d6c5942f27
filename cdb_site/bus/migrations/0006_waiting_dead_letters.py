from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bus", "0005_outbox_of_transactions")]

    operations = [
        migrations.AddIndex(
            model_name="deadletter",
            index=models.Index(
                condition=models.Q(("state", "RETRIED"), _negated=True), fields=["state"], name="dead_letter_waiting"
            ),
        ),
    ]
