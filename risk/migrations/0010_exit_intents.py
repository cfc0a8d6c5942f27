"""One row per wish to be flat, and exits that are tried again without a signal of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0009_violation_acknowledgement"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExitIntent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.TextField()),
                ("symbol", models.TextField()),
                (
                    "kind",
                    models.TextField(
                        choices=[("SIGNAL", "Signal"), ("STOP", "Stop"), ("HALT", "Halt"), ("OPERATOR", "Operator")],
                        help_text="who wanted it first",
                    ),
                ),
                ("asked_by", models.TextField(blank=True)),
                ("reason", models.TextField(blank=True)),
                ("begun_at", models.DateTimeField(help_text="wall time")),
                ("occurred_at", models.DateTimeField(help_text="market time")),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(help_text="wall time from which the next attempt is due")),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ending",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("FLAT", "Flat"),
                            ("DUST", "Dust"),
                            ("GIVEN_UP", "Given Up"),
                            ("WRITTEN_OFF", "Written Off"),
                        ],
                    ),
                ),
            ],
            options={
                "db_table": "exit_intent",
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_has_its_cause",
        ),
        migrations.AlterField(
            model_name="decision",
            name="episode_id",
            field=models.UUIDField(
                help_text="the position an exit closes that no signal of its own asked for", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "SIGNAL"), ("signal_id__isnull", False)),
                    models.Q(("episode_id__isnull", False), ("side", "SELL"), ("signal_id", None)),
                    _connector="OR",
                ),
                name="decision_has_its_cause",
            ),
        ),
        migrations.AddIndex(
            model_name="exitintent",
            index=models.Index(fields=["account", "symbol", "-id"], name="exit_intent_newest"),
        ),
        migrations.AddConstraint(
            model_name="exitintent",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["SIGNAL", "STOP", "HALT", "OPERATOR"])), name="exit_intent_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="exitintent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ending", "")),
                    models.Q(("ended_at__isnull", False), ("ending__in", ["FLAT", "DUST", "GIVEN_UP", "WRITTEN_OFF"])),
                    _connector="OR",
                ),
                name="exit_intent_says_how_it_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="exitintent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("account", "symbol"), name="exit_intent_open_once"
            ),
        ),
    ]
