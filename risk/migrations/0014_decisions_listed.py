"""Decisions as they are listed: by market time, of one symbol, of one reason. What is counted stands in the index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0013_round_trips"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=["-occurred_at", "-decision_id"],
                include=["outcome", "reason_code", "kind", "symbol", "side"],
                name="decision_listed",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["symbol", "-occurred_at", "-decision_id"], name="decision_by_symbol"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["reason_code", "-occurred_at", "-decision_id"], name="decision_by_reason"),
        ),
    ]
