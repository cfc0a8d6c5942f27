import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("topic", models.TextField()),
                ("schema_version", models.TextField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("producer", models.TextField()),
                ("correlation_id", models.UUIDField(db_index=True)),
                ("causation_id", models.UUIDField(null=True)),
                ("payload", models.JSONField()),
            ],
            options={
                "db_table": "event",
            },
        ),
        migrations.CreateModel(
            name="Consumption",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.TextField()),
                ("event_id", models.UUIDField()),
                ("consumed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "consumption",
                "constraints": [models.UniqueConstraint(fields=("group", "event_id"), name="consumption_once")],
            },
        ),
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("topic", models.TextField()),
                ("group", models.TextField()),
                ("entry_id", models.TextField()),
                ("body", models.TextField(help_text="the message as it came, undecodable bytes escaped")),
                ("error", models.TextField()),
                ("attempts", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.TextField(
                        choices=[("OPEN", "Open"), ("RETRIED", "Retried"), ("PARKED", "Parked")], default="OPEN"
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("retried_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "dead_letter",
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "group", "entry_id"), name="dead_letter_entry"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["OPEN", "RETRIED", "PARKED"])), name="dead_letter_state_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("topic", models.TextField()),
                ("group", models.TextField()),
                ("entry_id", models.TextField()),
                ("attempts", models.PositiveIntegerField()),
                ("last_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "delivery_attempt",
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "group", "entry_id"), name="delivery_attempt_entry")
                ],
            },
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="bus.event",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "outbox",
                "db_table": "outbox",
            },
        ),
    ]
