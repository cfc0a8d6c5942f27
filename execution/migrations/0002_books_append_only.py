from django.db import migrations

from cdb_site.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("execution", "0001_orders_and_books")]

    operations = [
        append_only("fill"),
        append_only("ledger_entry"),
        append_only("trading_state_change"),
    ]
