"""Alerts as they are listed: by time, of one code, of one symbol; and those that are open."""

from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0002_acknowledged"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["-raised_at", "-alert_id"], include=["level", "state"], name="alert_listed"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["code", "-raised_at", "-alert_id"], name="alert_by_code"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["level", "-raised_at", "-alert_id"], name="alert_by_level"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                KeyTextTransform("symbol", "params"),
                models.F("raised_at").desc(),
                models.F("alert_id").desc(),
                name="alert_by_symbol",
            ),
        ),
    ]
