"""The tape of quotes: a row for each of its files, and for each hole."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("risk", "0018_equity_snapshot_paid_in"),
    ]

    operations = [
        migrations.CreateModel(
            name="TapeFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("worker", models.TextField(help_text="the worker's INSTANCE")),
                ("number", models.PositiveBigIntegerField(help_text="its place in the worker's chain, from 1")),
                ("name", models.TextField(help_text="below the folder of the tape")),
                (
                    "before",
                    models.TextField(help_text="digest of the file before, as it stands in this one's first line"),
                ),
                ("digest", models.TextField(help_text="digest of the newest block")),
                (
                    "bytes",
                    models.PositiveBigIntegerField(help_text="as long it is at least; what is behind may be torn"),
                ),
                ("blocks", models.PositiveIntegerField(db_default=0, default=0)),
                ("quotes", models.PositiveBigIntegerField(db_default=0, default=0)),
                (
                    "first_place",
                    models.TextField(
                        db_default="", default="", help_text="the first entry in it; empty: there is none"
                    ),
                ),
                ("last_place", models.TextField(help_text="the newest entry on the tape when it was written")),
                ("begun_at", models.DateTimeField(help_text="wall time")),
                ("written_at", models.DateTimeField(help_text="wall time")),
                (
                    "dropped_at",
                    models.DateTimeField(help_text="wall time; the file is deleted, its time was over", null=True),
                ),
            ],
            options={
                "db_table": "tape_file",
                "ordering": ("worker", "number"),
                "constraints": [
                    models.UniqueConstraint(fields=("worker", "number"), name="tape_file_once"),
                    models.CheckConstraint(
                        condition=models.Q(("before__regex", "^[0-9a-f]{64}$"), ("digest__regex", "^[0-9a-f]{64}$")),
                        name="tape_file_digests_are_hex",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("written_at__gte", models.F("begun_at"))),
                        name="tape_file_written_after_begun",
                    ),
                    models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="tape_file_number_from_one"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TapeHole",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("worker", models.TextField()),
                (
                    "reason",
                    models.TextField(
                        choices=[
                            ("RESTART", "RESTART: nobody wrote for longer than the stream keeps quotes"),
                            ("BEHIND", "BEHIND: writing took longer than the stream keeps quotes"),
                            ("DISK", "DISK: the files could not be written"),
                        ]
                    ),
                ),
                ("after_place", models.TextField(help_text="the last entry before it")),
                ("until_place", models.TextField(help_text="the first entry behind it")),
                ("from_at", models.DateTimeField(help_text="wall time")),
                ("until_at", models.DateTimeField(help_text="wall time")),
                (
                    "told",
                    models.TextField(
                        blank=True, db_default="", default="", help_text="what kept the files from being written"
                    ),
                ),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "tape_hole",
                "ordering": ("from_at",),
                "constraints": [
                    models.UniqueConstraint(fields=("worker", "after_place"), name="tape_hole_once"),
                    models.CheckConstraint(
                        condition=models.Q(("reason__in", ("RESTART", "BEHIND", "DISK"))), name="tape_hole_reason_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until_at__gte", models.F("from_at"))), name="tape_hole_ends_after_it_began"
                    ),
                ],
            },
        ),
    ]
