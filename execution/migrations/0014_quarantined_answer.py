import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0013_open_entry_has_deadline"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuarantinedAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("report", models.JSONField(help_text="the answer as it came")),
                ("error", models.TextField(help_text="why it could not be booked")),
                (
                    "state",
                    models.TextField(
                        choices=[("OPEN", "Open"), ("BOOKED", "Booked"), ("DISMISSED", "Dismissed")], default="OPEN"
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_by", models.TextField(blank=True, default="")),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="quarantined", to="execution.order"
                    ),
                ),
            ],
            options={
                "db_table": "quarantined_answer",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at", None), ("state", "OPEN")),
                            models.Q(
                                ("settled_at__isnull", False),
                                ("state__in", ["BOOKED", "DISMISSED"]),
                                models.Q(("settled_by", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="quarantined_answer_settled_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "DISMISSED"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="quarantined_answer_dismissed_with_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "OPEN")),
                        fields=("order",),
                        name="quarantined_answer_once_per_order",
                    ),
                ],
            },
        ),
    ]
