import uuid

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("alert_id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("code", models.TextField()),
                (
                    "level",
                    models.TextField(choices=[("CRITICAL", "Critical"), ("WARNING", "Warning"), ("INFO", "Info")]),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[("RAISED", "Raised"), ("ACKNOWLEDGED", "Acknowledged"), ("CLOSED", "Closed")],
                        default="RAISED",
                    ),
                ),
                ("source", models.TextField()),
                ("key", models.TextField(help_text="what the condition is about, such as a symbol or a topic")),
                ("params", models.JSONField(default=dict)),
                (
                    "count",
                    models.PositiveIntegerField(default=1, help_text="how often the condition was met while open"),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("raised_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "alert",
                "ordering": ["-raised_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "CLOSED"), _negated=True),
                        fields=("code", "key"),
                        name="alert_open_once_per_condition",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["CRITICAL", "WARNING", "INFO"])), name="alert_level_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["RAISED", "ACKNOWLEDGED", "CLOSED"])),
                        name="alert_state_known",
                    ),
                ],
            },
        ),
    ]
