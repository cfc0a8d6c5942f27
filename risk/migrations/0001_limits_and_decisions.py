from decimal import Decimal

import django.core.validators
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ran_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("violations", models.PositiveIntegerField()),
                ("checked", models.JSONField(default=dict)),
                ("first", models.TextField(blank=True)),
                ("duration_ms", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "audit_run",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="DayOpening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.TextField()),
                ("day", models.DateField()),
                ("equity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "day_opening",
                "constraints": [models.UniqueConstraint(fields=("account", "day"), name="day_opening_once")],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("decision_id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.TextField(
                        choices=[("SIGNAL", "Signal"), ("STOP", "Stop"), ("HALT", "Halt"), ("OPERATOR", "Operator")]
                    ),
                ),
                (
                    "outcome",
                    models.TextField(
                        choices=[
                            ("APPROVED", "Approved"),
                            ("TRIMMED", "Trimmed"),
                            ("REJECTED", "Rejected"),
                            ("EXPIRED", "Expired"),
                        ]
                    ),
                ),
                ("reason_code", models.TextField()),
                ("params", models.JSONField(default=dict)),
                ("account", models.TextField()),
                ("symbol", models.TextField()),
                ("side", models.TextField()),
                ("signal_id", models.UUIDField(null=True, unique=True)),
                (
                    "episode_id",
                    models.UUIDField(help_text="the position a STOP, HALT or OPERATOR exit closes", null=True),
                ),
                ("attempt", models.PositiveIntegerField(default=1)),
                ("order_id", models.UUIDField(null=True)),
                ("wanted_quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("price", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("price_age_ms", models.PositiveIntegerField(null=True)),
                ("equity", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "exposure_before",
                    models.DecimalField(
                        decimal_places=18,
                        help_text="positions at mark + open buys at worst price, quote asset",
                        max_digits=38,
                        null=True,
                    ),
                ),
                (
                    "exposure_after",
                    models.DecimalField(
                        decimal_places=18,
                        help_text="with this order at its worst price, quote asset",
                        max_digits=38,
                        null=True,
                    ),
                ),
                ("trading_state", models.TextField()),
                ("limits_version", models.BigIntegerField()),
                ("max_price_age_ms", models.PositiveIntegerField()),
                ("layers", models.JSONField(default=list)),
                (
                    "inputs",
                    models.JSONField(
                        default=dict, help_text="all a re-decision needs: portfolio, quote, instrument, limits"
                    ),
                ),
                ("occurred_at", models.DateTimeField(help_text="market time of what was decided upon")),
                ("decided_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "decision",
                "indexes": [models.Index(fields=["-decided_at"], name="decision_decided")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["SIGNAL", "STOP", "HALT", "OPERATOR"])),
                        name="decision_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["APPROVED", "TRIMMED", "REJECTED", "EXPIRED"])),
                        name="decision_outcome_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("order_id__isnull", False),
                                ("outcome__in", ["APPROVED", "TRIMMED"]),
                                ("quantity__gt", 0),
                            ),
                            models.Q(("order_id", None), ("outcome__in", ["REJECTED", "EXPIRED"]), ("quantity", 0)),
                            _connector="OR",
                        ),
                        name="decision_order_iff_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("side", "SELL"),
                            ("outcome__in", ["REJECTED", "EXPIRED"]),
                            models.Q(("price__isnull", False), ("price_age_ms__lte", models.F("max_price_age_ms"))),
                            _connector="OR",
                        ),
                        name="decision_no_entry_on_stale_price",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "SIGNAL"), ("signal_id__isnull", False)),
                            models.Q(
                                ("episode_id__isnull", False),
                                ("kind__in", ["STOP", "HALT", "OPERATOR"]),
                                ("signal_id", None),
                            ),
                            _connector="OR",
                        ),
                        name="decision_has_its_cause",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("episode_id__isnull", False)),
                        fields=("episode_id", "kind", "attempt"),
                        name="decision_once_per_attempt",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EquitySnapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.TextField()),
                ("taken_at", models.DateTimeField(help_text="market time")),
                ("equity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("cash", models.DecimalField(decimal_places=18, max_digits=38)),
                ("exposure", models.DecimalField(decimal_places=10, help_text="fraction of equity", max_digits=20)),
            ],
            options={
                "db_table": "equity_snapshot",
                "ordering": ["-taken_at"],
                "constraints": [models.UniqueConstraint(fields=("account", "taken_at"), name="equity_snapshot_once")],
            },
        ),
        migrations.CreateModel(
            name="LimitVersion",
            fields=[
                ("version", models.BigAutoField(primary_key=True, serialize=False)),
                ("account", models.TextField(default="paper")),
                (
                    "max_exposure_pct",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="Layer 3: total exposure as a fraction of equity; 0.5 means 50 %",
                        max_digits=9,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("0.0001"), message="must be at least 0.0001; 0.02 means 2 %%"
                            ),
                            django.core.validators.MaxValueValidator(
                                Decimal("1"), message="is a fraction and may not exceed 1; 0.02 means 2 %%"
                            ),
                        ],
                    ),
                ),
                (
                    "max_position_pct",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="Layer 4: one position as a fraction of equity; 0.1 means 10 %",
                        max_digits=9,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("0.0001"), message="must be at least 0.0001; 0.02 means 2 %%"
                            ),
                            django.core.validators.MaxValueValidator(
                                Decimal("1"), message="is a fraction and may not exceed 1; 0.02 means 2 %%"
                            ),
                        ],
                    ),
                ),
                (
                    "stop_loss_pct",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="Layer 5: exit when the bid is this fraction below the average entry; 0.02 means 2 %",
                        max_digits=9,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("0.0001"), message="must be at least 0.0001; 0.02 means 2 %%"
                            ),
                            django.core.validators.MaxValueValidator(
                                Decimal("1"), message="is a fraction and may not exceed 1; 0.02 means 2 %%"
                            ),
                        ],
                    ),
                ),
                (
                    "max_slippage_pct",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="Worst price of an entry above its decision price; 0.01 means 1 %",
                        max_digits=9,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("0.0001"), message="must be at least 0.0001; 0.02 means 2 %%"
                            ),
                            django.core.validators.MaxValueValidator(
                                Decimal("1"), message="is a fraction and may not exceed 1; 0.02 means 2 %%"
                            ),
                        ],
                    ),
                ),
                (
                    "max_price_age_s",
                    models.DecimalField(
                        decimal_places=3,
                        help_text="Wall seconds after which a price is too old for an entry",
                        max_digits=9,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.1")),
                            django.core.validators.MaxValueValidator(Decimal("3600")),
                        ],
                    ),
                ),
                ("reason", models.TextField(help_text="Why the limits change")),
                ("changed_by", models.TextField()),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name": "risk limits",
                "verbose_name_plural": "risk limits",
                "db_table": "limit_version",
                "ordering": ["-version"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("max_exposure_pct__gt", 0), ("max_exposure_pct__lte", 1)),
                        name="limit_max_exposure_is_fraction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_position_pct__gt", 0), ("max_position_pct__lte", 1)),
                        name="limit_max_position_is_fraction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stop_loss_pct__gt", 0), ("stop_loss_pct__lt", 1)),
                        name="limit_stop_loss_is_fraction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_slippage_pct__gt", 0), ("max_slippage_pct__lte", 1)),
                        name="limit_max_slippage_is_fraction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_price_age_s__gt", 0), ("max_price_age_s__lte", 3600)),
                        name="limit_price_age_bounded",
                    ),
                ],
            },
        ),
    ]
