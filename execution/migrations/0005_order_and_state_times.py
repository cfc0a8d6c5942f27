"""Orders are found by when they were claimed and closed: the audit asks for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("execution", "0004_history")]

    operations = [
        migrations.AddIndex("order", models.Index(fields=["-claimed_at"], name="order_claimed")),
        migrations.AddIndex("order", models.Index(fields=["-closed_at"], name="order_closed")),
    ]
