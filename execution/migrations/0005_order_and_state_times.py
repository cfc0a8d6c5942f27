"""Orders are found by when they were claimed and closed, trading states by when they began: the audit asks for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("execution", "0004_history")]

    operations = [
        migrations.AddIndex("order", models.Index(fields=["-claimed_at"], name="order_claimed")),
        migrations.AddIndex("order", models.Index(fields=["-closed_at"], name="order_closed")),
        migrations.AddIndex(
            "tradingstatechange", models.Index(fields=["account", "-changed_at", "-id"], name="trading_state_in_time")
        ),
    ]
