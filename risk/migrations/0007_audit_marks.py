"""The audit looks at what is new: how far each check has come, and which runs looked at everything."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risk", "0006_day_opening_final")]

    operations = [
        migrations.CreateModel(
            name="AuditMark",
            fields=[
                ("code", models.TextField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("after", models.BigIntegerField(default=0)),
                ("sums", models.JSONField(default=dict)),
            ],
            options={"db_table": "audit_mark"},
        ),
        migrations.AddField(
            "auditrun",
            "full",
            models.BooleanField(default=True, help_text="everything was looked at, not only what was new"),
        ),
    ]
