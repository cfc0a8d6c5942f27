from decimal import Decimal

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import execution.rules.states


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("account", models.TextField(primary_key=True, serialize=False)),
                ("quote_asset", models.TextField()),
                ("cash", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("realized_pnl", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("fees", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("version", models.PositiveBigIntegerField(default=1)),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "account",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("cash__gte", 0)), name="account_cash_not_negative")
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("order_id", models.UUIDField(primary_key=True, serialize=False)),
                ("client_order_id", models.TextField(unique=True)),
                ("decision_id", models.UUIDField(unique=True)),
                ("signal_id", models.UUIDField(null=True)),
                ("symbol", models.TextField()),
                ("kind", models.TextField(help_text="why it was decided: SIGNAL, STOP, HALT, OPERATOR")),
                ("side", models.TextField(choices=[("BUY", "Buy"), ("SELL", "Sell")])),
                ("order_type", models.TextField(choices=[("LIMIT_IOC", "Limit Ioc"), ("MARKET", "Market")])),
                ("reduce_only", models.BooleanField()),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("limit_price", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("decision_price", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "reserved_notional",
                    models.DecimalField(
                        decimal_places=18,
                        default=Decimal("0"),
                        help_text="cash set aside at the worst price while the order is open",
                        max_digits=38,
                    ),
                ),
                ("filled_quantity", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("filled_notional", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("fee", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("realized_pnl", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("NEW", "NEW"),
                            ("SUBMITTED", "SUBMITTED"),
                            ("PARTIALLY_FILLED", "PARTIALLY_FILLED"),
                            ("FILLED", "FILLED"),
                            ("CANCELED", "CANCELED"),
                            ("REJECTED", "REJECTED"),
                            ("EXPIRED", "EXPIRED"),
                            ("UNKNOWN", "UNKNOWN"),
                        ],
                        default=execution.rules.states.OrderState["NEW"],
                    ),
                ),
                ("reason_code", models.TextField(blank=True)),
                ("venue", models.TextField(default="PAPER")),
                ("venue_order_id", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("occurred_at", models.DateTimeField(help_text="market time of the decision")),
                ("claimed_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("cancel_requested_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="execution.account"
                    ),
                ),
            ],
            options={
                "db_table": "order",
            },
        ),
        migrations.CreateModel(
            name="Fill",
            fields=[
                ("fill_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("trade_id", models.TextField()),
                ("symbol", models.TextField()),
                ("side", models.TextField()),
                ("price", models.DecimalField(decimal_places=18, max_digits=38)),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("fee", models.DecimalField(decimal_places=18, max_digits=38)),
                ("fee_asset", models.TextField()),
                ("realized_pnl", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("executed_at", models.DateTimeField(help_text="market time at the venue")),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("model", models.JSONField(default=dict, help_text="the book and parameters a paper fill came from")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fills", to="execution.account"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fills", to="execution.order"
                    ),
                ),
            ],
            options={
                "db_table": "fill",
            },
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("symbol", models.TextField()),
                ("quantity", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("avg_entry_price", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("realized_pnl", models.DecimalField(decimal_places=18, default=Decimal("0"), max_digits=38)),
                ("episode_id", models.UUIDField(null=True)),
                ("opened_at", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="positions", to="execution.account"
                    ),
                ),
            ],
            options={
                "db_table": "position",
            },
        ),
        migrations.CreateModel(
            name="TradingStateChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.TextField(choices=[("ACTIVE", "Active"), ("REDUCING", "Reducing"), ("HALTED", "Halted")]),
                ),
                ("reason", models.TextField(blank=True)),
                ("changed_by", models.TextField()),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="state_changes",
                        to="execution.account",
                    ),
                ),
            ],
            options={
                "db_table": "trading_state_change",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.TextField(choices=[("DEPOSIT", "Deposit"), ("TRADE", "Trade"), ("FEE", "Fee")])),
                ("amount", models.DecimalField(decimal_places=18, help_text="signed change of cash", max_digits=38)),
                ("occurred_at", models.DateTimeField(help_text="market time")),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ledger", to="execution.account"
                    ),
                ),
                (
                    "fill",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger",
                        to="execution.fill",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "ledger entries",
                "db_table": "ledger_entry",
                "constraints": [
                    models.UniqueConstraint(fields=("fill", "kind"), name="ledger_once_per_fill_and_kind"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["DEPOSIT", "TRADE", "FEE"])), name="ledger_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("fill", None), ("kind", "DEPOSIT")),
                            models.Q(("fill__isnull", False), ("kind__in", ["TRADE", "FEE"])),
                            _connector="OR",
                        ),
                        name="ledger_trade_has_fill",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "FEE"), _negated=True), ("amount__lte", 0), _connector="OR"
                        ),
                        name="ledger_fee_costs",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state__in", ["NEW", "PARTIALLY_FILLED", "SUBMITTED", "UNKNOWN"])),
                fields=["account", "symbol"],
                name="order_open",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["-created_at"], name="order_created"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["BUY", "SELL"])), name="order_side_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "NEW",
                            "SUBMITTED",
                            "PARTIALLY_FILLED",
                            "FILLED",
                            "CANCELED",
                            "REJECTED",
                            "EXPIRED",
                            "UNKNOWN",
                        ],
                    )
                ),
                name="order_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="order_quantity_positive"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("filled_quantity__gte", 0), ("filled_quantity__lte", models.F("quantity"))),
                name="order_not_overfilled",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "FILLED"), _negated=True),
                    ("filled_quantity", models.F("quantity")),
                    _connector="OR",
                ),
                name="order_filled_means_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("order_type", "MARKET"), ("limit_price__gt", 0), _connector="OR"),
                name="order_limit_has_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("side", "SELL"), ("reduce_only", False), _connector="OR"), name="order_long_only"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["NEW", "PARTIALLY_FILLED", "SUBMITTED", "UNKNOWN"]),
                    ("reserved_notional", 0),
                    _connector="OR",
                ),
                name="order_closed_reserves_nothing",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("side", "SELL"), ("state__in", ["NEW", "PARTIALLY_FILLED", "SUBMITTED", "UNKNOWN"])
                ),
                fields=("account", "symbol"),
                name="order_one_live_exit",
            ),
        ),
        migrations.AddIndex(
            model_name="fill",
            index=models.Index(fields=["account", "symbol", "fill_id"], name="fill_by_symbol"),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.UniqueConstraint(fields=("order", "trade_id"), name="fill_once_per_trade"),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="fill_quantity_positive"),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(condition=models.Q(("price__gt", 0)), name="fill_price_positive"),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(condition=models.Q(("fee__gte", 0)), name="fill_fee_not_negative"),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.UniqueConstraint(fields=("account", "symbol"), name="position_once_per_symbol"),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(condition=models.Q(("quantity__gte", 0)), name="position_long_only"),
        ),
        migrations.AddConstraint(
            model_name="position",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("avg_entry_price", 0), ("episode_id", None), ("quantity", 0)),
                    models.Q(("avg_entry_price__gt", 0), ("episode_id__isnull", False), ("quantity__gt", 0)),
                    _connector="OR",
                ),
                name="position_flat_or_priced",
            ),
        ),
        migrations.AddConstraint(
            model_name="tradingstatechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["ACTIVE", "REDUCING", "HALTED"])), name="trading_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="tradingstatechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "ACTIVE"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="trading_state_release_needs_reason",
            ),
        ),
    ]
